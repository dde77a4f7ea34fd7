import { FIGURES, type Results } from '@switchgear/simulator';
import { format } from './format.ts';
import { STYLE } from './report-style.ts';
import type { Axis, SweepPoint } from './sweep.ts';

/** What a setting trades against what: protection, false trips, cost. */
const FIGURES_SHOWN = [
  'reachedDead',
  'detectedAfterMs',
  'refusedBefore',
  'refusedInVain',
  'recoveredAfterMs',
  'storeWrites',
  'storeReads',
] as const satisfies readonly (keyof Results)[];

/** Combinations down, figures across: for a terminal. */
export function sweepTable(points: readonly SweepPoint[]): string {
  const keys = Object.keys(points[0]?.values ?? {});
  const heads = [...keys, 'strategy', ...FIGURES_SHOWN.map((key) => FIGURES[key].title)];
  const rows = points.map((point) => [
    ...keys.map((key) => point.values[key] ?? ''),
    point.strategy,
    ...FIGURES_SHOWN.map((key) => format(point.results[key], FIGURES[key].unit)),
  ]);
  const widths = heads.map((head, i) => Math.max(head.length, ...rows.map((row) => (row[i] ?? '').length)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) => (i <= keys.length ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
      .join('  ')
      .trimEnd();
  return [
    line(heads),
    '─'.repeat(widths.reduce((sum, width) => sum + width + 2, -2)),
    ...rows.map(line),
  ].join('\n');
}

export interface SweepReport {
  readonly title: string;
  readonly command: string;
  readonly seed: number;
  readonly axes: readonly Axis[];
  readonly points: readonly SweepPoint[];
}

/** A page that needs nothing but itself: the trade-off drawn, and the figures. */
export function sweepPage({ title, command, seed, axes, points }: SweepReport): string {
  const names = axes.map(({ key }) => key).join(' and ');
  const charts = [...new Set(points.map(({ strategy }) => strategy))].map((strategy) => {
    const own = points.filter((point) => point.strategy === strategy);
    return `<section><h2>${strategy}</h2>
${chart('Protection against false trips', 'refusedBefore', own)}
${chart('Protection against the cost of the store', 'storeWrites', own)}</section>`;
  });
  const heads = [
    ...axes.map(({ key }) => key),
    'strategy',
    ...FIGURES_SHOWN.map((key) => FIGURES[key].title),
  ];
  const rows = points.map(
    ({ values, strategy, results }) =>
      `<tr><th scope="row">${[...axes.map(({ key }) => escaped(values[key] ?? '')), strategy].join('</th><th>')}</th>${FIGURES_SHOWN.map((key) => `<td>${format(results[key], FIGURES[key].unit)}</td>`).join('')}</tr>`,
  );
  const meanings = FIGURES_SHOWN.map(
    (key) => `<dt>${FIGURES[key].title}</dt><dd>${escaped(FIGURES[key].meaning)}</dd>`,
  );
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Switchgear sweep: ${escaped(names)}</title>
<style>${STYLE}</style></head><body>
<header><h1>${escaped(names)}: ${escaped(title)}</h1>
<p>A simulation in virtual time, seed <b>${seed}</b>. The same again, on any machine:</p>
<pre>${escaped(command)}</pre></header>
${charts.join('\n')}
<h2>Figures</h2>
<div class="wide"><table><thead><tr>${heads.map((head) => `<th scope="col">${escaped(head)}</th>`).join('')}</tr></thead><tbody>${rows.join('')}</tbody></table></div>
<section><h2>What the figures mean</h2><dl>${meanings.join('')}</dl></section>
</body></html>
`;
}

const [LEFT, TOP, WIDTH, HEIGHT] = [70, 12, 780, 220];

/** Each combination is a point: the further left, the fewer calls hit the dead dependency; the lower, the less it costs. */
function chart(title: string, cost: 'refusedBefore' | 'storeWrites', points: readonly SweepPoint[]): string {
  const right = Math.max(1, ...points.map(({ results }) => results.reachedDead)) * 1.08;
  const top = Math.max(1, ...points.map(({ results }) => results[cost])) * 1.12;
  const x = (value: number) => round(LEFT + (WIDTH * value) / right);
  const y = (value: number) => round(TOP + HEIGHT * (1 - value / top));
  const grid = [0, 0.5, 1].map((share) => {
    const [value, across] = [top * share, right * share];
    return `<path class="grid" d="M${LEFT} ${y(value)}h${WIDTH}"/><text class="tick" x="${LEFT - 6}" y="${y(value) + 4}" text-anchor="end">${format(value, 'count')}</text>
<text class="tick" x="${x(across)}" y="${TOP + HEIGHT + 16}" text-anchor="middle">${format(across, 'count')}</text>`;
  });
  const path = points.map(({ results }) => `${x(results.reachedDead)} ${y(results[cost])}`).join('L');
  const marks = points.map(({ values, results }) => {
    const [px, py] = [x(results.reachedDead), y(results[cost])];
    const label = Object.values(values).join(', ');
    return `<circle cx="${px}" cy="${py}" r="4" fill="var(--admitted)"/><text class="tick" x="${px + 7}" y="${py - 6}">${escaped(label)}</text>`;
  });
  const [across, up] = [FIGURES.reachedDead.title, FIGURES[cost].title];
  return `<figure><figcaption>${title}: ${across} to the right, ${up} upwards; best is below on the left</figcaption>
<svg viewBox="0 0 ${LEFT + WIDTH + 40} ${TOP + HEIGHT + 24}" role="img" aria-label="${title}">
${grid.join('')}<path class="line admitted" d="M${path}"/>${marks.join('')}
</svg></figure>`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
