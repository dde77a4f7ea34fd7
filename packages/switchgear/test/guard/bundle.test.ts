/** Who does not use it does not load it; who does loads that part. docs/around-the-call.md has the figures. */

import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { buildSync } from 'esbuild';
import { expect, test } from 'vitest';

const LIBRARY = `export { Switchgear, CircuitOpenError } from './index.ts';`;

function bundled(...exports: string[]) {
  const { outputFiles, metafile } = buildSync({
    stdin: {
      contents: exports.join('\n'),
      resolveDir: fileURLToPath(new URL('../../src', import.meta.url)),
      loader: 'ts',
    },
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    external: ['axios', 'undici', '@smithy/*', '@opentelemetry/api'],
    metafile: true,
    write: false,
  });
  const [output] = Object.values(metafile.outputs);
  const files = Object.entries(output?.inputs ?? {})
    .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
    .map(([path]) => path.replace(/^.*src\//, ''));
  return { bytes: gzipSync(outputFiles[0]?.contents ?? '', { level: 9 }).byteLength, files };
}

test('the main entry loads none of it', () => {
  const around = bundled(LIBRARY).files.filter((file) =>
    /^(guard|fetch|undici|axios|aws-sdk|lambda|middy)\//.test(file),
  );
  expect(around.sort()).toEqual([
    'guard/bulkhead.ts',
    'guard/classify.ts',
    'guard/deadline.ts',
    'guard/on-abort.ts',
    'guard/trace-of.ts',
  ]);
});

test('who retries loads no other guard, and no breaker', () => {
  const { files } = bundled(`export { retry } from './guard/index.ts';`);
  const foreign = /breaker|fallback|failover|last-good|parent-deadline|limited|circuit|store/;
  expect(files.filter((file) => foreign.test(file))).toEqual([]);
});

test.each([
  ['guard', `export * from './guard/index.ts';`, 3_700],
  ['telemetry, logs and CloudWatch', `export { emfMetrics, logTo } from './telemetry/index.ts';`, 2_020],
  ['telemetry, told to a control API', `export { reportTraffic } from './telemetry/index.ts';`, 1_200],
  ['opentelemetry', `export * from './opentelemetry/index.ts';`, 1_100],
  ['lambda', `export * from './lambda/index.ts';`, 2_730],
  ['middy', `export * from './middy/index.ts';`, 1_750],
  ['fetch', `export { guardedFetch } from './fetch/index.ts';`, 575],
  ['undici', `export { guardedDispatch } from './undici/index.ts';`, 450],
  ['axios', `export { guardedAdapter } from './axios/index.ts';`, 520],
  ['aws-sdk', `export { switchgearPlugin } from './aws-sdk/index.ts';`, 210],
])('%s adds no more than its budget, gzipped', (_, source, budget) => {
  expect(bundled(LIBRARY, source).bytes - bundled(LIBRARY).bytes).toBeLessThan(budget);
});
