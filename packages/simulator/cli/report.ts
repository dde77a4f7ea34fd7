import { FIGURES, type Results, type Run, type Shape } from '@switchgear/simulator';
import { heatStrip, lines, type Series, spanOf, stacked } from './charts.ts';
import { format } from './format.ts';
import { STYLE } from './report-style.ts';

export interface Report {
  readonly title: string;
  readonly command: string;
  readonly seed: number;
  readonly shape: Shape;
  readonly runs: readonly Run[];
}

const CALLS: readonly Series[] = [
  { name: 'succeeded', style: 'succeeded', of: ({ succeeded }) => succeeded },
  { name: 'failed', style: 'failed', of: ({ failed }) => failed },
  { name: 'refused', style: 'rejected', of: ({ rejected }) => rejected },
];
const REACHED: readonly Series[] = [
  { name: 'let through', style: 'admitted', of: ({ admitted }) => admitted },
  { name: 'failed', style: 'failed', of: ({ failed }) => failed },
];
const LOAD: readonly Series[] = [
  { name: 'reads', style: 'reads', of: ({ storeReads }) => storeReads },
  { name: 'writes', style: 'writes', of: ({ storeWrites }) => storeWrites },
  { name: 'throttled', style: 'failed', of: ({ storeThrottled }) => storeThrottled },
];

/** A page that needs nothing but itself, on a screen, light or dark, and on paper. */
export function page({ title, command, seed, shape, runs }: Report): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Switchgear simulation: ${escaped(title)}</title>
<style>${STYLE}</style></head><body>
<header><h1>${escaped(title)}</h1>
<p>A simulation in virtual time, seed <b>${seed}</b>. The same again, on any machine:</p>
<pre>${escaped(command)}</pre></header>
<h2>Side by side</h2>
${results(runs)}
${runs.map((run) => section(run, shape)).join('\n')}
<section class="definitions"><h2>What the figures mean</h2><dl>${Object.values(FIGURES)
    .map(({ title: name, meaning }) => `<dt>${name}</dt><dd>${escaped(meaning)}</dd>`)
    .join('')}</dl></section>
</body></html>
`;
}

function results(runs: readonly Run[]): string {
  const figures = Object.entries(FIGURES) as [keyof Results, (typeof FIGURES)[keyof Results]][];
  const head = runs.map(({ strategy }) => `<th scope="col">${escaped(strategy)}</th>`).join('');
  const rows = figures.map(([key, { title, unit }]) => {
    const cells = runs.map((run) => `<td>${format(run.results[key], unit)}</td>`).join('');
    return `<tr><th scope="row">${title}</th>${cells}</tr>`;
  });
  return `<div class="wide"><table><thead><tr><td></td>${head}</tr></thead><tbody>${rows.join('')}</tbody></table></div>`;
}

function section({ strategy, timeline: { seconds, processes } }: Run, shape: Shape): string {
  const span = spanOf(shape, seconds.length);
  const asked = seconds.some(({ storeReads, storeWrites }) => storeReads + storeWrites > 0);
  return `<section><h2>${escaped(strategy)}</h2>
${stacked('Calls per second', seconds, CALLS, span)}
${lines('Calls per second that reach the dependency', seconds, REACHED, span)}
${processes.length > 0 ? heatStrip(processes, span) : ''}
${asked ? lines('Store load, units per second', seconds, LOAD, span) : ''}
</section>`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
