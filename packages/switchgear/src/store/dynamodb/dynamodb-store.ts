import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { type Clock, systemClock } from '../../clock.ts';
import { type OverrideRequest, overridden, type ProbeResult, reportProbe, takeLease } from '../../core/apply.ts';
import { type Evidence, oldestSlot, slotAt } from '../../core/evidence.ts';
import {
  CLOCK_BOUND_MS,
  type CircuitRecord,
  type Head,
  type Lease,
  rootRecord,
  type StoredPolicy,
  sameEpoch,
} from '../../core/record.ts';
import { cleared } from '../../core/transitions.ts';
import { StoreError } from '../../errors.ts';
import { newId } from '../../id.ts';
import type { HistoryEntry, Store, Window, WriteAnswer } from '../contract.ts';
import type { Change } from './change.ts';
import {
  epochHolds,
  leaseHeld,
  overrideAsRead,
  policyAsRead,
  slotFree,
  slotLapsed,
} from './conditions.ts';
import { HISTORY, type TableLayout } from './layout.ts';
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
import type { DynamoDBTransport } from './transport.ts';

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

/** Circuits in a DynamoDB table, also in one that holds other things. `docs/protocol.md` describes the items. */
export class DynamoDBStore implements Store {
  readonly #table: Table;
  readonly #clock: Clock;
  readonly #transport: DynamoDBTransport;

  constructor(options: DynamoDBStoreOptions) {
    this.#clock = options.clock ?? systemClock;
    this.#transport = options.transport ?? lazySdk(options);
    this.#table = new Table(options, this.#transport, this.#clock);
  }

  now(): number | undefined {
    return this.#table.now();
  }

  async load(
    names: readonly string[],
    window: (name: string) => Window,
    { consistent = false }: { readonly consistent?: boolean } = {},
  ): Promise<CircuitRecord[]> {
    const { keys } = this.#table;
    const wanted = [...new Set(names)].map((name) => keys.record(name));
    const items = await this.#table.read(wanted, consistent);
    return names.map((name) => {
      const item = items.get(keys.idOf(keys.record(name)));
      return item ? recordOf(name, item) : rootRecord(name, window(name));
    });
  }

  report(base: CircuitRecord, evidence: Evidence): Promise<WriteAnswer> {
    const nowMs = this.#nowMs();
    const oldest = oldestSlot(nowMs, base);
    const change = (record: CircuitRecord): Change => ({
      when: [epochHolds(record)],
      init: rootValues(record, nowMs),
      add: counterValues(evidence, oldest),
      remove: counterAttributes(Object.keys(record.evidence).filter((slot) => Number(slot) < oldest)),
    });
    return this.#write(base, change, (fresh) => sameEpoch(fresh.epoch, base.epoch));
  }

  settle(base: CircuitRecord, probe: ProbeResult): Promise<WriteAnswer> {
    const nowMs = this.#nowMs();
    const { slot, leaseId, verdict } = probe;
    const change = (record: CircuitRecord): Change => ({
      when: [epochHolds(record), leaseHeld(slot, leaseId, nowMs)],
      ...(verdict !== 'cancel' && {
        set: { lapses: 0 },
        add: { [verdict === 'success' ? 'successes' : 'failures']: 1 },
      }),
      remove: [leaseAttribute(slot)],
    });
    return this.#write(base, change, (fresh) => reportProbe(fresh, base.epoch, probe, nowMs));
  }

  lease(base: CircuitRecord, slot: number, lease: Lease): Promise<WriteAnswer> {
    const nowMs = this.#nowMs();
    const change = (record: CircuitRecord): Change => {
      const takeover = record.state === 'half-open' && record.leases[slot];
      return {
        when: [epochHolds(record), takeover ? slotLapsed(slot, nowMs) : slotFree(slot)],
        set: { [leaseAttribute(slot)]: { ...lease } },
        ...(takeover && { add: { lapses: 1 } }),
      };
    };
    return this.#write(base, change, (fresh) => takeLease(fresh, base.epoch, slot, lease, nowMs));
  }

  transition(base: CircuitRecord, next: Head): Promise<WriteAnswer> {
    const nowMs = this.#nowMs();
    const change = (record: CircuitRecord) => moved(record, next, nowMs);
    return this.#write(base, change, (fresh) => sameEpoch(fresh.epoch, base.epoch), next);
  }

  override(name: string, request: OverrideRequest): Promise<WriteAnswer> {
    return this.#amend(name, (record, nowMs) => {
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

  policy(
    name: string,
    values: StoredPolicy['values'] | null,
    author: { readonly by: string; readonly reason: string },
  ): Promise<WriteAnswer> {
    return this.#amend(name, (record, nowMs) => {
      const { by, reason } = author;
      const version = (record.policy?.version ?? 0) + 1;
      return {
        when: [epochHolds(record), policyAsRead(record)],
        init: rootValues(record, nowMs),
        set: { policy: { version, values: values ?? {}, by, reason, atMs: nowMs }, policyVersion: version },
        remove: ['ttl'],
      };
    });
  }

  async clear(names: readonly string[], { by }: { readonly by: string; readonly reason: string }): Promise<void> {
    await Promise.all(
      names.map((name) => {
        const id = newId();
        return this.#amend(name, async (record, nowMs) => {
          const next = cleared(record, { nowMs, id, by });
          const change = moved(record, next, nowMs);
          await this.#file(record);
          return {
            ...change,
            when: [...change.when, overrideAsRead(record), policyAsRead(record)],
            ...expiring(change, record.policy ? undefined : expirySec(next, nowMs)),
            remove: [...(change.remove ?? []), 'override', 'overrideVersion'],
          };
        });
      }),
    );
  }

  async list(): Promise<string[]> {
    const { keys } = this.#table;
    const { sortKey } = keys;
    if (sortKey !== null) {
      const entries = await this.#table.query(keys.directory, '');
      return entries.map((entry) => textOf(entry[sortKey]));
    }
    const [directory] = (await this.#table.read([keys.entry('')], true)).values();
    return [...(directory?.names && 'SS' in directory.names ? directory.names.SS : [])];
  }
}
