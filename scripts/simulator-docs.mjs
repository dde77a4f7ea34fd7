// The measured parts of docs/simulator.md: `node scripts/simulator-docs.mjs` runs the deliberate bugs and writes them down.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, runTool } from './install.mjs';

const COMMAND = 'node scripts/simulator-docs.mjs';
const page = new URL('../docs/simulator.md', import.meta.url);

await build();
const { FIGURES } = await import('../packages/simulator/dist/index.js');

/** Each deliberate bug with what caught it, as the tests tell. */
async function bugs() {
  const folder = mkdtempSync(join(tmpdir(), 'switchgear-'));
  const file = join(folder, 'bugs.json');
  try {
    await runTool('vitest/vitest.mjs', [
      'run',
      'packages/simulator/test/laws/mutations.test.ts',
      '--reporter=json',
      `--outputFile=${file}`,
    ]);
    const { testResults } = JSON.parse(readFileSync(file, 'utf8'));
    return testResults.flatMap(({ assertionResults }) => assertionResults);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function table(head, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function withBlock(text, name, content) {
  const begin = `<!-- begin ${name}: written by \`${COMMAND}\` -->`;
  const [from, to] = [text.indexOf(begin), text.indexOf(`<!-- end ${name} -->`)];
  if (from < 0 || to < from) throw new Error(`docs/simulator.md lacks the markers of the block ${name}`);
  return `${text.slice(0, from + begin.length)}\n${content}\n${text.slice(to)}`;
}

const caught = (await bugs()).map(({ title, meta }) => [
  title,
  [...new Set(meta.caught.by)].join(', '),
  meta.caught.seeds,
]);
const figures = Object.values(FIGURES).map(({ title, meaning }) => [title, meaning]);
let text = readFileSync(page, 'utf8');
text = withBlock(text, 'figures', table(['Figure', 'Meaning'], figures));
text = withBlock(text, 'bugs', table(['Deliberate bug', 'Law that caught it', 'Seeds tried'], caught));
writeFileSync(page, text);
