/** Lines over time. Drawn by uPlot; colours and fonts are those of the page. */

import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import { useTheme } from '../theme.ts';

export interface Line {
  readonly label: string;
  /** Name of the style sheet's colour, as `--open`. */
  readonly colour: string;
  readonly values: readonly (number | null)[];
  /** So that lines are told apart without colour. */
  readonly dash?: readonly number[];
  readonly fill?: true;
}

export interface ChartProps {
  /** What a person reads who does not see it. */
  readonly summary: string;
  /** Seconds: since 1970, or since the start of a run where `elapsed`. */
  readonly atSec: readonly number[];
  readonly lines: readonly Line[];
  readonly format: (value: number) => string;
  readonly max?: number;
  readonly elapsed?: true;
  readonly height?: number;
}

const HEIGHT = 130;

export function Chart({ summary, atSec, lines, format, max, elapsed, height = HEIGHT }: ChartProps) {
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const theme = useTheme();
  const shape = JSON.stringify([lines.map(({ label, colour }) => [label, colour]), max, height, theme]);
  const data = [atSec, ...lines.map(({ values }) => values)] as uPlot.AlignedData;

  // `shape` stands for what the plot is made of; data follow below.
  useLayoutEffect(() => {
    const element = host.current;
    if (!element) return;
    const made = new uPlot(options(element, lines, format, max, elapsed, height), data, element);
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
      </figcaption>
    </figure>
  );
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
    padding: [8, 8, 0, 0],
    scales: {
      x: { time: !elapsed },
      y: { range: (_, __, high) => [0, max ?? Math.max(1, high * 1.1)] },
    },
    axes: [
      { ...axis, size: 22, space: 70, values: (_, ticks) => ticks.map(elapsed ? seconds : clock) },
      { ...axis, size: 46, space: 28, values: (_, ticks) => ticks.map(format) },
    ],
    series: [
      {},
      ...lines.map(
        ({ label, colour: name, dash, fill }): uPlot.Series => ({
          label,
          stroke: colour(name),
          width: 1.75,
          points: { show: false },
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
