import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import { expect, test } from 'vitest';

test('100 000 calls, by whatever client, leave nothing behind on a signal that lives on', () => {
  const { outputFiles } = buildSync({
    entryPoints: [fileURLToPath(new URL('long-lived-signal.ts', import.meta.url))],
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    write: false,
  });
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    ['--expose-gc', '--input-type=module', '-'],
    { input: outputFiles[0]?.text, encoding: 'utf8', cwd: import.meta.dirname },
  );
  // Nor does Node take it for a leak of listeners.
  expect([status, stderr]).toEqual([0, '']);
  const held = Object.entries(JSON.parse(stdout) as Record<string, number>);
  expect(held).toHaveLength(6);
  // An AbortSignal that is kept is 1 KB. The rest is what the compiler and the caches have taken meanwhile.
  for (const [kind, bytes] of held) expect(bytes, kind).toBeLessThan(400);
});
