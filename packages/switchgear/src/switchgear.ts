/** The circuits of one process, and the store that they share with the fleet. */

import { Breaker } from './breaker.ts';
import { Circuit } from './circuit/circuit.ts';
import type { EndedCall } from './circuit/ended-call.ts';
import type { Host } from './circuit/host.ts';
import { Refresher } from './circuit/refresher.ts';
import type { StateChange } from './circuit/state-change.ts';
import { type Clock, systemClock } from './clock.ts';
import type { CircuitRecord } from './core/record.ts';
import { ConfigurationError } from './errors.ts';
import { Deadlines } from './guard/deadline.ts';
import type { AddedBy } from './guard/guard.ts';
import type { PlacedGuard } from './guard/place.ts';
import { traceOf } from './guard/trace-of.ts';
import { readGuards } from './guards.ts';
import { newId as randomId } from './id.ts';
import {
  type BreakerOptions,
  FUNCTION,
  type GearOptions,
  isPlain,
  type ResolvedOptions,
  refusal,
  resolveGearOptions,
  resolveOptions,
} from './options.ts';
import type { Store, StoreProblem } from './store/contract.ts';
import { StoreGuard, type Verb } from './store/store-guard.ts';
import { unheard } from './store/unheard.ts';

export interface SwitchgearOptions extends GearOptions {
  /** Where the fleet keeps its circuits. `new MemoryStore()` is one of this process alone. */
  readonly store: Store;
  /** Settings of all breakers that do not say otherwise. */
  readonly defaults?: BreakerOptions;
  /** Settings per circuit, between `defaults` and what the code says: from the environment, say. */
  readonly circuits?: Readonly<Record<string, BreakerOptions>>;
  /** Guards that all breakers have around their calls, but for those that have their own of that kind: in Lambda `invocationDeadline()`. Default: none. */
  readonly guards?: readonly PlacedGuard[];
  /** Time, replaced in tests. */
  readonly clock?: Clock;
  /** Chance, uniform in [0, 1), replaced in tests. */
  readonly random?: () => number;
  /** A fresh id, unique in the fleet, replaced where a run must repeat itself exactly. */
  readonly newId?: () => string;
}

/**
 * One per process: it reads the circuits in use together, once per `cacheTtl`, and shares one store among them.
 * All methods are safe to call concurrently.
 */
export class Switchgear {
  readonly #defaults: BreakerOptions;
  readonly #perCircuit: Readonly<Record<string, BreakerOptions>>;
  readonly #guards: readonly PlacedGuard[];
  readonly #breakers = new Map<string, Breaker<unknown>>();
  /** When circuits were read that have a breaker only for that: their options are nobody's wish. */
  readonly #ahead = new Map<string, number>();
  readonly #host: Host;
  readonly #changes = new Set<(change: StateChange) => void>();
  readonly #calls = new Set<(call: EndedCall) => void>();
  readonly #failures = new Set<(error: unknown, verb: Verb) => void>();
  #unsubscribe: (() => void) | undefined;

