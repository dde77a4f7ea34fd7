/** Which bad calls of a process are isolated: what `Era` counts for it, call by call. */

import { describe, expect, test } from 'vitest';
import { Era } from '../../src/circuit/era.ts';
import type { Policy } from '../../src/core/policy.ts';
import { POLICY } from './policies.ts';

const WINDOW = { bucketMs: 6_000, buckets: 10 };
const LONG_AFTER_MS = 600_000;

/** One letter a call: good, failed, slow, or both (timed out). `|`: a bucket later; `/`: all has left the window. */
function era(calls: string, policy: Partial<Policy> = {}, before?: Era): Era {
  const seen = new Era({ ...POLICY, ...policy }, WINDOW, before?.well);
  let nowMs = 0;
  seen.turn(nowMs);
  for (const call of calls) {
    if (call === 'g') seen.success();
    else if (call === '|' || call === '/') {
      nowMs += call === '|' ? WINDOW.bucketMs : LONG_AFTER_MS;
      seen.turn(nowMs);
    } else seen.bad(call !== 's', call !== 'f');
  }
  return seen;
}

describe('isolated failures, isolated slow calls', () => {
  test.each([
    ['f', 0, 0, 'nothing is known before'],
    ['gf', 1, 0, 'the first after a good call'],
    ['gff', 1, 0, 'the second is none'],
    ['gfgf', 1, 0, 'nor one after a good call in the same window'],
    ['gf|gf', 1, 0, 'of whatever bucket'],
    ['gf/f', 0, 0, 'a window later, no good call in between'],
    ['gf/gf', 1, 0, 'a window later, after a good call'],
    ['gs', 0, 1, 'slow calls likewise'],
    ['gb', 1, 1, 'one that is both'],
    ['gsf', 0, 1, 'after a slow call nothing says that all is well'],
    ['gsgf', 1, 1, 'a slow call hides no failure, and is hidden by none'],
    ['gfgs', 1, 1, 'nor the other way round'],
  ])('%s: %i, %i: %s', (calls, isolated, isolatedSlow) => {
    expect(era(calls).total()).toMatchObject({ isolated, isolatedSlow });
  });
});

test('a new epoch, and a new beginning in the same, remember whether the latest call was good', () => {
  for (const next of [(old: Era) => era('f', {}, old), (old: Era) => old.afterwards()]) {
    const [good, bad] = [next(era('fg')), next(era('gf'))];
    if (good.total().failures === 0) for (const old of [good, bad]) old.bad(true, false);
    expect([good.total().isolated, bad.total().isolated]).toEqual([1, 0]);
  }
});

test('an isolated failure is no vote, the next one is', () => {
  expect(era('gf', { quorum: 3 }).total().votes).toBe(0);
  expect(era('gff', { quorum: 3 }).total().votes).toBe(1);
});

test('what did not arrive goes again with all its counts', () => {
  const seen = era('gb');
  const lost = seen.takeUnsent();
  expect(lost).toEqual({ 0: { calls: 2, failures: 1, slow: 1, isolated: 1, isolatedSlow: 1, votes: 0 } });
  seen.unsend(lost ?? {});
  expect(seen.takeUnsent()).toEqual(lost);
  expect(seen.takeUnsent()).toBeUndefined();
});
