/** What is shaded in the charts. */

import type { HistoryEntry } from '@switchgear/cli/control-api';
import { expect, it } from 'vitest';
import { lonely } from '../src/chart/series.ts';
import { stretchesOf } from '../src/detail/stretches.ts';

const entry = (to: HistoryEntry['to'], atMs: number): HistoryEntry => ({
  from: 'closed',
  to,
  atMs,
  reason: 'failures',
  by: 'api-1',
  epoch: { number: atMs, id: String(atMs) },
});

it('open and half-open times, cut to what is shown, the latest until now', () => {
  const transitions = [entry('open', 900), entry('closed', 700), entry('half-open', 600), entry('open', 50)];
  const stretches = stretchesOf({}, transitions, 100, 1_000);
  expect(stretches.map(({ label, fromSec, untilSec }) => [label, fromSec * 1_000, untilSec * 1_000])).toEqual(
    [
      ['open', 900, 1_000],
      ['half-open', 600, 700],
      ['open', 100, 600],
    ],
  );
});

it('what is forced open by hand; what is closed, or over, is not shaded', () => {
  const override = { mode: 'forced-open', by: 'ana', reason: 'x', atMs: 300 } as const;
  expect(stretchesOf({ override }, [entry('closed', 90), entry('open', 10)], 100, 1_000)).toEqual([
    { label: 'forced open', colour: '--forced', fromSec: 0.3, untilSec: 1 },
  ]);
});

it('a value with nothing on either side is a dot: one failure an hour ago must be seen', () => {
  expect(lonely([null, 0.5, null, 1, 1, null, 0])).toEqual([1, 6]);
  expect(lonely([1, 1, null])).toBeNull();
});
