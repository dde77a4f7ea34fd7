/** Brings the focus to a tile, however far outside the view it is. */

import type { Circuit } from '@switchgear/cli/control-api';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { tileId } from './tile.tsx';
import { type Layout, scrollTo, type View } from './windowing.ts';

/** Where the keyboard is to be. Each step is an object of its own, also one to where it has been before. */
export interface Step {
  readonly name: string;
}

/** Only a step moves the focus, and once; news must not. A circuit that the board does not show leaves it on the board itself. */
export function useReach(
  pane: { readonly current: HTMLElement | null },
  circuits: readonly Circuit[],
  layout: Layout,
  view: View,
  step: Step | undefined,
): void {
  // Set until the tile is there: one far away is drawn when the scroll has been seen, whichever frame that is in.
  const awaited = useRef<{ readonly name: string; readonly from: Element | null }>(undefined);
  useLayoutEffect(() => {
    if (!step || !pane.current) return;
    const index = circuits.findIndex(({ name }) => name === step.name);
    awaited.current = { name: step.name, from: document.activeElement };
    if (index < 0) pane.current.focus();
    else pane.current.scrollTop = scrollTo(index, layout, { ...view, scrollTop: pane.current.scrollTop });
  }, [step]);
  useLayoutEffect(() => {
    if (!awaited.current) return;
    const { name, from } = awaited.current;
    const tile = document.getElementById(tileId(name));
    // Who has gone elsewhere meanwhile is left there. A tile that scrolled away leaves the focus to the body.
    const elsewhere = document.activeElement !== from && document.activeElement !== document.body;
    if (tile && !elsewhere) tile.focus({ preventScroll: true });
    if (tile || elsewhere) awaited.current = undefined;
  });
}
