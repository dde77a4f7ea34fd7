/** Programs that run in a process of their own, and end when nothing keeps it alive. */

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';

/** Runs `program`, whose imports are relative to the library's sources. A `status` of `null`: it had to be killed. */
export function run(program: string): { stdout: string; stderr: string; status: number | null } {
  const stdin = { contents: program, resolveDir: fileURLToPath(new URL('../src', import.meta.url)) };
  const [bundle] = buildSync({
    stdin,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    write: false,
  }).outputFiles;
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    ['--input-type=module', '-e', String(bundle?.text)],
    { encoding: 'utf8', timeout: 20_000 },
  );
  return { stdout, stderr, status };
}
