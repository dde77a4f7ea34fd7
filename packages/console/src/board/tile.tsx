/** One circuit on the board: a link to its details. */

import type { Circuit } from '@switchgear/cli/control-api';
import type { Fleet } from '../fleet/fleet.ts';
import { counted, gist, nextBriefly } from '../words/circuit.ts';
import { labelOf } from '../words/state.ts';
import { shown } from '../words/text.ts';
import { duration, shortDuration } from '../words/time.ts';
import { Glyph } from './glyph.tsx';
import { Spark } from './spark.tsx';

export interface TileProps {
  readonly circuit: Circuit;
  readonly fleet: Fleet;
  readonly href: string;
  readonly nowMs: number;
  readonly current: boolean;
  readonly position: number;
  readonly of: number;
  readonly reached: (name: string) => void;
}

export function Tile({ circuit, fleet, href, nowMs, current, position, of, reached }: TileProps) {
  const { name, state, sinceMs } = circuit;
  const next = nextBriefly(circuit, nowMs);
  const forMs = nowMs - sinceMs;
  return (
    <li class="tile" data-state={state} aria-posinset={position} aria-setsize={of}>
      <a
        id={tileId(name)}
        href={href}
        aria-current={current ? 'true' : undefined}
        onFocus={() => reached(name)}
      >
        <span class="tile-head">
          <Glyph state={state} />
          <span class="tile-title">
            <span class="name" title={shown(name)}>
              {shown(name)}
            </span>
            <span class="state">
              <b>{labelOf(state)}</b>
              {sinceMs > 0 && <span title={`for ${duration(forMs)}`}> for {shortDuration(forMs)}</span>}
            </span>
          </span>
        </span>
        <span class="gist" title={state === 'closed' ? counted(circuit) : undefined}>
          {gist(circuit)}
        </span>
        <span class="tile-foot">
          <span class="next">{next}</span>
          <Spark points={fleet.points(name)} nowMs={nowMs} />
        </span>
      </a>
    </li>
  );
}

export function tileId(name: string): string {
  return `circuit ${name}`;
}
