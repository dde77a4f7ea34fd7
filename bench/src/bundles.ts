/** What a function has to load: bytes as bundled for Lambda, and the time that a fresh process takes to import them. */

import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
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

const LIBRARY = `export { Switchgear, CircuitOpenError } from 'switchgear';`;

/** What each bundle is made of: the library alone, with each of its subpaths, and what a user would take instead. */
export function bundleSources(): Record<string, string> {
  const subpaths = subpathsOf('switchgear').map((subpath) => [
    `switchgear + ${subpath}`,
    `${LIBRARY} export * from 'switchgear/${subpath}';`,
  ]);
  return {
    nothing: '',
    switchgear: LIBRARY,
    ...Object.fromEntries(subpaths),
    'retry, without switchgear': `export { retry } from 'switchgear/guard';`,
    cockatiel: `export { circuitBreaker, ConsecutiveBreaker, handleAll, timeout, bulkhead, wrap } from 'cockatiel';`,
    opossum: `export { default } from 'opossum';`,
  };
}

/** As the package's own list has them, so that none is forgotten; without what only tests use. */
function subpathsOf(name: string): string[] {
  const require = createRequire(import.meta.url);
  const { exports } = require(`${name}/package.json`) as { exports: Record<string, unknown> };
  return Object.keys(exports)
    .map((subpath) => subpath.slice(2))
    .filter((subpath) => subpath && subpath !== 'package.json' && subpath !== 'testing');
}

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
    external: ['@aws-sdk/*', '@middy/*', '@opentelemetry/*', 'axios', 'ioredis', 'redis', 'undici'],
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
    const sizes = new Map<string, Omit<BundleCost, 'importMs'>>();
    const files = new Map<string, string>();
    for (const [name, source] of Object.entries(bundleSources())) {
      progress(`bundle of ${name}`);
      const code = await bundle(source);
      const file = join(folder, `${name.replaceAll(/\W+/g, '-')}.mjs`);
      await writeFile(file, code);
      files.set(name, file);
      const gzippedBytes = gzipSync(code, { level: 9 }).byteLength;
      sizes.set(name, { minifiedBytes: code.byteLength, gzippedBytes });
    }
    const times = await importTimes(files, runs, progress);
    return Object.fromEntries(
      [...sizes].map(([name, size]) => [name, { ...size, importMs: median(times.get(name) ?? []) }]),
    );
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** As Markdown: what each bundle takes, and what it adds to the library alone where it holds it. */
export function bundleTable(bundles: Readonly<Record<string, BundleCost>>): string {
  const library = bundles.switchgear;
  const rows = Object.entries(bundles).map(([name, { minifiedBytes, gzippedBytes, importMs }]) => {
    const added =
      name.startsWith('switchgear +') && library ? gzippedBytes - library.gzippedBytes : undefined;
    const cells = [minifiedBytes, gzippedBytes, added, importMs.toFixed(1)];
    return `| ${name} | ${cells.map((cell) => cell ?? '').join(' | ')} |`;
  });
  const head = '| Bundle | Minified, bytes | Gzipped, bytes | Added, gzipped | Import, ms |';
  return [head, '|---|--:|--:|--:|--:|', ...rows].join('\n');
}

/** Milliseconds by bundle, each in fresh processes, in turn: what slows the machine down slows them all. */
async function importTimes(
  files: ReadonlyMap<string, string>,
  runs: number,
  progress: (text: string) => void,
): Promise<Map<string, number[]>> {
  const probe = `const start = performance.now(); await import(process.argv[1]); console.log(performance.now() - start);`;
  const times = new Map<string, number[]>([...files.keys()].map((name) => [name, []]));
  // Round 0 warms the file system's cache up.
  for (let round = 0; round <= runs; round++) {
    progress(`imports, round ${round} of ${runs}`);
    for (const [name, file] of files) {
      const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', probe, file]);
      if (round > 0) times.get(name)?.push(Number(stdout));
    }
  }
  return times;
}
