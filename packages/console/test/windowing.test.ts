/** Which tiles are drawn: everything in view, little more, and the same height in all. */

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { layoutOf, scrollTo, TILE } from '../src/board/windowing.ts';

const PITCH = TILE.height + TILE.gap;
const view = fc.record({
  width: fc.integer({ min: 0, max: 4_000 }),
  height: fc.integer({ min: 0, max: 3_000 }),
  scrollTop: fc.integer({ min: 0, max: 200_000 }),
});
const count = fc.integer({ min: 0, max: 5_000 });

it('draws what is in view, whole rows of it, and stands in for the rest with room', () => {
  fc.assert(
    fc.property(count, view, (count, view) => {
      const { columns, from, to, before, after } = layoutOf(count, view);
      const rows = Math.ceil(count / columns);
      expect(before + Math.ceil((to - from) / columns) * PITCH + after).toBe(rows * PITCH);
      expect(from % columns).toBe(0);
      expect(to - from).toBeLessThanOrEqual(columns * (Math.ceil(view.height / PITCH) + 8));
      for (const y of [view.scrollTop, view.scrollTop + view.height - 1]) {
        const inView = Math.floor(y / PITCH) * columns;
        if (y >= view.scrollTop && inView < count) expect(inView >= from && inView < to).toBe(true);
      }
    }),
  );
});

it('scrolls to a tile so that it is in view, and not at all where it is', () => {
  fc.assert(
    fc.property(count, view, fc.nat(), (count, view, at) => {
      fc.pre(count > 0 && view.height >= PITCH);
      const index = at % count;
      const scrollTop = scrollTo(index, layoutOf(count, view), view);
      const layout = layoutOf(count, { ...view, scrollTop });
      expect(index >= layout.from && index < layout.to).toBe(true);
      expect(scrollTo(index, layout, { ...view, scrollTop })).toBe(scrollTop);
    }),
  );
});
