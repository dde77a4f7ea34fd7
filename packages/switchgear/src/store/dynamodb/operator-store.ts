/** What operators do: each act reads, then writes until no other act comes between. */

import { type OverrideRequest, overridden, type Signature, settingsAfter } from '../../core/apply.ts';
import { DEFAULT_WINDOW } from '../../core/policy.ts';
import { type CircuitRecord, rootRecord, type StoredPolicy, sameEpoch } from '../../core/record.ts';
import { cleared } from '../../core/transitions.ts';
import { StoreError } from '../../errors.ts';
import { newId } from '../../id.ts';
import { actsIn, newestActs } from '../acts.ts';
import type { HistoryEntry, OperatorAct, OperatorStore, WriteAnswer } from '../contract.ts';
import { type Fields, historyEntryOf, recordOf, recordToClear } from '../record-fields.ts';
import { fromItem } from './attributes.ts';
import { epochHolds, overrideAsRead, policyAsRead } from './conditions.ts';
import { DynamoDBStore } from './dynamodb-store.ts';
import { ACT, actKey, HISTORY, type Keys, NAME } from './layout.ts';
import { query } from './query.ts';
import { DAY_MS, KEEP_HISTORY_MS, moved, rootValues, type Write } from './records.ts';
import { surely } from './table.ts';
import type { Item } from './transport.ts';

/** Races that an operator's act may lose before it gives up. */
const MAX_RACES = 30;

/**
 * A `DynamoDBStore` that operators can act on too. A class of its own, so that a function which makes calls alone does not
 * carry what it never does.
 *
 * @throws ConfigurationError from the constructor (`INVALID_CONFIGURATION`), StoreError from the verbs (`STORE_FAILED`)
 */
export class DynamoDBOperatorStore extends DynamoDBStore implements OperatorStore {
  #wanted: string[] = [];
  #reading: Promise<ReadonlyMap<string, Item | undefined>> | undefined;

