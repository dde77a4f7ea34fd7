/** What the fleet counted over the last minutes: how much failed, how much was let through and how much turned away. */

import { Chart, type Line } from '../chart/chart.tsx';
import { seriesOf, totalsOf } from '../chart/series.ts';
import type { Point } from '../fleet/fleet.ts';
import { count, percent } from '../words/numbers.ts';
import { stretchesOf } from './stretches.ts';
import type { Happening } from './timeline.ts';

const SPAN_MS = 5 * 60_000;
const BIN_MS = 2_000;

export interface RatesProps {
  readonly points: readonly Point[];
  /** When the latest sample was taken. */
  readonly untilMs: number;
  /** Whether the server is told what was admitted and rejected. */
  readonly knowsTraffic: boolean;
  readonly timeline: readonly Happening[];
}

export function Rates({ points, untilMs, knowsTraffic, timeline }: RatesProps) {
  const series = seriesOf(points, untilMs, SPAN_MS, BIN_MS, knowsTraffic);
  const { calls, failures, admitted, rejected } = totalsOf(points, untilMs - SPAN_MS);
  const stretches = stretchesOf(timeline, untilMs - SPAN_MS, untilMs);
  const failed =
    calls === 0 ? 'no failure was reported' : `${count(failures)} of ${count(calls)} reported calls failed`;
  const traffic = knowsTraffic ? `; ${count(admitted)} admitted, ${count(rejected)} rejected` : '';
  const summary = `In the last 5 minutes ${failed}${traffic}.`;
  const failedLine: Line = { label: 'failed', colour: '--open', values: series.failures, dash: [2, 3] };
  const lines: Line[] = knowsTraffic
    ? [
        { label: 'admitted', colour: '--closed', values: series.admitted, fill: true },
        { label: 'rejected', colour: '--forced', values: series.rejected, dash: [7, 4] },
        failedLine,
      ]
    : [{ label: 'reported', colour: '--accent', values: series.calls, fill: true }, failedLine];
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
            label: `share of ${knowsTraffic ? 'admitted' : 'reported'} calls that failed`,
            colour: '--open',
            values: series.failureRatio,
            fill: true,
          },
        ]}
        stretches={stretches}
        format={percent}
        max={1}
      />
      <h4>Calls per second</h4>
      <Chart
        summary={`Calls per second over time. ${summary}`}
        atSec={series.atSec}
        lines={lines}
        stretches={stretches}
        format={count}
      />
      {!knowsTraffic && (
        <p class="quiet">
          <b>How many calls were admitted or rejected is not known here</b>: processes report failures, and
          successes together with them, and nobody tells this server the rest. It is in your own metrics, as{' '}
          <code>switchgear.calls</code>. While the circuit is shaded as open, all calls were rejected but
          probes.
        </p>
      )}
    </section>
  );
}
