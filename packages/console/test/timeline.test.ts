/** What happened to a circuit, and what is shaded of it in the charts. */

import type { HistoryEntry } from '@switchgear/cli/control-api';
import { expect, it } from 'vitest';
import { lonely } from '../src/chart/series.ts';
import { stretchesOf } from '../src/detail/stretches.ts';
import { atMsOf, timelineOf } from '../src/detail/timeline.ts';

const entry = (to: HistoryEntry['to'], atMs: number, reason: HistoryEntry['reason'] = 'failures') => {
  return {
    from: 'closed',
    to,
    atMs,
    reason,
    by: 'api-1',
    epoch: { number: atMs, id: String(atMs) },
  } as const;
};
const forced = (version: number, atMs: number, untilMs?: number) => {
  const act = { kind: 'override', mode: 'forced-open', by: 'ana', reason: 'x', version, atMs } as const;
  return { ...act, ...(untilMs !== undefined && { untilMs }) };
};
const stretches = (history: Parameters<typeof timelineOf>[0]) =>
  stretchesOf(timelineOf(history), 100, 1_000).map(({ label, fromSec, untilSec }) => [
    label,
    fromSec * 1_000,
    untilSec * 1_000,
  ]);

it('transitions and acts in one line, newest first', () => {
  const timeline = timelineOf({
    transitions: [entry('closed', 500), entry('open', 200)],
    acts: [
      { kind: 'policy', by: 'bo', reason: 'y', version: 1, values: {}, atMs: 600 },
      forced(2, 400, 400),
      forced(1, 300),
    ],
  });
  expect(timeline.map((happening) => [happening.kind, atMsOf(happening)])).toEqual([
    ['policy', 600],
    ['transition', 500],
    ['release', 400],
    ['override', 300],
    ['transition', 200],
  ]);
});

it('open and half-open times are shaded, cut to what is shown, the latest until now', () => {
  const transitions = [entry('open', 900), entry('closed', 700), entry('half-open', 600), entry('open', 50)];
  expect(stretches({ transitions, acts: [] })).toEqual([
    ['open', 900, 1_000],
    ['half-open', 600, 700],
    ['open', 100, 600],
  ]);
});

it('what was forced open by hand: until its end, the next word, a reset, or now', () => {
  const end = (acts: ReturnType<typeof forced>[], transitions: HistoryEntry[] = []) =>
    stretches({ transitions, acts });
  expect(end([forced(1, 300, 400)])).toEqual([['forced open', 300, 400]]);
  expect(end([forced(1, 300)])).toEqual([['forced open', 300, 1_000]]);
  expect(end([forced(2, 350, 350), forced(1, 300, 400)])).toEqual([['forced open', 300, 350]]);
  expect(end([forced(1, 300)], [entry('closed', 320, 'cleared')])).toEqual([['forced open', 300, 320]]);
  expect(end([forced(1, 20, 90)])).toEqual([]);
});

it('a value with nothing on either side is a dot: a line through one point is none', () => {
  expect(lonely([null, 0.5, null, 1, 1, null, 0])).toEqual([1, 6]);
  expect(lonely([1, 1, null])).toBeNull();
});
