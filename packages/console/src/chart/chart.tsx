/** Lines over time. Drawn by uPlot; colours and fonts are those of the page. */

import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import { useTheme } from '../theme.ts';
import { lonely } from './series.ts';

export interface Line {
  readonly label: string;
  /** Name of the style sheet's colour, as `--open`. */
  readonly colour: string;
  readonly values: readonly (number | null)[];
  /** So that lines are told apart without colour. */
  readonly dash?: readonly number[];
  readonly fill?: true;
}

/** A stretch of time that is shaded behind the lines. */
export interface Stretch {
  readonly label: string;
  /** Name of the style sheet's colour. */
  readonly colour: string;
  /** On the same scale as `atSec`. */
  readonly fromSec: number;
  readonly untilSec: number;
}

export interface ChartProps {
  /** What a person reads who does not see it. */
  readonly summary: string;
  /** Seconds: since 1970, or since the start of a run where `elapsed`. */
  readonly atSec: readonly number[];
  readonly lines: readonly Line[];
  readonly stretches?: readonly Stretch[];
  readonly format: (value: number) => string;
  readonly max?: number;
  readonly elapsed?: true;
  readonly height?: number;
}

const HEIGHT = 130;
const NONE: readonly Stretch[] = [];

export function Chart({
  summary,
  atSec,
  lines,
  stretches = NONE,
  format,
  max,
  elapsed,
  height = HEIGHT,
}: ChartProps) {
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const shaded = useRef(stretches);
  shaded.current = stretches;
  const theme = useTheme();
  const shape = JSON.stringify([lines.map(({ label, colour }) => [label, colour]), max, height, theme]);
  const data = [atSec, ...lines.map(({ values }) => values)] as uPlot.AlignedData;

  // `shape` stands for what the plot is made of; data follow below.
  useLayoutEffect(() => {
    const element = host.current;
    if (!element) return;
    const made = new uPlot(
      { ...options(element, lines, format, max, elapsed, height), hooks: { drawClear: [shade(shaded)] } },
      data,
      element,
    );
    plot.current = made;
    return () => {
      made.destroy();
      plot.current = undefined;
    };
  }, [shape]);

  useLayoutEffect(() => {
    plot.current?.setData(data);
  });

  useEffect(() => {
    const element = host.current;
    if (!element) return;
    const sizes = new ResizeObserver(() => plot.current?.setSize({ width: element.clientWidth, height }));
    sizes.observe(element);
    return () => sizes.disconnect();
  }, [height]);

  return (
    <figure class="chart">
      <div class="plot" ref={host} role="img" aria-label={summary} />
      <figcaption>
        {lines.map(({ label, colour, dash }) => (
          <span key={label} class="key">
            <svg viewBox="0 0 24 6" aria-hidden="true">
              <path d="M0 3H24" stroke={`var(${colour})`} stroke-dasharray={dash?.join(' ')} />
            </svg>
            {label}
          </span>
        ))}
        {[...new Map(stretches.map(({ label, colour }) => [label, colour]))].map(([label, colour]) => (
          <span key={label} class="key">
            <svg viewBox="0 0 24 6" aria-hidden="true">
              <path class="stretch" d="M0 0H24V6H0Z" fill={`var(${colour})`} />
            </svg>
            {label}
          </span>
        ))}
      </figcaption>
    </figure>
  );
}

/** Draws the stretches of time: before the grid and the lines. However short one is, it is seen. */
function shade(stretches: { readonly current: readonly Stretch[] }): (plot: uPlot) => void {
  return ({ ctx, bbox, root, valToPos }) => {
    const right = bbox.left + bbox.width;
    ctx.save();
    for (const { colour, fromSec, untilSec } of stretches.current) {
      const from = Math.max(bbox.left, valToPos(fromSec, 'x', true));
      const until = Math.min(right, Math.max(from + 2, valToPos(untilSec, 'x', true)));
      if (until <= from) continue;
      ctx.fillStyle = `color-mix(in srgb, ${resolved(root, colour)} 12%, transparent)`;
      ctx.fillRect(from, bbox.top, until - from, bbox.height);
    }
    ctx.restore();
  };
}

function options(
  element: HTMLElement,
  lines: readonly Line[],
  format: (value: number) => string,
  max: number | undefined,
  elapsed: true | undefined,
  height: number,
): uPlot.Options {
  const style = getComputedStyle(element);
  const colour = (name: string) => resolved(element, name);
  const axis: uPlot.Axis = {
    stroke: colour('--quiet'),
    font: `11px ${style.fontFamily}`,
    grid: { stroke: colour('--line'), width: 1 },
    ticks: { show: false },
  };
  return {
    width: Math.max(element.clientWidth, 50),
    height,
    legend: { show: false },
    cursor: { show: false },
    padding: [8, 16, 0, 0],
    scales: {
      x: { time: !elapsed },
      y: { range: (_, __, high) => [0, max ?? Math.max(1, high * 1.1)] },
    },
    axes: [
      { ...axis, size: 22, space: 50, values: (_, ticks) => ticks.map(elapsed ? seconds : clock) },
      { ...axis, size: 46, space: 28, values: (_, ticks) => ticks.map(format) },
    ],
    series: [
      {},
      ...lines.map(
        ({ label, colour: name, dash, fill }): uPlot.Series => ({
          label,
          stroke: colour(name),
          width: 1.75,
          points: { show: false, size: 4, filter: ({ data }, i) => lonely([...(data[i] ?? [])]) },
          ...(dash && { dash: [...dash] }),
          ...(fill && { fill: `color-mix(in srgb, ${colour(name)} 16%, transparent)` }),
        }),
      ),
    ],
  };
}

function seconds(atSec: number): string {
  return `${atSec} s`;
}

function clock(atSec: number): string {
  return new Date(atSec * 1_000).toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' });
}

/** The value of a colour of the style sheet: a canvas knows no variables. */
function resolved(element: HTMLElement, name: string): string {
  const probe = element.appendChild(document.createElement('i'));
  probe.style.color = `var(${name})`;
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
