import { type Clock, systemClock } from '../../clock.ts';
import type { OverrideRequest, ProbeResult, Signature } from '../../core/apply.ts';
import type { Evidence, Window } from '../../core/evidence.ts';
import {
  type CircuitRecord,
  CLOCK_BOUND_MS,
  type Epoch,
  type Head,
  type Lease,
  type StoredPolicy,
} from '../../core/record.ts';
import { StoreError } from '../../errors.ts';
import { newestActs } from '../acts.ts';
import type {
  HistoryEntry,
  LoadOptions,
  OperatorAct,
  OperatorStore,
  StoreProblem,
  WriteAnswer,
} from '../contract.ts';
import { filedIn } from '../filed.ts';
import { evidenceFields, type recordOf, UnreadableError } from '../record-fields.ts';
import { connectionOf, type RedisClient } from './client.ts';
import type { RedisConnection } from './connection.ts';
import { DEFAULT_PREFIX, Keys } from './keys.ts';
import { loaded } from './loaded.ts';
import * as operators from './operators.ts';
import { Push } from './push.ts';
import {
  actsOfText,
  flatHead,
  flatRoot,
  historyEntryOfText,
  historyText,
  missingFields,
} from './record-hash.ts';
import { Scripts } from './scripts.ts';
import { together } from './together.ts';

const DAY_MS = 86_400_000;
/** How long an idle record outlives everything that it says. */
const KEEP_RECORD_MS = 7 * DAY_MS;
const KEEP_HISTORY_MS = 30 * DAY_MS;
/** Transitions kept per circuit, and operators' acts. */
const HISTORY_LIMIT = 1_000;

export interface RedisStoreOptions {
  /**
   * A client of ioredis (`Redis`, `Cluster`) or node-redis (`createClient`, `createCluster`, `createSentinel`). It serves
   * as a model: the store duplicates it into connections that never send a write twice, and leaves it alone. It need not
   * be connected.
   */
  readonly client: RedisClient;
  /** Begins all keys and the channel, after the `keyPrefix` of an ioredis client; without { and }. Default `switchgear`. */
  readonly prefix?: string;
  /**
   * Whether `subscribe` listens, on one more connection. Default: yes, but not in AWS Lambda, where a frozen process
   * hears nothing.
   */
  readonly push?: boolean;
  /** Clock of this process; default: the system's. */
  readonly clock?: Clock;
}

/**
 * Circuits in Redis or Valkey: standalone, behind Sentinel or in a Cluster. Each verb is one script on one circuit's keys;
 * transitions and overrides are published, so that a fleet knows of them within milliseconds. Connects with the first
 * call. `docs/redis.md` describes keys, rights and server settings.
 *
 * @throws ConfigurationError from the constructor (`INVALID_CONFIGURATION`), StoreError from the verbs (`STORE_FAILED`)
 */
export class RedisStore implements OperatorStore {
  readonly #keys: Keys;
  readonly #connection: RedisConnection;
  readonly #scripts: Scripts;
  readonly #push: Push | undefined;
  readonly #clock: Clock;

  constructor({
    client,
    prefix = DEFAULT_PREFIX,
    push = !inLambda(),
    clock = systemClock,
  }: RedisStoreOptions) {
    this.#connection = connectionOf(client);
    const { database, keyPrefix = '' } = this.#connection;
    this.#keys = new Keys(typeof prefix === 'string' ? keyPrefix + prefix : prefix, database);
    this.#clock = clock;
    this.#scripts = new Scripts(this.#connection, clock);
    this.#push = push
      ? new Push(this.#connection, this.#keys.channel, (names, window) =>
          // Who reads such a circuit is told; a subscription must not begin anew for ever because of it.
          this.#read(names, window, { unreadable: () => {} }),
        )
      : undefined;
  }

  now(): number | undefined {
    // Two processes may differ by the bound, each by half of it.
    return this.#scripts.now(CLOCK_BOUND_MS / 2);
  }

  /** Cost: one round trip per node, whatever the number of names. Always consistent. */
  async load(
    names: readonly string[],
    window: (name: string) => Window,
    options: LoadOptions = {},
  ): Promise<CircuitRecord[]> {
    const records = await this.#read(names, window, options);
    this.#push?.watch(records.filter(Boolean));
    return records;
  }

  async report(base: CircuitRecord, evidence: Evidence): Promise<WriteAnswer> {
    const counters = Object.entries(evidenceFields(evidence));
    await this.#enter(base);
    const args = [KEEP_RECORD_MS, counters.length, ...counters.flat(), ...flatRoot(base)];
    return this.#write('report', base, args);
  }

