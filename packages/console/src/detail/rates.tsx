/** What the fleet counted over the last minutes: how much failed, how much was let through and how much turned away. */

import { Chart, type Line } from '../chart/chart.tsx';
import { seriesOf, tellersOf, totalsOf } from '../chart/series.ts';
import type { Point } from '../fleet/fleet.ts';
import { count, percent, plural } from '../words/numbers.ts';
import { stretchesOf } from './stretches.ts';
import type { Happening } from './timeline.ts';

const SPAN_MS = 5 * 60_000;
const BIN_MS = 2_000;

export interface RatesProps {
  readonly points: readonly Point[];
  /** When the latest sample was taken. */
  readonly untilMs: number;
  readonly timeline: readonly Happening[];
}

export function Rates({ points, untilMs, timeline }: RatesProps) {
  const series = seriesOf(points, untilMs, SPAN_MS, BIN_MS);
  const { calls, failures, admitted, rejected, failed } = totalsOf(points, untilMs - SPAN_MS);
  const tellers = tellersOf(points, untilMs - SPAN_MS);
  const told = tellers !== undefined;
  const stretches = stretchesOf(timeline, untilMs - SPAN_MS, untilMs);
  const reported =
    calls === 0 ? 'no failure was reported' : `${count(failures)} of ${count(calls)} reported calls failed`;
  const traffic = `${count(admitted)} admitted, ${count(rejected)} rejected; ${count(failed)} of those admitted failed`;
  const summary = `In the last 5 minutes ${told ? traffic : reported}.`;
  const failedLine: Line = {
    label: 'failed',
    colour: '--open',
    values: told ? series.failed : series.failures,
    dash: [2, 3],
  };
  const lines: Line[] = told
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
            label: `share of ${told ? 'admitted' : 'reported'} calls that failed`,
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
      {told ? (
        <p class="quiet">
          {tellers > 0 ? (
            <>
              As <b>told by {plural(tellers, 'process', 'processes')}</b>
            </>
          ) : (
            <>
              <b>Nobody tells any more</b>: the lines end where the last process fell silent
            </>
          )}
          . Calls of processes that do not tell are not in it.
        </p>
      ) : (
        <p class="quiet">
          <b>How many calls were admitted or rejected is not known here</b>: processes report failures, and
          successes together with them, and no process tells this server the rest (<code>reportTraffic</code>{' '}
          does). It is in your own metrics, as <code>switchgear.calls</code>. While the circuit is shaded as
          open, all calls were rejected but probes.
        </p>
      )}
    </section>
  );
}
