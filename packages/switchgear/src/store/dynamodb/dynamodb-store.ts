import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { type Clock, systemClock } from '../../clock.ts';
import {
  type OverrideRequest,
  overridden,
  type ProbeResult,
  reportProbe,
  takeLease,
} from '../../core/apply.ts';
import { type Evidence, oldestSlot, slotAt, type Window } from '../../core/evidence.ts';
import {
  type CircuitRecord,
  CLOCK_BOUND_MS,
  type Head,
  type Lease,
  rootRecord,
  type StoredPolicy,
  sameEpoch,
} from '../../core/record.ts';
import { cleared } from '../../core/transitions.ts';
import { StoreError } from '../../errors.ts';
import { newId } from '../../id.ts';
import type { HistoryEntry, Store, WriteAnswer } from '../contract.ts';
import type { PlainMap } from './attributes.ts';
import type { Change } from './change.ts';
import { epochHolds, leaseHeld, overrideAsRead, policyAsRead, slotFree, slotLapsed } from './conditions.ts';
import { checkLayout, HISTORY, type Keys, NAME, type TableLayout } from './layout.ts';
import { lazySdk } from './lazy-sdk.ts';
import {
  counterAttributes,
  counterValues,
  headValues,
  historyEntryOf,
  leaseAttribute,
  recordOf,
  STATE_ATTRIBUTES,
} from './record-item.ts';
import { surely, Table } from './table.ts';
import type { DynamoDBTransport, Item } from './transport.ts';

export interface DynamoDBStoreOptions extends TableLayout {
  /** The SDK's client to use; default: one of the store's own, made with the first call. Its retries never resend a write. */
  readonly client?: DynamoDBClient;
  /** Region of the store's own client; default: the SDK's own search. */
  readonly region?: string;
  /** Address of the store's own client, for emulators; default: the region's. */
  readonly endpoint?: string;
  /** Speaks to DynamoDB instead of the SDK. */
  readonly transport?: DynamoDBTransport;
  /** Clock of this process; default: the system's. */
  readonly clock?: Clock;
}

const DAY_MS = 86_400_000;
/** How long an idle record outlives everything that it says. */
const KEEP_RECORD_MS = 7 * DAY_MS;
const KEEP_HISTORY_MS = 30 * DAY_MS;
/** Races that an operator's act may lose before it gives up. */
const MAX_RACES = 30;
/** How a circuit is cut that was overridden before anybody reported on it: the default window of 60 s. */
const DEFAULT_WINDOW: Window = { bucketMs: 6_000, buckets: 10 };

/** A write to a record. */
interface Write extends Change {
  /** Head of the record after it: says when the record expires. Absent: it must not expire. */
  readonly head?: Head;
}

/**
 * Circuits in a DynamoDB table of their own or beside other things. Reads and writes single items, so a circuit takes about
 * 1 000 writes/s; a transition files the previous one first. `docs/protocol.md` describes the items.
 *
 * @throws ConfigurationError from the constructor (`INVALID_CONFIGURATION`), StoreError from the verbs (`STORE_FAILED`)
 */
export class DynamoDBStore implements Store {
  readonly #table: Table;
  readonly #clock: Clock;
  readonly #own: DynamoDBTransport | undefined;

  constructor(options: DynamoDBStoreOptions) {
    checkLayout(options);
    this.#clock = options.clock ?? systemClock;
    this.#own = options.transport ? undefined : lazySdk(options);
    this.#table = new Table(options, options.transport ?? (this.#own as DynamoDBTransport), this.#clock);
  }

  now(): number | undefined {
    return this.#table.now();
  }

  async load(
    names: readonly string[],
    window: (name: string) => Window,
    { consistent = false }: { readonly consistent?: boolean } = {},
  ): Promise<CircuitRecord[]> {
    const items = await this.#table.read(
      names.map((name) => this.#table.keys.record(name)),
      consistent,
    );
    return names.map((name, at) => {
      const item = items[at];
      return item ? recordOf(name, item) : rootRecord(name, window(name));
    });
  }

  report(base: CircuitRecord, evidence: Evidence): Promise<WriteAnswer> {
    const nowMs = this.#nowMs();
    const oldest = oldestSlot(nowMs, base);
    const write = (record: CircuitRecord): Write => ({
      head: record,
      when: [epochHolds(record)],
      init: rootValues(record, nowMs),
      add: counterValues(evidence, oldest),
      remove: counterAttributes(Object.keys(record.evidence).filter((slot) => Number(slot) < oldest)),
    });
    return this.#write(base, write, (fresh) => sameEpoch(fresh.epoch, base.epoch));
  }

