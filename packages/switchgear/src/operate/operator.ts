import { type CircuitStatus, recordStatus } from '../circuit/status.ts';
import { systemClock } from '../clock.ts';
import type { OverrideRequest, Signature } from '../core/apply.ts';
import { DEFAULT_WINDOW } from '../core/policy.ts';
import type { CircuitRecord, StoredPolicy } from '../core/record.ts';
import { ConfigurationError, ConflictError } from '../errors.ts';
import { accept, checkName, readOptions, refusal } from '../options.ts';
import type {
  HistoryEntry,
  LoadOptions,
  OperatorAct,
  OperatorStore,
  StoreProblem,
  WriteAnswer,
} from '../store/contract.ts';
import {
  AUTHOR,
  type Author,
  checkNames,
  entriesOf,
  OVERRIDE,
  resolveActs,
  type StateRequest,
  WITNESS,
  type Witness,
} from './acts.ts';
import { type PolicyValues, policyValues } from './policy-values.ts';

export interface OperatorOptions {
  /** Where the fleet keeps its circuits. `createStore` gives one; for DynamoDB it is a `DynamoDBOperatorStore`. */
  readonly store: OperatorStore;
  /** Who acts where an act does not say: 1 to 64 characters. Without it each act must. */
  readonly by?: string;
}

const OPTIONS = { by: { kind: 'text', min: 1, max: 64 } } as const;
const LIMIT = { kind: 'integer', min: 1, max: 1_000 } as const;

/**
 * A person or a program that looks after circuits, of one store and any number of processes. It makes no calls and needs no
 * `Switchgear`. Processes hear of its acts by push, or with their next refresh, at most `cacheTtl` and 10 % later.
 *
 * Every method reads anew, rejects with a `StoreError` (`STORE_FAILED`) when the store does, and may be called concurrently.
 */
export class Operator {
  readonly #store: OperatorStore;
  readonly #by: string | undefined;

  /** @throws ConfigurationError (`INVALID_CONFIGURATION`) with every problem of the options at once. */
  constructor(options: OperatorOptions) {
    const { store, ...rest } = options ?? {};
    const problems: string[] = [];
    if (typeof store?.override !== 'function')
      problems.push(
        'store has no verbs for operators; allowed: a MemoryStore, RedisStore, DynamoDBOperatorStore …',
      );
    this.#by = readOptions(OPTIONS, [rest], problems).by as string | undefined;
    if (problems.length > 0) throw new ConfigurationError(problems);
    this.#store = store;
  }

  /** Names of all circuits that were ever written. Cost: one read (DynamoDB: one per megabyte of names). */
  async list(): Promise<string[]> {
    return this.#store.list();
  }

  /**
   * The fleet's state of these circuits, by default of all that there are; one that was never written is closed.
   * A record that cannot be read makes it reject; with `unreadable` it is left out, and `unreadable` is told why.
   * Cost: one consistent read per 100 circuits (Redis: one round trip per node), and `list` where no names are given.
   * @throws ConfigurationError (`INVALID_CONFIGURATION`) for wrong names.
   */
  async getStates(
    names?: readonly string[],
    options: Pick<LoadOptions, 'unreadable'> = {},
  ): Promise<Record<string, CircuitStatus>> {
    const records = await this.#read(names ?? (await this.list()), options);
    return this.#statuses(records.filter(Boolean));
  }

