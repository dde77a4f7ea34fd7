/** What operators do: each act reads, decides, and writes until no other act comes between. */

import { type OverrideRequest, overridden, type Signature, settingsAfter } from '../../core/apply.ts';
import type { Window } from '../../core/evidence.ts';
import { DEFAULT_WINDOW } from '../../core/policy.ts';
import type { CircuitRecord, Head, Override, StoredPolicy } from '../../core/record.ts';
import { cleared } from '../../core/transitions.ts';
import { StoreError } from '../../errors.ts';
import { newId } from '../../id.ts';
import type { WriteAnswer } from '../contract.ts';
import { type recordOf, recordToClear } from '../record-fields.ts';

/** Races that an operator's act may lose before it gives up. */
const MAX_RACES = 30;

/** What the acts need of the store. Writes take effect only where nobody has acted since `base` was read. */
export interface Desk {
  read(name: string, window: Window, read?: typeof recordOf): Promise<CircuitRecord>;
  nowMs(): number;
  amend(
    base: CircuitRecord,
    field: 'override' | 'policy',
    readVersion: number,
    value: Override | StoredPolicy,
  ): Promise<WriteAnswer>;
  clear(base: CircuitRecord, next: Head): Promise<WriteAnswer>;
}

export function override(desk: Desk, name: string, request: OverrideRequest): Promise<WriteAnswer> {
  return act(desk, name, (record) => {
    const override = overridden(record, request, desk.nowMs());
    return override && desk.amend(record, 'override', record.override?.version ?? 0, override);
  });
}

export function policy(
  desk: Desk,
  name: string,
  values: StoredPolicy['values'] | null,
  author: Signature,
): Promise<WriteAnswer> {
  return act(desk, name, (record) => {
    const policy = settingsAfter(record, values, author, desk.nowMs());
    return policy && desk.amend(record, 'policy', record.policy?.version ?? 0, policy);
  });
}

export async function clear(
  desk: Desk,
  names: readonly string[],
  { by, reason }: { readonly by: string; readonly reason: string },
): Promise<void> {
  const clearOne = (record: CircuitRecord) =>
    desk.clear(record, cleared(record, { nowMs: desk.nowMs(), id: newId(), by }, reason));
  await Promise.all(names.map((name) => act(desk, name, clearOne, recordToClear)));
}

async function act(
  desk: Desk,
  name: string,
  attempt: (record: CircuitRecord) => Promise<WriteAnswer> | undefined,
  read?: typeof recordOf,
): Promise<WriteAnswer> {
  let record = await desk.read(name, DEFAULT_WINDOW, read);
  for (let race = 0; race < MAX_RACES; race++) {
    const answer = await attempt(record);
    if (!answer) return { accepted: false, record };
    if (answer.accepted) return answer;
    record = answer.record;
  }
  throw new StoreError(`circuit "${name}": lost ${MAX_RACES} races in a row to other writers`, 'refused');
}
