/** What became of the same calls: without a breaker, with the settings of now, with the changed ones. */

import { FIGURES, type Results } from '@switchgear/simulator';
import { Chart } from '../chart/chart.tsx';
import { count, percent } from '../words/numbers.ts';
import { duration } from '../words/time.ts';
import type { Answer, Outcome } from './messages.ts';

const SHOWN = [
  'reachedDead',
  'detectedAfterMs',
  'allRefuseAfterMs',
  'probesInFlight',
  'recoveredAfterMs',
  'refusedInVain',
  'clientErrors',
  'storeReads',
  'storeWrites',
] as const satisfies readonly (keyof Results)[];

export function Outcomes({ trouble, none, now, whatIf }: Extract<Answer, { kind: 'done' }>) {
  const admitted = ({ timeline }: Outcome) => timeline.seconds.map((second) => second.admitted);
  const summary =
    `Calls that hit the dependency in trouble: ${count(none.results.reachedDead)} without a breaker, ` +
    `${count(now.results.reachedDead)} now, ${count(whatIf.results.reachedDead)} with the changed settings.`;
  return (
    <section class="outcomes" aria-labelledby="outcomes-title">
      <h3 id="outcomes-title">What became of the same calls</h3>
      <p role="status">{summary}</p>
      <h4>Let through, calls per second</h4>
      <Chart
        summary={`Calls let through per second. ${summary}`}
        atSec={now.timeline.seconds.map((_, second) => second)}
        lines={[
          { label: 'no breaker', colour: '--quiet', values: admitted(none), dash: [2, 3] },
          { label: 'now', colour: '--accent', values: admitted(now), dash: [7, 4] },
          { label: 'what if', colour: '--closed', values: admitted(whatIf) },
        ]}
        stretches={[
          {
            label: 'trouble',
            colour: '--open',
            fromSec: trouble.fromMs / 1_000,
            untilSec: trouble.untilMs / 1_000,
          },
        ]}
        format={count}
        elapsed
        height={170}
      />
      <table class="figures">
        <thead>
          <tr>
            <td />
            <th scope="col">no breaker</th>
            <th scope="col">now</th>
            <th scope="col">what if</th>
          </tr>
        </thead>
        <tbody>
          {SHOWN.map((figure) => (
            <tr key={figure}>
              <th scope="row" title={FIGURES[figure].meaning}>
                {FIGURES[figure].title}
              </th>
              {[none, now, whatIf].map(({ results }, i) => (
                <td key={['none', 'now', 'what if'][i]}>{figureText(figure, results)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function figureText(figure: (typeof SHOWN)[number], results: Results): string {
  const value = results[figure];
  if (!Number.isFinite(value)) return 'never';
  const { unit } = FIGURES[figure];
  if (unit === 'ms') return value < 10_000 ? `${(value / 1_000).toFixed(1)} s` : duration(value);
  return unit === 'ratio' ? percent(value) : count(Math.round(value));
}