  /**
   * Sets or releases overrides, all circuits at once; a release where nothing is in force changes nothing. Of two operators
   * the later one holds, unless he names the version that he saw (`ifVersion`). Answers with the states after.
   * Cost: one read for all (per 100), then a write each, at the same time (DynamoDB: two, where an act is to be filed).
   * @throws ConfigurationError (`INVALID_CONFIGURATION`) with every problem of the requests: then nothing is written.
   * @throws ConflictError (`CONFLICT`) where somebody came first: then the other circuits of the request are written.
   */
  async setStates(requests: Readonly<Record<string, StateRequest>>): Promise<Record<string, CircuitStatus>> {
    const acts = resolveActs<OverrideRequest>(OVERRIDE, entriesOf(requests), this.#by);
    const answers = await Promise.all(acts.map(([name, request]) => this.#store.override(name, request)));
    const conflicts = answers.flatMap((answer, at) => conflictOf('override', answer, acts[at]?.[1]));
    if (conflicts.length > 0) throw new ConflictError(conflicts.join('\n'));
    return this.#statuses(answers.map(({ record }) => record));
  }

  /**
   * Puts circuits into a fresh closed state, without override, even one whose override cannot be read. Their history and
   * stored policy stay. Cost: one read for all (per 100), then up to three writes each, at the same time.
   * @throws ConfigurationError (`INVALID_CONFIGURATION`) for wrong names or a wrong author: then nothing is written.
   */
  async clearStates(names: readonly string[], author: Author): Promise<void> {
    if (!Array.isArray(names)) checkNames(names);
    const acts = names.map((name) => [name, author] as const);
    const [first] = resolveActs<Required<Author>>(AUTHOR, acts, this.#by);
    if (first) await this.#store.clear(names, first[1]);
  }

  /**
   * Transitions of a circuit, newest first, at most `limit` (1 to 1 000, default 100). Cost: one or two reads.
   * @throws ConfigurationError (`INVALID_CONFIGURATION`) for a wrong name or limit.
   */
  async history(name: string, limit = 100): Promise<HistoryEntry[]> {
    checkQuery(name, limit);
    return this.#store.history(name, limit);
  }

  /**
   * What operators did with a circuit, newest first, at most `limit` (1 to 1 000, default 100): overrides, releases, settings,
   * with who and why; those that were replaced for 30 days. Cost: two reads.
   * @throws ConfigurationError (`INVALID_CONFIGURATION`) for a wrong name or limit.
   */
  async acts(name: string, limit = 100): Promise<OperatorAct[]> {
    checkQuery(name, limit);
    return this.#store.acts(name, limit);
  }

  /**
   * The policies stored with these circuits, by default with all that there are; `undefined` where there never was one. One
   * that was removed has no `values`, and says who did it and why. Cost: as for `getStates`.
   * @throws ConfigurationError (`INVALID_CONFIGURATION`) for wrong names.
   */
  async getPolicies(names?: readonly string[]): Promise<Record<string, StoredPolicy | undefined>> {
    const records = await this.#read(names ?? (await this.list()));
    return Object.fromEntries(records.map(({ name, policy }) => [name, policy]));
  }

  /**
   * Stores settings with a circuit, in the place of those before; `null` removes them. Processes take them over in the place
   * of their code's, without a deploy, but for settings that their code has `pinned`. Of two operators the later one holds,
   * unless he names the version that he saw (`ifVersion`). Cost: a read and a write (DynamoDB: two, where there are settings to file).
   * @throws ConfigurationError (`INVALID_CONFIGURATION`) with every problem: then nothing is written.
   * @throws ConflictError (`CONFLICT`) where somebody came first: then nothing is written.
   */
  async setPolicy(name: string, values: PolicyValues | null, author: Witness): Promise<StoredPolicy> {
    const problems: string[] = [];
    const stored = values === null ? null : policyValues(values, problems);
    checkName(name, problems);
    const act = readOptions(WITNESS, [author, { by: this.#by }], problems) as unknown as Signature;
    if (problems.length > 0) throw new ConfigurationError(problems, name);
    const answer = await this.#store.policy(name, stored, act);
    const [conflict] = conflictOf('policy', answer, act);
    if (conflict) throw new ConflictError(conflict, name);
    return answer.record.policy as StoredPolicy;
  }

  /**
   * Calls `listener`, which must not throw, with each record that changed its epoch, its override or its policy, where the store
   * can push. Returns the unsubscribe, or `undefined` where it cannot: then poll `getStates`.
   */
  subscribe(listener: (record: CircuitRecord) => void): (() => void) | undefined {
    return this.#store.subscribe?.(listener);
  }

  /** What is wrong with the store, each thing with its mend; empty where nothing is, or where the store cannot tell. Does not reject. */
  async check(): Promise<StoreProblem[]> {
    return this.#store.check?.() ?? [];
  }

  /** Gives back the connections that the store opened itself. */
  async close(): Promise<void> {
    await this.#store.close?.();
  }

  async #read(names: readonly string[], options: LoadOptions = {}): Promise<CircuitRecord[]> {
    checkNames(names);
    return this.#store.load(names, () => DEFAULT_WINDOW, { ...options, consistent: true });
  }

  /** An answer has just taught the store its time. */
  #statuses(records: readonly CircuitRecord[]): Record<string, CircuitStatus> {
    const nowMs = this.#store.now() ?? systemClock.now();
    return Object.fromEntries(records.map((record) => [record.name, recordStatus(record, nowMs)]));
  }
}

/** @throws ConfigurationError for a name or a limit that cannot be. */
function checkQuery(name: string, limit: number): void {
  const problems: string[] = [];
  checkName(name, problems);
  if (accept(LIMIT, limit) === undefined) problems.push(refusal('limit', limit, LIMIT));
  if (problems.length > 0) throw new ConfigurationError(problems);
}

/** Who came first, in words, where an act was refused because of him. */
function conflictOf(
  kind: 'override' | 'policy',
  { accepted, record }: WriteAnswer,
  { ifVersion }: Partial<Signature> = {},
): string[] {
  const present = record[kind];
  if (accepted || ifVersion === undefined || ifVersion === (present?.version ?? 0)) return [];
  const what = `circuit "${record.name}": its ${kind} is another than you saw`;
  return [present ? `${what}, by ${present.by}: ${present.reason}` : `${what}: none`];
}