  async override(name: string, request: OverrideRequest): Promise<WriteAnswer> {
    return this.#act(name, (record, nowMs) => {
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

  async policy(name: string, values: StoredPolicy['values'] | null, author: Signature): Promise<WriteAnswer> {
    return this.#act(name, (record, nowMs) => {
      const policy = settingsAfter(record, values, author, nowMs);
      return (
        policy && {
          when: [epochHolds(record), policyAsRead(record)],
          init: rootValues(record, nowMs),
          set: { policy: { ...policy }, policyVersion: policy.version },
          remove: ['ttl'],
        }
      );
    });
  }

  async clear(
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
    await Promise.all(names.map((name) => this.#act(name, clearOne, recordToClear)));
  }

  async list(): Promise<string[]> {
    const { table } = this.records;
    const { keys } = table;
    const entries =
      keys.sortKey === null
        ? await table.read([keys.entry('')], true)
        : await query(table, keys.directory(), NAME);
    return entries.flatMap((entry) => (entry?.names && 'SS' in entry.names ? entry.names.SS : []));
  }

  async history(name: string, limit = 100): Promise<HistoryEntry[]> {
    const { table } = this.records;
    const { keys } = table;
    const [item] = await table.read([keys.record(name)], true);
    const latest = item?.transition ? [historyEntryOf(name, fromItem(item))] : [];
    const filed =
      keys.sortKey === null
        ? await table.read(lastKeys(keys, name, latest[0]?.epoch.number ?? 0, limit), true)
        : await query(table, keys.partition(name), HISTORY, limit);
    const entries = filed
      .flatMap((entry) => (entry ? [historyEntryOf(name, fromItem(entry))] : []))
      // Filed already where the next transition was lost, or is about to be written.
      .filter(({ epoch }) => !latest.some((own) => sameEpoch(own.epoch, epoch)));
    return [...latest, ...entries].sort(newestFirst).slice(0, limit);
  }

  async acts(name: string, limit = 100): Promise<OperatorAct[]> {
    const { table } = this.records;
    const { keys } = table;
    const [item] = await table.read([keys.record(name)], true);
    const filed =
      keys.sortKey === null
        ? await table.read(actKeys(keys, name, fromItem(item ?? {}), limit), true)
        : await query(table, keys.partition(name), ACT, limit);
    const items = [item, ...filed].map((each) => fromItem(each ?? {}));
    return newestActs(items.flatMap(actsIn), limit);
  }

  async #act(
    name: string,
    act: (record: CircuitRecord, nowMs: number) => Write | undefined,
    read = recordOf,
  ): Promise<WriteAnswer> {
    const item = (await surely(this.#items(name))).get(name);
    let record = item ? read(name, fromItem(item)) : rootRecord(name, DEFAULT_WINDOW);
    for (let race = 0; race < MAX_RACES; race++) {
      const write = act(record, this.records.nowMs());
      if (!write) return { accepted: false, record };
      await surely(this.#file(record, write));
      const answer = await this.records.attempt(record, write);
      if (answer.accepted) return answer;
      record = answer.record;
    }
    throw new StoreError(`circuit "${name}": lost ${MAX_RACES} races in a row to other writers`, 'refused');
  }

  /** First, like a transition: who dies before the write leaves an act in two places rather than in none. */
  async #file({ name, override, policy }: CircuitRecord, { set = {}, remove = [] }: Write): Promise<void> {
    const { table } = this.records;
    const replaced = actsIn({ override: { ...override }, policy: { ...policy } }).filter(
      ({ kind }) => kind in set || remove.includes(kind),
    );
    for (const { kind, ...act } of replaced) {
      const ttl = Math.ceil((this.records.nowMs() + KEEP_HISTORY_MS) / 1_000);
      await table.update(actKey(table.keys, name, { kind, ...act }), { set: { [kind]: act, ttl } });
    }
  }

  /** The items of this circuit and of all others that acts begun in the same task ask for, in one read. */
  #items(name: string): Promise<ReadonlyMap<string, Item | undefined>> {
    this.#wanted.push(name);
    this.#reading ??= Promise.resolve().then(async () => {
      const names = this.#wanted;
      this.#wanted = [];
      this.#reading = undefined;
      const { table } = this.records;
      const items = await table.read(
        names.map((each) => table.keys.record(each)),
        true,
      );
      return new Map(names.map((each, at) => [each, items[at]]));
    });
    return this.#reading;
  }
}

/**
 * By number: committers' clocks differ, so that of two close transitions the later may bear the earlier time. By time only
 * where they lie further apart: numbers restart after a record has expired, days later, and filed transitions outlive it.
 */
function newestFirst(a: HistoryEntry, b: HistoryEntry): number {
  const laterMs = b.atMs - a.atMs;
  return Math.abs(laterMs) < DAY_MS ? b.epoch.number - a.epoch.number : laterMs;
}

/** Where the last `limit` transitions before epoch `number` are filed in a table without a sort key. */
function lastKeys(keys: Keys, name: string, number: number, limit: number): Item[] {
  const length = Math.max(0, Math.min(limit, number - 1));
  return Array.from({ length }, (_, back) => keys.history(name, { number: number - 1 - back, id: '' }));
}

/** Where the last `limit` acts of each kind are filed in a table without a sort key. */
function actKeys(keys: Keys, name: string, record: Fields, limit: number): Item[] {
  const latest = {
    // A `clear` takes the override away, and leaves its version there.
    override: Math.max(Number(record.overrideVersion ?? 0), Number(record.settledOverride ?? 0)),
    policy: Number(record.policyVersion ?? 0),
  };
  return (['override', 'policy'] as const).flatMap((kind) =>
    Array.from({ length: Math.min(limit, latest[kind]) }, (_, back) =>
      actKey(keys, name, { kind, version: latest[kind] - back, atMs: 0 }),
    ),
  );
}
