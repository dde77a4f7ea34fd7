/** What operators did, as it lies in a record and, once something took its place, beside it. */

import type { OperatorAct } from './contract.ts';
import { type Fields, overrideOf, policyOf } from './record-fields.ts';

/** The acts in the fields of a record, or in what was filed of one. One that a hand has broken is left out. */
export function actsIn({ override, policy }: Fields): OperatorAct[] {
  return [
    ...readable(() => ({ kind: 'override', ...overrideOf('act', override) })),
    ...readable(() => ({ kind: 'policy', ...policyOf('act', policy) })),
  ];
}

/** Each once, newest first: what is filed may lie in the record still, where the write that was to replace it came to nothing. */
export function newestActs(acts: readonly OperatorAct[], limit: number): OperatorAct[] {
  const each = new Map(acts.map((act) => [`${act.kind} ${act.version} ${act.atMs}`, act]));
  return [...each.values()].sort((a, b) => b.atMs - a.atMs || b.version - a.version).slice(0, limit);
}

function readable(read: () => OperatorAct): OperatorAct[] {
  try {
    return [read()];
  } catch {
    return [];
  }
}
