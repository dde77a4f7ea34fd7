/** What the fleet counted over the last minutes: how much failed, how much was let through and how much turned away. */

import { Chart, type Line } from '../chart/chart.tsx';
import { seriesOf, totalsOf } from '../chart/series.ts';
import type { Point } from '../fleet/fleet.ts';
import { count, percent } from '../words/numbers.ts';

const SPAN_MS = 5 * 60_000;
const BIN_MS = 2_000;

export interface RatesProps {
  readonly points: readonly Point[];
  /** When the latest sample was taken. */
  readonly untilMs: number;
}

export function Rates({ points, untilMs }: RatesProps) {
  const series = seriesOf(points, untilMs, SPAN_MS, BIN_MS);
  const { calls, failures, admitted, rejected } = totalsOf(points, untilMs - SPAN_MS);
  const failed =
    calls === 0 ? 'nothing was reported' : `${count(failures)} of ${count(calls)} reported calls failed`;
  const traffic =
    admitted === undefined ? '' : `; ${count(admitted)} admitted, ${count(rejected ?? 0)} rejected`;
  const summary = `In the last 5 minutes ${failed}${traffic}.`;
  const failedLine: Line = { label: 'failed', colour: '--open', values: series.failures, dash: [2, 3] };
  const lines: Line[] =
    admitted === undefined
      ? [{ label: 'reported', colour: '--accent', values: series.calls, fill: true }, failedLine]
      : [
          { label: 'admitted', colour: '--closed', values: series.admitted, fill: true },
          { label: 'rejected', colour: '--forced', values: series.rejected, dash: [7, 4] },
          failedLine,
        ];
  return (
    <section class="rates" aria-labelledby="rates-title">
      <h3 id="rates-title">Last 5 minutes</h3>
      <p class="quiet">{summary}</p>
      <h4>Failure rate</h4>
      <Chart
        summary={`Failure rate over time. ${summary}`}
        atSec={series.atSec}
        lines={[
          {
            label: `share of ${admitted === undefined ? 'reported' : 'admitted'} calls that failed`,
            colour: '--open',
            values: series.failureRatio,
            fill: true,
          },
        ]}
        format={percent}
        max={1}
      />
      <h4>Calls per second</h4>
      <Chart
        summary={`Calls per second over time. ${summary}`}
        atSec={series.atSec}
        lines={lines}
        format={count}
      />
      {admitted === undefined && (
        <p class="quiet">
          Successes are reported together with failures: a healthy circuit reports nothing. Admitted and
          rejected calls are shown where the server is told of them.
        </p>
      )}
    </section>
  );
}