  settle(base: CircuitRecord, { slot, leaseId, verdict }: ProbeResult): Promise<WriteAnswer> {
    const counter = { success: 'successes', failure: 'failures', cancel: '' }[verdict];
    const told = [this.#keys.channel, base.name];
    return this.#write('settle', base, [KEEP_RECORD_MS, slot, leaseId, counter, ...told]);
  }

  lease(base: CircuitRecord, slot: number, lease: Lease): Promise<WriteAnswer> {
    return this.#write('lease', base, [KEEP_RECORD_MS, slot, JSON.stringify(lease), CLOCK_BOUND_MS]);
  }

  transition(base: CircuitRecord, next: Head): Promise<WriteAnswer> {
    return this.#move(base, next);
  }

  override(name: string, request: OverrideRequest): Promise<WriteAnswer> {
    return operators.override(this.#desk, name, request);
  }

  policy(name: string, values: StoredPolicy['values'] | null, author: Signature): Promise<WriteAnswer> {
    return operators.policy(this.#desk, name, values, author);
  }

  clear(names: readonly string[], author: { readonly by: string; readonly reason: string }): Promise<void> {
    return operators.clear(this.#desk, names, author);
  }

  async list(): Promise<string[]> {
    const { directory } = this.#keys;
    return (await this.#scripts.send(directory, 'SMEMBERS', directory)) as string[];
  }

  async filed(name: string, epochs: readonly Epoch[]): Promise<boolean[]> {
    return filedIn(await this.history(name, HISTORY_LIMIT), epochs);
  }

  async history(name: string, limit = 100): Promise<HistoryEntry[]> {
    const key = this.#keys.history(name);
    const entries = await this.#scripts.send(key, 'LRANGE', key, '0', String(limit - 1));
    return (entries as string[]).map((entry) => historyEntryOfText(name, entry));
  }

  async acts(name: string, limit = 100): Promise<OperatorAct[]> {
    const record = this.#keys.record(name);
    const acts = this.#keys.acts(name);
    // In this order: what is replaced in between is in both, not in neither.
    const present = await this.#scripts.send(record, 'HMGET', record, 'override', 'policy');
    const filed = await this.#scripts.send(acts, 'LRANGE', acts, '0', String(limit - 1));
    const [override, policy] = present as (string | null)[];
    const texts = [`{"override":${override}}`, `{"policy":${policy}}`, ...(filed as string[])];
    return newestActs(texts.flatMap(actsOfText), limit);
  }

  /**
   * Each subscription, the first and those after a lost connection, begins with the circuits that this store has read, so
   * that nothing missed stays missed. One connection, however many listeners.
   */
  subscribe(listener: (record: CircuitRecord) => void): () => void {
    return this.#push?.subscribe(listener) ?? (() => {});
  }

  /** Cost: four round trips at most, and a connection for the subscription. Leaves keys that expire within a minute. */
  async check(): Promise<StoreProblem[]> {
    // Not loaded by who does not ask.
    const { check } = await import('./check.ts');
    return check(this.#connection, this.#scripts, this.#keys, this.#clock, this.#push !== undefined);
  }

  close(): Promise<void> {
    this.#push?.close();
    return this.#connection.close();
  }

  /** What operators' acts are made of. */
  get #desk(): operators.Desk {
    return {
      read: async (name, window, read) => (await this.#load(name, window, read)).record,
      nowMs: () => this.#scripts.now() ?? this.#clock.now(),
      amend: async (base, field, readVersion, value) => {
        await this.#enter(base);
        const { version } = value;
        const { name, epoch } = base;
        return this.#scripts.run(
          'amend',
          [this.#keys.record(name), this.#keys.acts(name)],
          [
            ...[epoch.number, epoch.id, field, readVersion, version, JSON.stringify(value)],
            ...[this.#keys.channel, name, KEEP_HISTORY_MS, HISTORY_LIMIT, ...flatRoot(base)],
          ],
          base,
        );
      },
      clear: (base, next) => this.#move(base, next, base.override?.version ?? 0),
    };
  }

  #read(
    names: readonly string[],
    window: (name: string) => Window,
    { unreadable, withinMs }: LoadOptions,
  ): Promise<CircuitRecord[]> {
    const reads = names.map(async (name) => {
      const answer = await this.#load(name, window(name)).catch((error: StoreError) => {
        // After a thaw the first command finds the connection dead; a read may go out again.
        if (error.fate === 'refused' || error instanceof UnreadableError) throw error;
        return this.#load(name, window(name));
      });
      return answer.record;
    });
    return loaded(together(reads, withinMs), unreadable);
  }

  #load(name: string, window: Window, read?: typeof recordOf): Promise<WriteAnswer> {
    return this.#scripts.run('load', [this.#keys.record(name)], [], { name, ...window }, read);
  }

  /** With `override`, its version as read, the move ends it. */
  async #move(base: CircuitRecord, next: Head, override?: number): Promise<WriteAnswer> {
    const { name, epoch } = base;
    await this.#enter(base);
    const removed = [
      ...missingFields(next),
      ...(override === undefined ? [] : ['override', 'overrideVersion']),
    ];
    return this.#scripts.run(
      'transition',
      [this.#keys.record(name), this.#keys.history(name), this.#keys.acts(name)],
      [
        ...[epoch.number, epoch.id, KEEP_RECORD_MS, KEEP_HISTORY_MS, HISTORY_LIMIT],
        ...[this.#keys.channel, name, override ?? '', historyText(next)],
        ...[removed.length, ...removed, ...flatHead(next)],
      ],
      base,
    );
  }

  #write(
    verb: 'report' | 'settle' | 'lease',
    base: CircuitRecord,
    args: readonly (string | number)[],
  ): Promise<WriteAnswer> {
    const { name, epoch } = base;
    return this.#scripts.run(verb, [this.#keys.record(name)], [epoch.number, epoch.id, ...args], base);
  }

  /** Enters a new circuit into the directory, before its record: a process that dies in between leaves a name too many, not one too few. */
  async #enter({ name, sinceMs }: CircuitRecord): Promise<void> {
    if (sinceMs !== 0) return;
    const { directory } = this.#keys;
    try {
      await this.#scripts.send(directory, 'SADD', directory, name);
    } catch (cause) {
      // The write itself has not been sent.
      throw new StoreError((cause as Error).message, 'refused', { cause });
    }
  }
}

function inLambda(): boolean {
  return globalThis.process?.env?.AWS_LAMBDA_FUNCTION_NAME !== undefined;
}
