import { FIGURES, type Results, type Run } from '@switchgear/simulator';
import { format } from './format.ts';

const WIDTH = 12;

/** Figures down, strategies across: for a terminal. */
export function table(runs: readonly Run[]): string {
  const figures = Object.entries(FIGURES) as [keyof Results, (typeof FIGURES)[keyof Results]][];
  const first = Math.max(...figures.map(([, { title }]) => title.length));
  const heads = runs.map(({ strategy }) => wrap(strategy));
  const height = Math.max(...heads.map((head) => head.length));
  const line = (title: string, cells: readonly string[]) =>
    [title.padEnd(first), ...cells.map((cell) => cell.padStart(WIDTH))].join(' ').trimEnd();
  return [
    ...Array.from({ length: height }, (_, row) =>
      line(
        '',
        heads.map((head) => head[row - (height - head.length)] ?? ''),
      ),
    ),
    '─'.repeat(first + runs.length * (WIDTH + 1)),
    ...figures.map(([key, { title, unit }]) =>
      line(
        title,
        runs.map(({ results }) => format(results[key], unit)),
      ),
    ),
  ].join('\n');
}

/** Words of a heading, in lines that fit a column. */
function wrap(text: string): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= WIDTH)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
