/** What operators do: each act reads, then writes until no other act comes between. */

import { type OverrideRequest, overridden } from '../../core/apply.ts';
import type { Window } from '../../core/evidence.ts';
import type { CircuitRecord, StoredPolicy } from '../../core/record.ts';
import { cleared } from '../../core/transitions.ts';
import { StoreError } from '../../errors.ts';
import { newId } from '../../id.ts';
import type { WriteAnswer } from '../contract.ts';
import { recordOf, recordToClear } from '../record-fields.ts';
import { epochHolds, overrideAsRead, policyAsRead } from './conditions.ts';
import { NAME } from './layout.ts';
import { moved, type Records, rootValues, type Write } from './records.ts';
import { surely } from './table.ts';

/** Races that an operator's act may lose before it gives up. */
const MAX_RACES = 30;
/** How a circuit is cut that was overridden before anybody reported on it: the default window of 60 s. */
const DEFAULT_WINDOW: Window = { bucketMs: 6_000, buckets: 10 };

export function override(records: Records, name: string, request: OverrideRequest): Promise<WriteAnswer> {
  return amend(records, name, (record, nowMs) => {
    // By a clock that is behind, an override could seem to be in force after its release.
    const override = overridden(record, request, nowMs);
    return (
      override && {
        when: [epochHolds(record), overrideAsRead(record)],
        init: rootValues(record, nowMs),
        set: { override: { ...override }, overrideVersion: override.version },
        remove: ['ttl'],
      }
    );
  });
}

export function policy(
  records: Records,
  name: string,
  values: StoredPolicy['values'] | null,
  { by, reason }: { readonly by: string; readonly reason: string },
): Promise<WriteAnswer> {
  return amend(records, name, (record, nowMs) => {
    const version = (record.policy?.version ?? 0) + 1;
    return {
      when: [epochHolds(record), policyAsRead(record)],
      init: rootValues(record, nowMs),
      set: { policy: { version, values: values ?? {}, by, reason, atMs: nowMs }, policyVersion: version },
      remove: ['ttl'],
    };
  });
}

export async function clear(
  records: Records,
  names: readonly string[],
  { by, reason }: { readonly by: string; readonly reason: string },
): Promise<void> {
  const clearOne = (record: CircuitRecord, nowMs: number): Write => {
    const move = moved(record, cleared(record, { nowMs, id: newId(), by }, reason), nowMs);
    return {
      ...move,
      when: [...move.when, overrideAsRead(record)],
      remove: [...move.remove, 'override', 'overrideVersion'],
    };
  };
  await Promise.all(names.map((name) => amend(records, name, clearOne, recordToClear)));
}

export async function list({ table }: Records): Promise<string[]> {
  const { keys } = table;
  const entries =
    keys.sortKey === null
      ? await table.read([keys.entry('')], true)
      : await table.query(keys.directory(), NAME);
  return entries.flatMap((entry) => (entry?.names && 'SS' in entry.names ? entry.names.SS : []));
}

async function amend(
  records: Records,
  name: string,
  act: (record: CircuitRecord, nowMs: number) => Write | undefined,
  read = recordOf,
): Promise<WriteAnswer> {
  let [record] = await surely(records.load([name], () => DEFAULT_WINDOW, { consistent: true }, read));
  for (let race = 0; record && race < MAX_RACES; race++) {
    const write = act(record, records.nowMs());
    if (!write) return { accepted: false, record };
    const answer = await records.attempt(record, write);
    if (answer.accepted) return answer;
    record = answer.record;
  }
  throw new StoreError(`circuit "${name}": lost ${MAX_RACES} races in a row to other writers`, 'refused');
}
