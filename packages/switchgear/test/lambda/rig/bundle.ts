/** A program in one file, as a function is deployed: against the built package. */

import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { World } from './world.ts';

export async function bundled(name: string, world: World): Promise<string> {
  const outfile = join(world.folder, `${name}.mjs`);
  await bundle(fileURLToPath(new URL(`functions/${name}.mjs`, import.meta.url)), outfile);
  return outfile;
}

export async function bundle(program: string, outfile: string): Promise<void> {
  await build({
    entryPoints: [program],
    outfile,
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    // The SDK still has modules that are not ESM.
    mainFields: ['module', 'main'],
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
  });
}
