/** From counted moments to lines over time. */

import type { Point } from '../fleet/fleet.ts';

/** Columns of the same length. `null`: nothing was counted there. Rates are calls per second. */
export interface Series {
  /** Ends of the bins, in seconds since 1970. */
  readonly atSec: number[];
  readonly calls: number[];
  readonly failures: number[];
  readonly failureRatio: (number | null)[];
  /** `null` where no process told. */
  readonly admitted: (number | null)[];
  readonly rejected: (number | null)[];
  readonly failed: (number | null)[];
}

export interface Totals {
  readonly calls: number;
  readonly failures: number;
  readonly admitted: number;
  readonly rejected: number;
  readonly failed: number;
}

const KEYS = ['calls', 'failures', 'admitted', 'rejected', 'failed'] as const;

/**
 * Points of the span that ends at `untilMs`, or just before: only bins that are over, added up each. A second without a point is one
 * in which nothing was counted.
 */
export function seriesOf(points: readonly Point[], untilMs: number, spanMs: number, binMs: number): Series {
  const bins = Math.ceil(spanMs / binMs);
  // Bins keep their places while time goes on: a line must not tremble.
  const endMs = Math.floor(untilMs / binMs) * binMs;
  const startMs = endMs - bins * binMs;
  const zeros = () => Array.from({ length: bins }, () => 0);
  const sums = { calls: zeros(), failures: zeros(), admitted: zeros(), rejected: zeros(), failed: zeros() };
  for (const point of points)
    for (const [bin, share] of binsOf(point, startMs, binMs)) {
      if (bin < 0 || bin >= bins) continue;
      for (const key of KEYS) sums[key][bin] = (sums[key][bin] ?? 0) + share * (point[key] ?? 0);
    }
  const perSecond = (values: number[]) => values.map((value) => (value * 1_000) / binMs);
  const told = binsTold(points, startMs, binMs, bins);
  const whereTold = (values: number[]) => perSecond(values).map((value, bin) => (told[bin] ? value : null));
  return {
    atSec: sums.calls.map((_, bin) => (startMs + (bin + 1) * binMs) / 1_000),
    calls: perSecond(sums.calls),
    failures: perSecond(sums.failures),
    failureRatio: told.includes(true)
      ? ratios(sums.failed, sums.admitted)
      : ratios(sums.failures, sums.calls),
    admitted: whereTold(sums.admitted),
    rejected: whereTold(sums.rejected),
    failed: whereTold(sums.failed),
  };
}

export function totalsOf(points: readonly Point[], sinceMs: number): Totals {
  const recent = points.filter(({ atMs }) => atMs >= sinceMs);
  const sum = (key: (typeof KEYS)[number]) => recent.reduce((total, point) => total + (point[key] ?? 0), 0);
  return {
    calls: sum('calls'),
    failures: sum('failures'),
    admitted: sum('admitted'),
    rejected: sum('rejected'),
    failed: sum('failed'),
  };
}

/** How many processes told of this circuit when somebody last said; `undefined`: since `sinceMs` nobody has. */
export function tellersOf(points: readonly Point[], sinceMs: number): number | undefined {
  const said = points.filter(({ atMs, processes }) => atMs >= sinceMs && processes !== undefined);
  return said.some(({ processes }) => processes) ? said.at(-1)?.processes : undefined;
}

/** Bins in which somebody told, if only that there were no calls: who tells goes on to until it is said that nobody does. */
function binsTold(points: readonly Point[], startMs: number, binMs: number, bins: number): boolean[] {
  const told = Array.from({ length: bins }, () => false);
  let fromBin: number | undefined;
  for (const { atMs, overMs, processes } of points) {
    if (processes === undefined) continue;
    const bin = Math.floor((atMs - startMs) / binMs);
    if (fromBin !== undefined) told.fill(true, Math.max(0, fromBin), Math.max(0, bin + 1));
    fromBin = processes > 0 ? Math.floor((atMs - overMs - startMs) / binMs) : undefined;
  }
  if (fromBin !== undefined) told.fill(true, Math.max(0, fromBin));
  return told;
}

/** The bins that a point's time touches, and which share of it is in each. */
function* binsOf(
  { atMs, overMs }: Point,
  startMs: number,
  binMs: number,
): Generator<[bin: number, share: number]> {
  const [from, to] = [(atMs - overMs - startMs) / binMs, (atMs - startMs) / binMs];
  if (overMs === 0) yield [Math.floor(to), 1];
  else
    for (let bin = Math.floor(from); bin < to; bin++)
      yield [bin, (Math.min(to, bin + 1) - Math.max(from, bin)) / (to - from)];
}

/** Successes are reported in one lump with the next failure, so that the calls admitted in a bin say more, where they are known. */
function ratios(failures: readonly number[], of: readonly number[]): (number | null)[] {
  return of.map((calls, bin) => (calls > 0 ? Math.min(1, (failures[bin] ?? 0) / calls) : null));
}

/** Places of values with nothing on either side: a line through one point is none, so that it needs a dot. */
export function lonely(values: readonly (number | null | undefined)[]): number[] | null {
  const places = values.flatMap((value, i) =>
    value != null && values[i - 1] == null && values[i + 1] == null ? [i] : [],
  );
  return places.length > 0 ? places : null;
}
