/** Records in their table: reading them, and writing to one under conditions. */

import type { Clock } from '../../clock.ts';
import { oldestSlot, slotAt, type Window } from '../../core/evidence.ts';
import { type CircuitRecord, CLOCK_BOUND_MS, type Head, rootRecord, sameEpoch } from '../../core/record.ts';
import type { LoadOptions, WriteAnswer } from '../contract.ts';
import { counterFields, headFields, leaseField, recordOf, STATE_FIELDS } from '../record-fields.ts';
import { fromItem, type PlainMap } from './attributes.ts';
import type { Change } from './change.ts';
import { epochHolds, overrideAsRead, policyAsRead } from './conditions.ts';
import { surely, type Table, UNREAD } from './table.ts';

export const DAY_MS = 86_400_000;
/** How long an idle record outlives everything that it says. */
const KEEP_RECORD_MS = 7 * DAY_MS;
export const KEEP_HISTORY_MS = 30 * DAY_MS;

/** A write to a record. */
export interface Write extends Change {
  /** Head of the record after it: says when the record expires. Absent: it must not expire. */
  readonly head?: Head;
}

export class Records {
  readonly table: Table;
  readonly clock: Clock;

  constructor(table: Table, clock: Clock) {
    this.table = table;
    this.clock = clock;
  }

  /** The store's time, before its first answer the machine's. */
  nowMs(): number {
    return this.table.now() ?? this.clock.now();
  }

  async load(
    names: readonly string[],
    window: (name: string) => Window,
    { consistent = false, unreadable }: LoadOptions,
  ): Promise<CircuitRecord[]> {
    const items = await this.table.read(
      names.map((name) => this.table.keys.record(name)),
      consistent,
      unreadable,
    );
    const records = names.map((name, at) => {
      const item = items[at];
      try {
        if (item !== UNREAD) return item ? recordOf(name, fromItem(item)) : rootRecord(name, window(name));
      } catch (error) {
        if (!unreadable) throw error;
        unreadable(error);
      }
      return undefined;
    });
    return records as CircuitRecord[];
  }

  /** Writes from `record`, once. */
  async attempt(record: CircuitRecord, write: Write): Promise<WriteAnswer> {
    const { keys } = this.table;
    await surely(this.#prepare(record, write.head));
    const { accepted, item } = await this.table.update(
      keys.record(record.name),
      expiring(record, write, this.nowMs()),
    );
    return {
      accepted,
      record: item ? recordOf(record.name, fromItem(item)) : rootRecord(record.name, record),
    };
  }

  /** What must be there before the write: a new circuit's entry in the directory, the transition that a next one replaces. */
  async #prepare({ name, sinceMs, epoch, transition }: CircuitRecord, head: Head | undefined): Promise<void> {
    const { keys } = this.table;
    if (sinceMs === 0) await this.table.update(keys.entry(name), { add: { names: [name] } });
    if (!transition || !head || sameEpoch(head.epoch, epoch)) return;
    const ttl = Math.ceil((transition.atMs + KEEP_HISTORY_MS) / 1_000);
    const set = { transition: { ...transition }, epoch: epoch.number, epochId: epoch.id, ttl };
    await this.table.update(keys.history(name, epoch), { set });
  }
}

/** What the first write of a circuit sets, where it is still missing. */
export function rootValues(record: CircuitRecord, nowMs: number): PlainMap {
  return record.epoch.number === 0 ? headFields({ ...rootRecord(record.name, record), sinceMs: nowMs }) : {};
}

/** Replaces the head and empties the evidence, also of buckets that others may have begun since `record` was read. */
export function moved(record: CircuitRecord, next: Head, nowMs: number) {
  const set = headFields(next);
  const slots = new Set(Object.keys(record.evidence).map(Number));
  const last = slotAt(nowMs + CLOCK_BOUND_MS, record.bucketMs);
  for (let slot = oldestSlot(nowMs - CLOCK_BOUND_MS, record); slot <= last; slot++) slots.add(slot);
  const leases = record.state === 'half-open' ? [...record.leases.keys()].map(leaseField) : [];
  const gone = [...STATE_FIELDS, ...leases].filter((attribute) => !(attribute in set));
  return { head: next, when: [epochHolds(record)], set, remove: [...gone, ...counterFields(slots)] };
}

/**
 * Lets the record expire long after everything that it says is over, unless an operator's word lies in it: settings, or an
 * override that no transition has taken into account. The condition sees to it that such a word does not arrive in between.
 */
function expiring(record: CircuitRecord, write: Write, nowMs: number): Write {
  const { head } = write;
  if (!head || record.policy || (record.override?.version ?? 0) > head.settledOverride) return write;
  const ttl = Math.ceil((Math.max(nowMs, deadlineOf(head, nowMs)) + KEEP_RECORD_MS) / 1_000);
  return {
    ...write,
    when: [...(write.when ?? []), overrideAsRead(record), policyAsRead(record)],
    set: { ...write.set, ttl },
  };
}

/** When the last of what the head promises is over. */
function deadlineOf(head: Head, nowMs: number): number {
  if (head.state === 'open') return head.openUntilMs;
  return head.state === 'closed' ? head.sinceMs + head.rampMs : nowMs + head.leaseMs;
}
