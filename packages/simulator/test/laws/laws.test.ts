import { describe, expect, test } from 'vitest';
import { trial } from '../../src/laws/trial.ts';

/** In slices, so that a broken law is told soon. */
const SLICE = 250;
const SLICES = 8;
/** Of the protocol of a run that broke a law. */
const LAST_LINES = 60;

describe('L1–L12 hold in every step of seeded small fleets in chaos', () => {
  for (let slice = 0; slice < SLICES; slice++) {
    const [first, last] = [slice * SLICE + 1, (slice + 1) * SLICE];
    test(`seeds ${first} to ${last}`, { timeout: 120_000 }, async () => {
      let epochs = 0;
      for (let seed = first; seed <= last; seed++) {
        const result = await trial(seed);
        epochs += result.epochs;
        if (result.violations.length > 0) expect.fail(await story(seed));
      }
      // Fleets in which nothing happens prove nothing.
      expect(epochs).toBeGreaterThan(5 * SLICE);
    });
  }
});

/** The same run once more, with its protocol. */
async function story(seed: number): Promise<string> {
  const lines: string[] = [];
  const { violations } = await trial(seed, (line) => lines.push(line));
  const broken = violations.map(
    ({ law, atMs, process, what }) => `${law} at ${atMs / 1_000} s: ${process} ${what}`,
  );
  return [`seed ${seed}`, ...lines.slice(-LAST_LINES), ...broken].join('\n');
}
