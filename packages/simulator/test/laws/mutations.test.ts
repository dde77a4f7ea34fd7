import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { describe, expect, test } from 'vitest';
import type { LawName } from '../../src/laws/law.ts';
import type { trial as Trial } from '../../src/laws/trial.ts';
import { MUTATIONS, type Mutation } from './mutations.ts';

/** What the table in docs/simulator.md is made of. */
declare module 'vitest' {
  interface TaskMeta {
    caught?: { readonly by: readonly LawName[]; readonly seeds: number };
  }
}

/** A bug that hides longer than this hides too well. */
const MAX_SEEDS = 400;

const library = fileURLToPath(new URL('../../../switchgear/src/', import.meta.url));

describe('each deliberate bug in the library is caught by a law', () => {
  for (const mutation of MUTATIONS)
    test(mutation.name, { timeout: 120_000 }, async ({ task }) => {
      const mutated = await trialOf(mutation);
      for (let seed = 1; seed <= MAX_SEEDS; seed++) {
        const { violations } = await mutated(seed);
        if (violations.length === 0) continue;
        expect(mutation.laws).toContain(violations[0]?.law);
        task.meta.caught = { by: violations.map(({ law }) => law), seeds: seed };
        return;
      }
      expect.fail(`not caught in ${MAX_SEEDS} seeds`);
    });
});

/** The simulator on a library with the bug in it. */
async function trialOf({ file, from, to }: Mutation): Promise<typeof Trial> {
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