  settle(base: CircuitRecord, probe: ProbeResult): Promise<WriteAnswer> {
    const nowMs = this.#nowMs();
    const { slot, leaseId, verdict } = probe;
    const write = (record: CircuitRecord): Write => ({
      head: record,
      when: [epochHolds(record), leaseHeld(slot, leaseId, nowMs)],
      ...(verdict !== 'cancel' && {
        set: { lapses: 0 },
        add: { [verdict === 'success' ? 'successes' : 'failures']: 1 },
      }),
      remove: [leaseAttribute(slot)],
    });
    return this.#write(base, write, (fresh) => reportProbe(fresh, base.epoch, probe, nowMs));
  }

  lease(base: CircuitRecord, slot: number, lease: Lease): Promise<WriteAnswer> {
    const nowMs = this.#nowMs();
    const write = (record: CircuitRecord): Write => {
      const takeover = record.state === 'half-open' && record.leases[slot];
      return {
        head: record,
        when: [epochHolds(record), takeover ? slotLapsed(slot, nowMs) : slotFree(slot)],
        set: { [leaseAttribute(slot)]: { ...lease } },
        ...(takeover && { add: { lapses: 1 } }),
      };
    };
    return this.#write(base, write, (fresh) => takeLease(fresh, base.epoch, slot, lease, nowMs));
  }

  transition(base: CircuitRecord, next: Head): Promise<WriteAnswer> {
    const nowMs = this.#nowMs();
    const write = (record: CircuitRecord) => moved(record, next, nowMs);
    return this.#write(base, write, (fresh) => sameEpoch(fresh.epoch, base.epoch));
  }

