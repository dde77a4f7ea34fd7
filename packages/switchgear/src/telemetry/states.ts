/** The states there are, and which of them keep a process from calling. */

import type { EffectiveState } from '../circuit/status.ts';

/** All states there are, those that admit calls (all, or a share of them) first. */
export const STATES = [
  'closed',
  'ramp',
  'forced-closed',
  'disabled',
  'open',
  'half-open',
  'forced-open',
  'local-open',
] as const satisfies readonly EffectiveState[];

/** Whether calls are rejected in this state, probes apart. */
export function isShut(state: EffectiveState): boolean {
  return STATES.indexOf(state) >= STATES.indexOf('open');
}
