/** What a Lambda function has to load. The budgets are what was reached, not what was hoped for: docs/decisions/0009. */

import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { buildSync } from 'esbuild';
import { expect, test } from 'vitest';

/**
 * Bytes, minified and gzipped; the AWS SDK stays outside, as in the Lambda runtime, and so does what `check` alone imports,
 * as it is unless the function is one single file.
 */
function bundled(exports: readonly string[], external: readonly string[] = ['./check.ts']): number {
  const { outputFiles } = buildSync({
    stdin: {
      contents: exports.join('\n'),
      resolveDir: fileURLToPath(new URL('../src', import.meta.url)),
      loader: 'ts',
    },
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    external: ['@aws-sdk/*', ...external],
    write: false,
  });
  return gzipSync(outputFiles[0]?.contents ?? '', { level: 9 }).byteLength;
}

const LIBRARY = `export { Switchgear, CircuitOpenError } from './index.ts';`;
const DYNAMODB = `export { DynamoDBStore } from './store/dynamodb/index.ts';`;
const MEMORY = `export { MemoryStore } from './index.ts';`;

test('the library with typed options, without a store, stays within its budget', () => {
  expect(bundled([LIBRARY])).toBeLessThan(14_900);
});

test('a store adds no more than its budget', () => {
  expect(bundled([LIBRARY, MEMORY]) - bundled([LIBRARY])).toBeLessThan(960);
  expect(bundled([LIBRARY, DYNAMODB]) - bundled([LIBRARY])).toBeLessThan(4_970);
});

test('check adds no more than its budget to a function that is one single file', () => {
  expect(bundled([LIBRARY, DYNAMODB], []) - bundled([LIBRARY, DYNAMODB])).toBeLessThan(1_620);
});

test('who uses one store does not load another, nor the environment, nor the test helpers', () => {
  const { outputFiles } = buildSync({
    stdin: { contents: LIBRARY, resolveDir: fileURLToPath(new URL('../src', import.meta.url)), loader: 'ts' },
    bundle: true,
    format: 'esm',
    external: ['@aws-sdk/*'],
    write: false,
  });
  const code = outputFiles[0]?.text ?? '';
  for (const foreign of [
    'class MemoryStore',
    'class DynamoDBStore',
    'class FakeClock',
    'SWITCHGEAR_',
    'node:',
  ])
    expect(code).not.toContain(foreign);
});