  override(name: string, request: OverrideRequest): Promise<WriteAnswer> {
    return this.#amend(name, (record, nowMs) => {
      // By a clock that is behind, an override could seem to be in force after its release.
      const override = overridden(record, request, Math.max(nowMs, record.override?.atMs ?? 0));
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

  policy(
    name: string,
    values: StoredPolicy['values'] | null,
    { by, reason }: { readonly by: string; readonly reason: string },
  ): Promise<WriteAnswer> {
    return this.#amend(name, (record, nowMs) => {
      const version = (record.policy?.version ?? 0) + 1;
      return {
        when: [epochHolds(record), policyAsRead(record)],
        init: rootValues(record, nowMs),
        set: { policy: { version, values: values ?? {}, by, reason, atMs: nowMs }, policyVersion: version },
        remove: ['ttl'],
      };
    });
  }

  async clear(
    names: readonly string[],
    { by }: { readonly by: string; readonly reason: string },
  ): Promise<void> {
    const clearOne = (record: CircuitRecord, nowMs: number): Write => {
      const move = moved(record, cleared(record, { nowMs, id: newId(), by }), nowMs);
      return {
        ...move,
        when: [...move.when, overrideAsRead(record)],
        remove: [...move.remove, 'override', 'overrideVersion'],
      };
    };
    await Promise.all(names.map((name) => this.#amend(name, clearOne)));
  }

  async list(): Promise<string[]> {
    const { keys } = this.#table;
    const entries =
      keys.sortKey === null
        ? await this.#table.read([keys.entry('')], true)
        : await this.#table.query(keys.directory(), NAME);
    return entries.flatMap((entry) => (entry?.names && 'SS' in entry.names ? entry.names.SS : []));
  }

  async history(name: string, limit = 100): Promise<HistoryEntry[]> {
    const { keys } = this.#table;
    const [item] = await this.#table.read([keys.record(name)], true);
    const latest = item?.transition ? [historyEntryOf(name, item)] : [];
    const filed =
      keys.sortKey === null
        ? await this.#table.read(lastKeys(keys, name, latest[0]?.epoch.number ?? 0, limit), true)
        : await this.#table.query(keys.partition(name), HISTORY, limit);
    const entries = filed
      .flatMap((entry) => (entry ? [historyEntryOf(name, entry)] : []))
      // Filed already where the next transition was lost, or is about to be written.
      .filter(({ epoch }) => !latest.some((own) => sameEpoch(own.epoch, epoch)));
    // Numbers restart after a record has expired, and filed transitions outlive it.
    return [...latest, ...entries]
      .sort((a, b) => b.atMs - a.atMs || b.epoch.number - a.epoch.number)
      .slice(0, limit);
  }

  async close(): Promise<void> {
    this.#own?.close?.();
  }

  #nowMs(): number {
    return this.now() ?? this.#clock.now();
  }

  /**
   * Writes from `base`. A refusal by a record that the verb accepts (`accepts` says so, in the core's own words) means that
   * `base` was out of date in something other than the epoch: an operator has acted since, or a slot has changed hands. Then
   * it writes once more from that record, which a refusal makes safe.
   */
  async #write(
    base: CircuitRecord,
    write: (record: CircuitRecord) => Write,
    accepts: (fresh: CircuitRecord) => unknown,
  ): Promise<WriteAnswer> {
    const answer = await this.#attempt(base, write(base));
    if (answer.accepted || !accepts(answer.record)) return answer;
    return this.#attempt(answer.record, write(answer.record));
  }

  /** An operator's act: reads, then writes until no other act comes between. */
  async #amend(
    name: string,
    act: (record: CircuitRecord, nowMs: number) => Write | undefined,
  ): Promise<WriteAnswer> {
    let [record] = await surely(this.load([name], () => DEFAULT_WINDOW, { consistent: true }));
    for (let race = 0; record && race < MAX_RACES; race++) {
      const write = act(record, this.#nowMs());
      if (!write) return { accepted: false, record };
      const answer = await this.#attempt(record, write);
      if (answer.accepted) return answer;
      record = answer.record;
    }
    throw new StoreError(`circuit "${name}": lost ${MAX_RACES} races in a row to other writers`, 'refused');
  }

  async #attempt(record: CircuitRecord, write: Write): Promise<WriteAnswer> {
    const { keys } = this.#table;
    await surely(this.#prepare(record, write.head));
    const { accepted, item } = await this.#table.update(
      keys.record(record.name),
      expiring(record, write, this.#nowMs()),
    );
    return { accepted, record: item ? recordOf(record.name, item) : rootRecord(record.name, record) };
  }

  /** What must be there before the write: a new circuit's entry in the directory, the transition that a next one replaces. */
  async #prepare({ name, sinceMs, epoch, transition }: CircuitRecord, head: Head | undefined): Promise<void> {
    const { keys } = this.#table;
    if (sinceMs === 0) await this.#table.update(keys.entry(name), { add: { names: [name] } });
    if (!transition || !head || sameEpoch(head.epoch, epoch)) return;
    const ttl = Math.ceil((transition.atMs + KEEP_HISTORY_MS) / 1_000);
    const set = { transition: { ...transition }, epoch: epoch.number, epochId: epoch.id, ttl };
    await this.#table.update(keys.history(name, epoch), { set });
  }
}

/** What the first write of a circuit sets, where it is still missing. */
function rootValues(record: CircuitRecord, nowMs: number): PlainMap {
  return record.epoch.number === 0 ? headValues({ ...rootRecord(record.name, record), sinceMs: nowMs }) : {};
}

/** Replaces the head and empties the evidence, also of buckets that others may have begun since `record` was read. */
function moved(record: CircuitRecord, next: Head, nowMs: number) {
  const set = headValues(next);
  const slots = new Set(Object.keys(record.evidence).map(Number));
  const last = slotAt(nowMs + CLOCK_BOUND_MS, record.bucketMs);
  for (let slot = oldestSlot(nowMs - CLOCK_BOUND_MS, record); slot <= last; slot++) slots.add(slot);
  const leases = record.state === 'half-open' ? [...record.leases.keys()].map(leaseAttribute) : [];
  const gone = [...STATE_ATTRIBUTES, ...leases].filter((attribute) => !(attribute in set));
  return { head: next, when: [epochHolds(record)], set, remove: [...gone, ...counterAttributes(slots)] };
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

/** Where the last `limit` transitions before epoch `number` are filed in a table without a sort key. */
function lastKeys(keys: Keys, name: string, number: number, limit: number): Item[] {
  const length = Math.max(0, Math.min(limit, number - 1));
  return Array.from({ length }, (_, back) => keys.history(name, { number: number - 1 - back, id: '' }));
}
