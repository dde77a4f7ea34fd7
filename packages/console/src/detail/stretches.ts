/** When, of late, a circuit turned calls away. */

import type { Stretch } from '../chart/chart.tsx';
import { labelOf } from '../words/state.ts';
import { atMsOf, type Happening } from './timeline.ts';

const COLOURS = { open: '--open', 'half-open': '--probing', 'forced-open': '--forced' } as const;

export function stretchesOf(timeline: readonly Happening[], sinceMs: number, untilMs: number): Stretch[] {
  return timeline.flatMap((happening) => {
    const state = turnedAway(happening);
    if (!state) return [];
    const fromMs = Math.max(atMsOf(happening), sinceMs);
    const toMs = Math.min(endOf(happening) ?? untilMs, untilMs);
    if (toMs <= fromMs) return [];
    const label = labelOf(state).toLowerCase();
    return [{ label, colour: COLOURS[state], fromSec: fromMs / 1_000, untilSec: toMs / 1_000 }];
  });
}

function turnedAway(happening: Happening): keyof typeof COLOURS | undefined {
  if (happening.kind === 'transition')
    return happening.entry.to === 'closed' ? undefined : happening.entry.to;
  return happening.kind === 'override' && happening.act.mode === 'forced-open' ? 'forced-open' : undefined;
}

function endOf(happening: Happening): number | undefined {
  return 'endMs' in happening ? happening.endMs : undefined;
}
