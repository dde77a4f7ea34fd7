import { describe, expect, test } from 'vitest';
import { planText, shrink, type TrialResult, trial, violationText } from '../../src/index.ts';

/** Told one slice at a time, so that a broken law is told soon. */
const SLICE = 250;
/** Of the protocol of a run that broke a law. */
const LAST_LINES = 60;

/** Declares tests of the seeds `first` to `last`. Called from several files, which run at the same time. */
export function lawsHold(first: number, last: number): void {
  describe('L1–L14 hold in every step of seeded small fleets in chaos', () => {
    for (let from = first; from <= last; from += SLICE) {
      const until = Math.min(last, from + SLICE - 1);
      test(`seeds ${from} to ${until}`, { timeout: 120_000 }, async () => {
        let epochs = 0;
        for (let seed = from; seed <= until; seed++) {
          const result = await trial(seed);
          epochs += result.epochs;
          if (result.violations.length > 0) expect.fail(await story(result));
        }
        // Fleets in which nothing happens prove nothing.
        expect(epochs).toBeGreaterThan(5 * (until - from));
      });
    }
  });
}

/** The smallest scenario found that breaks a law too, and the end of its protocol. */
async function story(failed: TrialResult): Promise<string> {
  const { plan } = await shrink(failed);
  const lines: string[] = [];
  const { violations } = await trial(plan, (line) => lines.push(line));
  return [planText(plan), ...lines.slice(-LAST_LINES), ...violations.map(violationText)].join('\n');
}
