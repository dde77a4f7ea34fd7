/** When, of late, a circuit was in a state in which calls were turned away. */

import type { Circuit, HistoryEntry } from '@switchgear/cli/control-api';
import type { Stretch } from '../chart/chart.tsx';
import { labelOf } from '../words/state.ts';

const COLOURS = { open: '--open', 'half-open': '--probing', 'forced-open': '--forced' } as const;

/** @param transitions newest first. */
export function stretchesOf(
  { override }: Pick<Circuit, 'override'>,
  transitions: readonly HistoryEntry[],
  sinceMs: number,
  untilMs: number,
): Stretch[] {
  const stretches: Stretch[] = [];
  const add = (state: keyof typeof COLOURS, fromMs: number, toMs: number) => {
    if (toMs <= sinceMs || fromMs >= untilMs) return;
    stretches.push({
      label: labelOf(state).toLowerCase(),
      colour: COLOURS[state],
      fromSec: Math.max(fromMs, sinceMs) / 1_000,
      untilSec: Math.min(toMs, untilMs) / 1_000,
    });
  };
  transitions.forEach(({ to, atMs }, i) => {
    if (to !== 'closed') add(to, atMs, transitions[i - 1]?.atMs ?? untilMs);
  });
  if (override?.mode === 'forced-open') add('forced-open', override.atMs, untilMs);
  return stretches;
}
