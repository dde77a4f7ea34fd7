/** From samples to lines: nothing is lost between bins, and what is not known is not drawn. */

import { expect, it } from 'vitest';
import { seriesOf, totalsOf } from '../src/chart/series.ts';

const NOW = 1_800_000_001_234;
const ago = (ms: number, calls: number, failures: number, traffic = {}) => ({
  atMs: NOW - ms,
  overMs: 0,
  calls,
  failures,
  ...traffic,
});

it('adds up per bin, as calls per second; a bin without calls has no failure rate', () => {
  const points = [ago(70_000, 9, 9), ago(9_000, 4, 1), ago(8_800, 6, 4), ago(100, 2, 2)];
  const { atSec, calls, failureRatio, admitted } = seriesOf(points, NOW, 10_000, 2_000, false);
  expect(atSec).toEqual([...atSec].sort());
  expect(atSec).toHaveLength(5);
  // The last point's bin is not over yet.
  expect(calls.reduce((sum, rate) => sum + 2 * rate, 0)).toBe(10);
  expect(failureRatio.filter((ratio) => ratio !== null)).toEqual([0.5]);
  expect(admitted).toEqual([]);
});

it('relates failures to admitted calls where these are known: successes are reported late and in a lump', () => {
  const points = [
    ago(3_000, 500, 5, { admitted: 10, rejected: 0 }),
    ago(1_500, 0, 0, { admitted: 0, rejected: 7 }),
  ];
  const { failureRatio, rejected } = seriesOf(points, NOW, 10_000, 2_000, true);
  expect(failureRatio.filter((ratio) => ratio !== null)).toEqual([0.5]);
  expect(Math.max(...rejected)).toBe(3.5);
  expect(totalsOf(points, NOW - 2_000)).toEqual({ calls: 0, failures: 0, admitted: 0, rejected: 7 });
});

it('spreads what was counted over a long time over that time', () => {
  const { calls } = seriesOf([{ ...ago(0, 100, 0), overMs: 10_000 }], NOW, 20_000, 2_000, false);
  expect(Math.max(...calls)).toBeCloseTo(10);
  // What lies in the bin that is not over comes later.
  expect(calls.reduce((sum, rate) => sum + 2 * rate, 0)).toBeGreaterThan(80);
});

it('keeps its bins while time goes on', () => {
  const at = (later: number) => seriesOf([ago(3_000, 8, 0)], NOW + later, 10_000, 2_000, false);
  const drawn = ({ atSec, calls }: ReturnType<typeof at>) => atSec[calls.findIndex((rate) => rate > 0)];
  expect(drawn(at(0))).toBe(drawn(at(900)));
});