  /** @throws ConfigurationError (`INVALID_CONFIGURATION`) with every problem of the options at once. */
  constructor(options: SwitchgearOptions) {
    const {
      store,
      defaults = {},
      circuits = {},
      clock = systemClock,
      random = Math.random,
      newId = randomId,
      guards = [],
      ...rest
    } = options ?? {};
    const problems: string[] = [];
    if (options) isPlain('options', options, problems);
    if (typeof store?.transition !== 'function') {
      const promise = store instanceof Promise && 'a promise: await createStore()';
      problems.push(`store is ${promise || typeof store}; allowed: a store, such as new MemoryStore()`);
    }
    const { now, setTimer } = clock ?? {};
    const functions = { random, newId, 'clock.now': now, 'clock.setTimer': setTimer };
    for (const [key, value] of Object.entries(functions))
      if (typeof value !== 'function') problems.push(refusal(key, value, FUNCTION));
    readGuards([guards], problems);
    this.#guards = guards;
    this.#defaults = { ...defaults };
    // No circuit has an option for being called like a property of every object.
    this.#perCircuit = Object.assign(Object.create(null), circuits);
    const sayAloud = unheard(clock);
    const settings = resolveGearOptions(rest, defaults, circuits, problems);
    const guard = new StoreGuard(store, clock, settings.storeTimeout, (error, verb) => {
      if (this.#failures.size > 0) tell(this.#failures, error, verb);
      else sayAloud(error, verb);
    });
    this.#host = {
      ...settings,
      clock,
      deadlines: new Deadlines(clock),
      guard,
      random,
      newId,
      refresher: new Refresher(guard, settings.cacheTtl, random, this.#breakers),
      emit: (change) => tell(this.#changes, this.#correlated(change)),
      tellCall: undefined,
    };
    try {
      this.#unsubscribe = store.subscribe?.((record) => this.#heard(record));
    } catch (error) {
      guard.tell(error, 'subscribe');
    }
  }

  /** A pushed record. What is wrong with it is no trouble of the store's own code, which calls this. */
  #heard(record: CircuitRecord): void {
    const { clock, guard } = this.#host;
    let circuit: Circuit | undefined;
    try {
      circuit = this.#breakers.get(record.name)?.circuit;
      if (circuit?.adopt(record, clock.now(), false)) return;
    } catch (error) {
      guard.tell(error, 'subscribe');
    }
    void circuit?.load();
  }

  /** Name of this process in leases, transitions and events. */
  get processId(): string {
    return this.#host.processId;
  }

  /** The breakers of this process, by name. */
  get breakers(): ReadonlyMap<string, Breaker<unknown>> {
    return this.#breakers;
  }

  /**
   * The breaker of a circuit; the same one for the same name.
   * @throws ConfigurationError (`INVALID_CONFIGURATION`) for wrong options, or options other than the first time;
   * functions and guards are not compared, those of the first time stay. What guards may answer is in the type of the breaker only
   * where they are given: keep what this returns.
   */
  breaker<const Guards extends readonly PlacedGuard<unknown>[] = []>(
    name: string,
    options?: BreakerOptions & {
      /**
       * Guards around its calls, `retry()` and `fallback(…)` say, one of each kind, over those of the gear. Each knows its place: the order
       * here does not matter. Default: those of the gear.
       */
      readonly guards?: Guards;
    },
  ): Breaker<AddedBy<Guards[number]>>;
  breaker(
    name: string,
    options?: BreakerOptions & { readonly guards?: readonly PlacedGuard<unknown>[] },
  ): Breaker<unknown> {
    const known = this.#breakers.get(name);
    if (known && !options) {
      this.#ahead.delete(name);
      return known;
    }
    const { guards = [], ...rest } = options ?? {};
    const problems: string[] = [];
    if (options) isPlain('options', options, problems);
    const surround = readGuards([guards, this.#guards], problems);
    const resolved = resolveOptions(name, [rest, this.#perCircuit[name] ?? {}, this.#defaults], problems);
    const readMs = this.#ahead.get(name);
    if (known && readMs === undefined) {
      const different = differences(known.circuit.code, resolved);
      if (different.length > 0)
        throw new ConfigurationError([`its breaker has other values of: ${different.join(', ')}`], name);
      return known;
    }
    const circuit = new Circuit(name, resolved, this.#host);
    const breaker = new Breaker<unknown>(this.#host, circuit, surround);
    this.#breakers.set(name, breaker);
    this.#ahead.delete(name);
    const record = known?.circuit.record;
    // A circuit that is not in the store is cut as its options say.
    if (record) circuit.adopt(record.sinceMs ? record : circuit.root(), readMs as number, false);
    return breaker;
  }

  /**
   * Calls `listener` with every change of a circuit of this process, whoever made it. Returns the unsubscribe.
   * A listener that throws or rejects harms nobody; that it does is written to `console.error` once.
   * @throws ConfigurationError (`INVALID_CONFIGURATION`) for a listener that is no function.
   */
  onStateChange(listener: (change: StateChange) => void): () => void {
    return listen(this.#changes, listener);
  }

  /**
   * Calls `listener` with every call that ends, whatever became of it. Returns the unsubscribe. A listener that throws or rejects
   * harms nobody; while nobody listens, calls cost nothing more.
   * @throws ConfigurationError (`INVALID_CONFIGURATION`) for a listener that is no function.
   */
  onCall(listener: (call: EndedCall) => void): () => void {
    const stop = listen(this.#calls, listener);
    this.#host.tellCall = (call) => tell(this.#calls, this.#correlated(call));
    return () => {
      stop();
      if (this.#calls.size === 0) this.#host.tellCall = undefined;
    };
  }

  /**
   * Has every event carry, as its `correlationId`, what `read` returns when it comes about: the id of the request that the code runs for,
   * out of an `AsyncLocalStorage` say. The latest `read` counts. `withSwitchgear` and the middleware do so for Lambda's invocations.
   * @throws ConfigurationError (`INVALID_CONFIGURATION`) for one that is no function.
   */
  correlateBy(read: () => string | undefined): void {
    if (typeof read !== 'function') throw new ConfigurationError([refusal('read', read, FUNCTION)]);
    this.#host.correlationId = read;
  }

  /** Id of the request that the present code runs for, as events have it; `undefined` where none is known. */
  get correlationId(): string | undefined {
    try {
      return this.#host.correlationId?.();
    } catch {
      // It must not cost the event.
      return undefined;
    }
  }

  /**
   * Calls `listener` with every failure of the store; no caller ever sees one. Returns the unsubscribe. While nobody
   * listens, failures are written to `console.error`: each message once per minute, ten messages at most.
   * @throws ConfigurationError (`INVALID_CONFIGURATION`) for a listener that is no function.
   */
  onStoreError(listener: (error: unknown, verb: Verb) => void): () => void {
    return listen(this.#failures, listener);
  }

  /**
   * Reads the circuits before the first call does, also those that get their breaker and its options later: in one batch,
   * within `storeTimeout`. Rejects for wrong names alone.
   */
  async warm(names: readonly string[] = [...this.#breakers.keys()]): Promise<void> {
    const nowMs = this.#host.clock.now();
    const circuits = names.map((name) => {
      const known = this.#breakers.get(name);
      const { circuit } = known ?? this.breaker(name);
      if (!known || this.#ahead.has(name)) this.#ahead.set(name, nowMs);
      return circuit;
    });
    await Promise.all(circuits.map((circuit) => this.#host.refresher.load(circuit)));
  }

  /** Waits until everything under way to the store has arrived or failed, at most `timeoutMs`; never rejects. */
  async flush(timeoutMs = Infinity): Promise<void> {
    const settled = Promise.all([...this.#breakers.values()].map(({ circuit }) => circuit.settled()));
    await this.#host.guard.within<unknown>(settled, () => {}, timeoutMs);
  }

  /**
   * What is wrong with the store (address, rights, clock, settings), each thing with its mend; empty where nothing is, or
   * where the store cannot tell. For the start of a process. Cost: see the store's `check`; does not reject.
   */
  async check(): Promise<StoreProblem[]> {
    return this.#host.guard.store.check?.() ?? [];
  }

  #correlated<Event extends object>(event: Event): Event {
    const { correlationId } = this;
    return correlationId === undefined ? event : { ...event, correlationId };
  }

  /**
   * Flushes, stops listening to the store and closes the connections that the store opened itself, within `storeTimeout`. Calls may go
   * on, with local protection. Does not reject: what fails is told like every failure of the store.
   */
  async close(): Promise<void> {
    await this.flush();
    const end = async (store: Store) => {
      this.#unsubscribe?.();
      await store.close?.();
    };
    await this.#host.guard.call('close', end, () => {});
  }
}

function listen<Listener>(listeners: Set<Listener>, listener: Listener): () => void {
  if (typeof listener !== 'function') throw new ConfigurationError([refusal('listener', listener, FUNCTION)]);
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Listeners that have thrown. Of each that is said once: most are called with every call. */
const broken = new WeakSet<object>();

/** Listeners are the user's code: what they throw, now or later, must stop nothing here. */
function tell<Args extends unknown[]>(listeners: ReadonlySet<(...args: Args) => void>, ...args: Args): void {
  // A copy: one that goes and comes again would be called for ever.
  for (const listener of [...listeners])
    new Promise((resolve) => resolve(listener(...args))).catch((error) => {
      if (!broken.has(listener)) console.error('switchgear: listener threw', traceOf(error));
      broken.add(listener);
    });
}

function differences(a: ResolvedOptions, b: ResolvedOptions): string[] {
  const keys = Object.keys({ ...a, ...b }) as (keyof ResolvedOptions)[];
  return keys.filter((key) => String(a[key]) !== String(b[key]) && typeof (a[key] ?? b[key]) !== 'function');
}
