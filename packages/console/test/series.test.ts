/** From samples to lines: nothing is lost between bins, and what is not known is not drawn. */

import { expect, it } from 'vitest';
import { seriesOf, tellersOf, totalsOf } from '../src/chart/series.ts';

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
  const { atSec, calls, failureRatio, admitted } = seriesOf(points, NOW, 10_000, 2_000);
  expect(atSec).toEqual([...atSec].sort());
  expect(atSec).toHaveLength(5);
  // The last point's bin is not over yet.
  expect(calls.reduce((sum, rate) => sum + 2 * rate, 0)).toBe(10);
  expect(failureRatio.filter((ratio) => ratio !== null)).toEqual([0.5]);
  // Nobody told.
  expect(admitted).toEqual(Array(5).fill(null));
  expect(tellersOf(points, 0)).toBeUndefined();
});

it('where processes tell, the rate is that of their own calls, and unknown before they told and after they fell silent', () => {
  const points = [
    // A fleet's failures, which says nothing of the calls that these processes admitted.
    ago(7_500, 500, 50, { admitted: 10, rejected: 0, failed: 5, processes: 2 }),
    ago(3_500, 0, 0, { admitted: 0, rejected: 7, failed: 0, processes: 1 }),
    ago(3_400, 9, 9, { admitted: 0, rejected: 0, failed: 0, processes: 0 }),
    ago(300, 3, 3),
  ];
  const { failureRatio, admitted, rejected, failed } = seriesOf(points, NOW, 12_000, 2_000);
  // The last bin ends 1 234 ms ago.
  expect(admitted).toEqual([null, null, 5, 0, 0, null]);
  expect(rejected).toEqual([null, null, 0, 0, 3.5, null]);
  expect(failed).toEqual([null, null, 2.5, 0, 0, null]);
  expect(failureRatio).toEqual([null, null, 0.5, null, null, null]);
  expect(tellersOf(points.slice(0, 2), 0)).toBe(1);
  expect(tellersOf(points, 0)).toBe(0);
  expect(tellersOf(points, NOW - 2_000)).toBeUndefined();
  expect(totalsOf(points, NOW - 4_000)).toEqual({
    calls: 12,
    failures: 12,
    admitted: 0,
    rejected: 7,
    failed: 0,
  });
});

it('spreads what was counted over a long time over that time', () => {
  const { calls } = seriesOf([{ ...ago(0, 100, 0), overMs: 10_000 }], NOW, 20_000, 2_000);
  expect(Math.max(...calls)).toBeCloseTo(10);
  // What lies in the bin that is not over comes later.
  expect(calls.reduce((sum, rate) => sum + 2 * rate, 0)).toBeGreaterThan(80);
});

it('keeps its bins while time goes on', () => {
  const at = (later: number) => seriesOf([ago(3_000, 8, 0)], NOW + later, 10_000, 2_000);
  const drawn = ({ atSec, calls }: ReturnType<typeof at>) => atSec[calls.findIndex((rate) => rate > 0)];
  expect(drawn(at(0))).toBe(drawn(at(900)));
});
