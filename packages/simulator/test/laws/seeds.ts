import { describe, expect, test } from 'vitest';
import { trial } from '../../src/laws/trial.ts';

/** Told one slice at a time, so that a broken law is told soon. */
const SLICE = 250;
/** Of the protocol of a run that broke a law. */
const LAST_LINES = 60;

/** Declares tests of the seeds `first` to `last`. Called from several files, which run at the same time. */
export function lawsHold(first: number, last: number): void {
  describe('L1–L12 hold in every step of seeded small fleets in chaos', () => {
    for (let from = first; from <= last; from += SLICE) {
      const until = Math.min(last, from + SLICE - 1);
      test(`seeds ${from} to ${until}`, { timeout: 120_000 }, async () => {
        let epochs = 0;
        for (let seed = from; seed <= until; seed++) {
          const result = await trial(seed);
          epochs += result.epochs;
          if (result.violations.length > 0) expect.fail(await story(seed));
        }
        // Fleets in which nothing happens prove nothing.
        expect(epochs).toBeGreaterThan(5 * (until - from));
      });
    }
  });
}

/** The same run once more, with its protocol. */
async function story(seed: number): Promise<string> {
  const lines: string[] = [];
  const { violations } = await trial(seed, (line) => lines.push(line));
  const broken = violations.map(
    ({ law, atMs, process, what }) => `${law} at ${atMs / 1_000} s: ${process} ${what}`,
  );
  return [`seed ${seed}`, ...lines.slice(-LAST_LINES), ...broken].join('\n');
}
