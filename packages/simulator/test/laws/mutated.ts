import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { trial as Trial } from '../../src/laws/trial.ts';
import type { Mutation } from './mutations.ts';

const library = fileURLToPath(new URL('../../../switchgear/src/', import.meta.url));

/** The simulator on a library with the bug in it. */
export async function trialOf({ file, from, to }: Mutation): Promise<typeof Trial> {
  const bundle = await build({
    stdin: {
      contents: "export { trial } from './src/laws/trial.ts';",
      resolveDir: fileURLToPath(new URL('../..', import.meta.url)),
    },
    alias: { switchgear: `${library}index.ts` },
    bundle: true,
    write: false,
    format: 'esm',
    target: 'node20',
    plugins: [
      {
        name: 'mutate',
        setup(setup) {
          setup.onLoad({ filter: /\.ts$/ }, ({ path }) => {
            if (path !== library + file) return undefined;
            const parts = readFileSync(path, 'utf8').split(from);
            if (parts.length !== 2)
              throw new Error(`${file} has this ${parts.length - 1} times, not once: ${from}`);
            return { contents: parts.join(to), loader: 'ts' };
          });
        },
      },
    ],
  });
  const [output] = bundle.outputFiles;
  const code = Buffer.from(output?.contents ?? []).toString('base64');
  const module = (await import(`data:text/javascript;base64,${code}`)) as { trial: typeof Trial };
  return module.trial;
}
