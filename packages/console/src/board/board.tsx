/** The board: every circuit as a breaker, what needs a person first. */

import type { Circuit } from '@switchgear/cli/control-api';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Fleet } from '../fleet/fleet.ts';
import { useNow } from '../fleet/now.ts';
import { addressOf, type Route } from '../route.ts';
import { Tile } from './tile.tsx';
import { useReach } from './use-reach.ts';
import type { Steps } from './use-steps.ts';
import { layoutOf, type View } from './windowing.ts';

export interface BoardProps {
  readonly fleet: Fleet;
  readonly circuits: readonly Circuit[];
  readonly route: Route;
  readonly steps: Steps;
}

export function Board({ fleet, circuits, route, steps }: BoardProps) {
  const nowMs = useNow(fleet);
  const pane = useRef<HTMLElement>(null);
  const view = useView(pane);
  const layout = layoutOf(circuits.length, view);
  const { columns, from, to, before, after } = layout;

  useReach(pane, circuits, layout, view, steps.step);

  return (
    <section class="board" ref={pane} aria-label="Circuits" tabIndex={-1}>
      <ul
        class="tiles"
        style={{
          gridTemplateColumns: `repeat(${columns}, minmax(0, 1fr))`,
          paddingTop: `${before}px`,
          paddingBottom: `${after}px`,
        }}
      >
        {circuits.slice(from, to).map((circuit, i) => (
          <Tile
            key={circuit.name}
            circuit={circuit}
            fleet={fleet}
            nowMs={nowMs}
            href={addressOf({ ...route, circuit: circuit.name })}
            current={route.circuit === circuit.name}
            position={from + i + 1}
            of={circuits.length}
            reached={steps.reached}
          />
        ))}
      </ul>
    </section>
  );
}

/** Size and place of a pane that scrolls, as it changes. */
function useView(pane: { readonly current: HTMLElement | null }): View {
  const [view, setView] = useState<View>({ width: 0, height: 0, scrollTop: 0 });
  useEffect(() => {
    const element = pane.current;
    if (!element) return;
    const look = () => {
      const { paddingLeft, paddingRight } = getComputedStyle(element);
      const width = element.clientWidth - Number.parseFloat(paddingLeft) - Number.parseFloat(paddingRight);
      setView({ width, height: element.clientHeight, scrollTop: element.scrollTop });
    };
    const sizes = new ResizeObserver(look);
    sizes.observe(element);
    element.addEventListener('scroll', look, { passive: true });
    return () => {
      sizes.disconnect();
      element.removeEventListener('scroll', look);
    };
  }, [pane]);
  return view;
}
