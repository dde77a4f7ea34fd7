import { describe, expect, test } from 'vitest';
import type { LawName } from '../../src/laws/law.ts';
import { trialOf } from './mutated.ts';
import { MUTATIONS } from './mutations.ts';

/** What the table in docs/simulator.md is made of. */
declare module 'vitest' {
  interface TaskMeta {
    caught?: { readonly by: readonly LawName[]; readonly seeds: number };
  }
}

/** A bug that hides longer than this hides too well. */
const MAX_SEEDS = 400;

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
