/** A cell: what it says, and how that is coloured once its width is known. */
export interface Cell {
  readonly text: string;
  readonly paint?: (text: string) => string;
}

/** Rows as aligned columns, two spaces apart; the last one takes what is left, and is cut where `width` is. */
export function columns(rows: readonly (readonly Cell[])[], width = Number.POSITIVE_INFINITY): string {
  const widths: number[] = [];
  for (const row of rows)
    for (const [at, { text }] of row.entries()) widths[at] = Math.max(widths[at] ?? 0, lengthOf(text));
  const before = widths.slice(0, -1).reduce((sum, each) => sum + each + 2, 0);
  const lines = rows.map((row) =>
    row
      .map(({ text, paint = (same) => same }, at) => {
        if (at === widths.length - 1) return paint(cut(text, Math.max(1, width - before)));
        return paint(text) + ' '.repeat((widths[at] ?? 0) - lengthOf(text) + 2);
      })
      .join('')
      .trimEnd(),
  );
  return lines.map((line) => `${line}\n`).join('');
}

function lengthOf(text: string): number {
  return [...text].length;
}

function cut(text: string, length: number): string {
  return lengthOf(text) <= length ? text : `${[...text].slice(0, length - 1).join('')}…`;
}
