/** The documentation as tests read it. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));

export interface Page {
  /** Path from the root of the repository. */
  readonly path: string;
  readonly text: string;
}

/** A fenced block of code. `info` is what stands behind the fence: `ts`, `ts run`, `json`. */
export interface Block {
  readonly page: string;
  /** Line of the fence in its page, from 1. */
  readonly line: number;
  readonly info: string;
  readonly code: string;
}

export function pages(): Page[] {
  const top = readdirSync(ROOT);
  const docs = readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' }).map(
    (name) => `docs/${name}`,
  );
  return [...top, ...docs, 'packages/switchgear/README.md']
    .filter((path) => path.endsWith('.md'))
    .map((path) => ({ path, text: read(path) }));
}

export function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

export function blocksOf({ path, text }: Page): Block[] {
  return [...text.matchAll(/^```(\w.*)\n([\s\S]*?)^```$/gm)].map(({ 1: info = '', 2: code = '', index }) => ({
    page: path,
    line: text.slice(0, index).split('\n').length,
    info,
    code,
  }));
}
