import { LEAD_MS, type ProcessStates, type Second, type Shape } from '@switchgear/simulator';

/** Inside of every chart, in units of its own; the page scales them. */
const LEFT = 62;
const WIDTH = 840;
const RIGHT = 18;
const AXIS = 18;
const TOP = 6;
/** More points than this, nobody sees. */
const MOST_POINTS = 420;

export interface Series {
  readonly name: string;
  /** Colour class. */
  readonly style: string;
  readonly of: (second: Second) => number;
}

/** How long what is drawn lasts, and when the trouble is. */
export interface Span {
  readonly seconds: number;
  readonly trouble: readonly [fromSeconds: number, untilSeconds: number];
}

export function spanOf({ outageMs }: Shape, seconds: number): Span {
  return { seconds, trouble: [LEAD_MS / 1_000, (LEAD_MS + outageMs) / 1_000] };
}

/** Areas that lie upon one another: what becomes of all calls. */
export function stacked(
  title: string,
  all: readonly Second[],
  series: readonly Series[],
  span: Span,
): string {
  const points = binned(all);
  const top = nice(Math.max(...points.map((point) => sumOf(point, series))));
  const height = 130;
  const bottom = points.map(() => 0);
  const areas = series.map(({ style, of }) => {
    const low = points.map((_, i) => [x(i, points), y(bottom[i] as number, top, height)] as const);
    for (const [i, point] of points.entries()) bottom[i] = (bottom[i] as number) + of(point);
    const high = points.map((_, i) => [x(i, points), y(bottom[i] as number, top, height)] as const);
    return `<path class="area ${style}" d="${line(high)}L${line(low.reverse()).slice(1)}Z"/>`;
  });
  return frame(title, height, span, areas.join(''), scale(top, height), legend(series));
}

/** A line for each series, upon one scale. */
export function lines(title: string, all: readonly Second[], series: readonly Series[], span: Span): string {
  const points = binned(all);
  const top = nice(Math.max(...series.flatMap(({ of }) => points.map(of))));
  const height = 80;
  const paths = series.map(
    ({ style, of }) =>
      `<path class="line ${style}" d="${line(points.map((point, i) => [x(i, points), y(of(point), top, height)]))}"/>`,
  );
  return frame(title, height, span, paths.join(''), scale(top, height), legend(series));
}

/** A row per process, coloured by the state that it sees. */
export function heatStrip(processes: readonly ProcessStates[], span: Span): string {
  const rows = processes.length;
  const row = Math.min(14, Math.max(1.2, 110 / rows));
  const height = rows * row;
  const cells = new Map<string, string[]>();
  for (const [at, { states }] of processes.entries())
    for (let from = 0; from < states.length; ) {
      const state = states[from];
      let until = from + 1;
      while (until < states.length && states[until] === state) until++;
      if (state !== undefined) {
        const paths = cells.get(state) ?? [];
        cells.set(state, paths);
        const [left, right] = [from, until].map((s) => LEFT + (WIDTH * s) / span.seconds) as [number, number];
        const [w, h] = [round(right - left), round(row)];
        paths.push(`M${round(left)} ${round(TOP + at * row)}h${w}v${h}h-${w}z`);
      }
      from = until;
    }
  const states = [...cells.keys()].sort();
  const body = states.map((state) => `<path class="state ${state}" d="${cells.get(state)?.join('')}"/>`);
  const names = states.map((state) => ({ name: state, style: state, of: () => 0 }));
  const axis = `<text class="tick" x="${LEFT - 6}" y="${TOP + 9}" text-anchor="end">${processes[0]?.process ?? ''}</text>`;
  const lowest =
    rows > 1
      ? `<text class="tick" x="${LEFT - 6}" y="${TOP + height}" text-anchor="end">${processes.at(-1)?.process}</text>`
      : '';
  return frame(
    `State as each process sees it (${rows} shown)`,
    height,
    span,
    body.join(''),
    axis + lowest,
    legend(names),
  );
}

function frame(title: string, height: number, span: Span, body: string, axis: string, key: string): string {
  const [from, until] = span.trouble.map(
    (s) => LEFT + (WIDTH * Math.min(s, span.seconds)) / span.seconds,
  ) as [number, number];
  const step =
    [5, 10, 15, 30, 60, 120, 300, 600, 1_800, 3_600, 7_200, 14_400].find((s) => span.seconds / s <= 12) ??
    43_200;
  const ticks = Array.from({ length: Math.floor(span.seconds / step) + 1 }, (_, i) => {
    const at = round(LEFT + (WIDTH * i * step) / span.seconds);
    return `<text class="tick" x="${at}" y="${TOP + height + 14}" text-anchor="middle">${clock(i * step)}</text>`;
  });
  return `<figure><figcaption>${title}${key}</figcaption>
<svg viewBox="0 0 ${LEFT + WIDTH + RIGHT} ${round(TOP + height + AXIS)}" role="img" aria-label="${title}">
<rect class="trouble" x="${round(from)}" y="${TOP}" width="${round(until - from)}" height="${round(height)}"/>
${axis}${body}
<path class="base" d="M${LEFT} ${round(TOP + height)}h${WIDTH}"/>${ticks.join('')}
</svg></figure>`;
}

function legend(series: readonly Series[]): string {
  return series.map(({ name, style }) => `<span class="key"><i class="${style}"></i>${name}</span>`).join('');
}

function scale(top: number, height: number): string {
  return [0, 0.5, 1]
    .map((share) => {
      const at = round(y(top * share, top, height));
      const text = `<text class="tick" x="${LEFT - 6}" y="${at + 4}" text-anchor="end">${short(top * share)}</text>`;
      return `${share > 0 ? `<path class="grid" d="M${LEFT} ${at}h${WIDTH}"/>` : ''}${text}`;
    })
    .join('');
}

/** Means over equal stretches, where there are more seconds than a chart has room for. */
function binned(all: readonly Second[]): readonly Second[] {
  const size = Math.ceil(all.length / MOST_POINTS);
  if (size <= 1) return all;
  return Array.from({ length: Math.floor(all.length / size) }, (_, i) => {
    const part = all.slice(i * size, (i + 1) * size);
    const keys = Object.keys(part[0] as Second) as (keyof Second)[];
    const mean = (key: keyof Second) => part.reduce((sum, second) => sum + second[key], 0) / part.length;
    return Object.fromEntries(keys.map((key) => [key, mean(key)])) as unknown as Second;
  });
}

function sumOf(point: Second, series: readonly Series[]): number {
  return series.reduce((sum, { of }) => sum + of(point), 0);
}

function line(points: readonly (readonly [number, number])[]): string {
  return `M${points.map(([px, py]) => `${round(px)} ${round(py)}`).join('L')}`;
}

/** What happened in a second is drawn at its middle. */
function x(i: number, points: readonly unknown[]): number {
  return LEFT + (WIDTH * (i + 0.5)) / points.length;
}

function y(value: number, top: number, height: number): number {
  return TOP + height * (1 - value / top);
}

/** The next number that ends a scale well. */
function nice(value: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(value, 1)));
  return ([1, 1.5, 2, 3, 4, 6, 8, 10].find((factor) => factor * power >= value) ?? 10) * power;
}

function short(value: number): string {
  return value >= 1_000 ? `${round(value / 1_000)} k` : `${round(value)}`;
}

function clock(seconds: number): string {
  return seconds < 3_600
    ? `${Math.floor(seconds / 60)}:${`${seconds % 60}`.padStart(2, '0')}`
    : `${Math.floor(seconds / 3_600)} h ${`${Math.floor((seconds % 3_600) / 60)}`.padStart(2, '0')}`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
