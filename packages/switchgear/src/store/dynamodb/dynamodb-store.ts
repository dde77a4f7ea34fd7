import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { type Clock, systemClock } from '../../clock.ts';
import { type ProbeResult, reportProbe, takeLease } from '../../core/apply.ts';
import { type Evidence, oldestSlot, type Window } from '../../core/evidence.ts';
import {
  type CircuitRecord,
  CLOCK_BOUND_MS,
  type Epoch,
  type Head,
  type Lease,
  sameEpoch,
} from '../../core/record.ts';
import type { LoadOptions, Store, StoreProblem, WriteAnswer } from '../contract.ts';
import { counterFields, evidenceFields, leaseField } from '../record-fields.ts';
import { fromAttribute } from './attributes.ts';
import { epochHolds, leaseHeld, slotFree, slotLapsed } from './conditions.ts';
import { resolveLayout, type TableLayout } from './layout.ts';
import { lazySdk } from './lazy-sdk.ts';
import { moved, Records, rootValues, type Write } from './records.ts';
import { Table } from './table.ts';
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

/**
 * Circuits in a DynamoDB table of their own or beside other things. Reads and writes single items, so a circuit takes about
 * 1 000 writes/s; a transition files the previous one first. `docs/protocol.md` describes the items. Operators' acts take a
 * `DynamoDBOperatorStore`.
 *
 * @throws ConfigurationError from the constructor (`INVALID_CONFIGURATION`), StoreError from the verbs (`STORE_FAILED`)
 */
export class DynamoDBStore implements Store {
  /** @internal */
  protected readonly records: Records;
  readonly #own: DynamoDBTransport | undefined;

  constructor(options: DynamoDBStoreOptions) {
    const {
      client,
      region,
      endpoint,
      transport,
      clock = systemClock,
      ...layout
    } = Object(options) as DynamoDBStoreOptions;
    this.#own = transport ? undefined : lazySdk({ client, region, endpoint });
    const table = new Table(resolveLayout(layout), transport ?? (this.#own as DynamoDBTransport), clock);
    this.records = new Records(table, clock);
  }

  now(): number | undefined {
    // Two processes may differ by the bound, each by half of it.
    return this.records.table.now(CLOCK_BOUND_MS / 2);
  }

  load(
    names: readonly string[],
    window: (name: string) => Window,
    options: LoadOptions = {},
  ): Promise<CircuitRecord[]> {
    return this.records.load(names, window, options);
  }

  report(base: CircuitRecord, evidence: Evidence): Promise<WriteAnswer> {
    const nowMs = this.records.nowMs();
    const oldest = oldestSlot(nowMs, base);
    const write = (record: CircuitRecord): Write => ({
      head: record,
      when: [epochHolds(record)],
      init: rootValues(record, nowMs),
      add: evidenceFields(evidence, oldest),
      remove: counterFields(Object.keys(record.evidence).filter((slot) => Number(slot) < oldest)),
    });
    return this.#write(base, write, (fresh) => sameEpoch(fresh.epoch, base.epoch));
  }

  settle(base: CircuitRecord, probe: ProbeResult): Promise<WriteAnswer> {
    const nowMs = this.records.nowMs();
    const { slot, leaseId, verdict } = probe;
    const write = (record: CircuitRecord): Write => ({
      head: record,
      when: [epochHolds(record), leaseHeld(slot, leaseId, nowMs)],
      ...(verdict !== 'cancel' && {
        set: { lapses: 0 },
        add: { [verdict === 'success' ? 'successes' : 'failures']: 1 },
      }),
      remove: [leaseField(slot)],
    });
    return this.#write(base, write, (fresh) => reportProbe(fresh, base.epoch, probe, nowMs));
  }

  lease(base: CircuitRecord, slot: number, lease: Lease): Promise<WriteAnswer> {
    const nowMs = this.records.nowMs();
    const write = (record: CircuitRecord): Write => {
      const takeover = record.state === 'half-open' && record.leases[slot];
      return {
        head: record,
        when: [epochHolds(record), takeover ? slotLapsed(slot, nowMs) : slotFree(slot)],
        set: { [leaseField(slot)]: { ...lease } },
        ...(takeover && { add: { lapses: 1 } }),
      };
    };
    return this.#write(base, write, (fresh) => takeLease(fresh, base.epoch, slot, lease, nowMs));
  }

  transition(base: CircuitRecord, next: Head): Promise<WriteAnswer> {
    const nowMs = this.records.nowMs();
    const write = (record: CircuitRecord) => moved(record, next, nowMs);
    return this.#write(base, write, (fresh) => sameEpoch(fresh.epoch, base.epoch));
  }

  async filed(name: string, epochs: readonly Epoch[]): Promise<boolean[]> {
    const { table } = this.records;
    const items = await table.read(
      epochs.map((epoch) => table.keys.history(name, epoch)),
      true,
    );
    // Without a sort key a key has the number alone.
    return epochs.map(({ id }, at) => fromAttribute(items[at]?.epochId) === id);
  }

  /** Cost: four to six calls, one after the other. Leaves an item without a name that expires within an hour. */
  async check(): Promise<StoreProblem[]> {
    // Not loaded by who does not ask.
    const { check } = await import('./check.ts');
    return check(this.records);
  }

  async close(): Promise<void> {
    this.#own?.close?.();
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
    const answer = await this.records.attempt(base, write(base));
    if (answer.accepted || !accepts(answer.record)) return answer;
    return this.records.attempt(answer.record, write(answer.record));
  }
}
