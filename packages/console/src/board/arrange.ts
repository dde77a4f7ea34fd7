/** Which circuits the board shows, and in what order. */

import type { Circuit } from '@switchgear/cli/control-api';
import type { Route } from '../route.ts';
import { GROUPS, type Group, STATES } from '../words/state.ts';

/** What needs a person comes first; within a group names keep their places, whatever is counted. */
export function arrange(
  circuits: Iterable<Circuit>,
  { search, group }: Pick<Route, 'search' | 'group'>,
): Circuit[] {
  const wanted = search.trim().toLowerCase();
  const shown: Circuit[] = [];
  for (const circuit of circuits) {
    if (group && groupOf(circuit) !== group) continue;
    if (wanted && !searchable(circuit).includes(wanted)) continue;
    shown.push(circuit);
  }
  return shown.sort((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1));
}

/** How many circuits are in each group. */
export function tally(circuits: Iterable<Circuit>): Record<Group, number> {
  const counts = { open: 0, probing: 0, overridden: 0, closed: 0 };
  for (const circuit of circuits) counts[groupOf(circuit)]++;
  return counts;
}

export function groupOf({ state }: Circuit): Group {
  // A state of a later version is nobody's peace of mind: it stands with the open ones.
  return STATES[state]?.group ?? 'open';
}

function rank(circuit: Circuit): number {
  return GROUPS.indexOf(groupOf(circuit));
}

/** By name, and by what an operator remembers: who forced it, the error. */
function searchable({ name, override, transition }: Circuit): string {
  return [name, override?.by, override?.reason, transition?.lastFailure].join(' ').toLowerCase();
}
