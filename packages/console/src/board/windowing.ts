/** Which tiles of a long board are near the view: the others are not in the page at all. */

export interface View {
  /** Size of the pane that scrolls, and how far it is scrolled, in pixels. */
  readonly width: number;
  readonly height: number;
  readonly scrollTop: number;
}

export interface Layout {
  readonly columns: number;
  /** The tiles to draw: from `from`, up to and without `to`. */
  readonly from: number;
  readonly to: number;
  /** Room that stands for those before and after, in pixels. */
  readonly before: number;
  readonly after: number;
}

/** Pixels; the style sheet has the same. */
export const TILE = { width: 250, height: 116, gap: 10 } as const;
/** Rows drawn above and below the view, so that scrolling meets no emptiness. */
const SPARE_ROWS = 3;

const PITCH = TILE.height + TILE.gap;

export function layoutOf(count: number, { width, height, scrollTop }: View): Layout {
  const columns = Math.max(1, Math.floor((width + TILE.gap) / (TILE.width + TILE.gap)));
  const rows = Math.ceil(count / columns);
  const first = Math.max(0, Math.min(rows, Math.floor(scrollTop / PITCH)) - SPARE_ROWS);
  const last = Math.min(rows, Math.ceil((scrollTop + height) / PITCH) + SPARE_ROWS);
  return {
    columns,
    from: first * columns,
    to: Math.min(count, last * columns),
    before: first * PITCH,
    after: Math.max(0, rows - last) * PITCH,
  };
}

/** How far to scroll so that tile `index` is in view. */
export function scrollTo(index: number, { columns }: Layout, { height, scrollTop }: View): number {
  const top = Math.floor(index / columns) * PITCH;
  if (top < scrollTop) return top;
  return top + PITCH > scrollTop + height ? top + PITCH - height : scrollTop;
}
