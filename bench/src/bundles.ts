/** What a function has to load: bytes as bundled for Lambda, and the time that a fresh process takes to import them. */

import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { median } from './rounds.js';

const run = promisify(execFile);

export interface BundleCost {
  readonly minifiedBytes: number;
  readonly gzippedBytes: number;
  /** Median over fresh processes, milliseconds. */
  readonly importMs: number;
}

/** What each bundle is made of. */
export const BUNDLES = {
  nothing: '',
  switchgear: `export { Switchgear, CircuitOpenError } from 'switchgear';`,
  'switchgear + DynamoDB store': `export { Switchgear, CircuitOpenError } from 'switchgear'; export { DynamoDBStore } from 'switchgear/dynamodb';`,
  'switchgear/guard: retry alone': `export { retry } from 'switchgear/guard';`,
  'switchgear/guard: all of it': `export * from 'switchgear/guard';`,
  'switchgear + all guards': `export { Switchgear, CircuitOpenError } from 'switchgear'; export * from 'switchgear/guard';`,
  'switchgear + fetch': `export { Switchgear, CircuitOpenError } from 'switchgear'; export { guardedFetch } from 'switchgear/fetch';`,
  'switchgear + undici': `export { Switchgear, CircuitOpenError } from 'switchgear'; export { guardedDispatch } from 'switchgear/undici';`,
  'switchgear + axios': `export { Switchgear, CircuitOpenError } from 'switchgear'; export { guardedAdapter } from 'switchgear/axios';`,
  'switchgear + AWS SDK plugin': `export { Switchgear, CircuitOpenError } from 'switchgear'; export { switchgearPlugin } from 'switchgear/aws-sdk';`,
  cockatiel: `export { circuitBreaker, ConsecutiveBreaker, handleAll, timeout, bulkhead, wrap } from 'cockatiel';`,
  opossum: `export { default } from 'opossum';`,
};

/** Bundles as esbuild makes them for Node 20. Clients that the user has anyway stay outside, the AWS SDK as in the Lambda runtime. */
export async function bundle(source: string): Promise<Uint8Array> {
  const result = await build({
    stdin: { contents: source, resolveDir: import.meta.dirname },
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    mainFields: ['module', 'main'],
    external: ['@aws-sdk/*', 'axios', 'undici'],
    // What opossum, CommonJS, needs to run inside an ES module; all carry it, so that none is favoured.
    banner: {
      js: `import{createRequire as benchRequire}from'node:module';const require=benchRequire(import.meta.url);`,
    },
    write: false,
    logLevel: 'error',
  });
  const [file] = result.outputFiles;
  if (!file) throw new Error('esbuild wrote nothing');
  return file.contents;
}

export async function measureBundles(
  runs: number,
  progress: (text: string) => void,
): Promise<Record<string, BundleCost>> {
  // Inside the project, so that what stays outside the bundle is found.
  const folder = await mkdtemp(join(import.meta.dirname, 'bundle-'));
  try {
    const costs: Record<string, BundleCost> = {};
    for (const [name, source] of Object.entries(BUNDLES)) {
      progress(`bundle of ${name}`);
      const code = await bundle(source);
      const file = join(folder, `${name.replaceAll(/\W+/g, '-')}.mjs`);
      await writeFile(file, code);
      costs[name] = {
        minifiedBytes: code.byteLength,
        gzippedBytes: gzipSync(code, { level: 9 }).byteLength,
        importMs: await importTime(file, runs),
      };
    }
    return costs;
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function importTime(file: string, runs: number): Promise<number> {
  const probe = `const start = performance.now(); await import(process.argv[1]); console.log(performance.now() - start);`;
  const times: number[] = [];
  for (let i = 0; i < runs; i++) {
    const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', probe, file]);
    times.push(Number(stdout));
  }
  return median(times);
}
