/** A store that fails on command. Everything it can do is one mechanism: a fault stands around the calls of a verb. */

import type { Clock } from '../clock.ts';
import type { CircuitRecord } from '../core/record.ts';
import { StoreError } from '../errors.ts';
import type { OperatorStore } from '../store/contract.ts';

const VERBS = [
  'load',
  'report',
  'settle',
  'transition',
  'lease',
  'override',
  'policy',
  'list',
  'filed',
  'history',
  'acts',
  'clear',
] as const satisfies readonly (keyof OperatorStore)[];

/** A verb of the store contract that goes over the network. */
export type Verb = (typeof VERBS)[number];

/** What a verb answers. */
export type Answer<V extends Verb = Verb> = ReturnType<OperatorStore[V]> extends Promise<infer A> ? A : never;

/** One call on its way to the store. */
export interface Call<V extends Verb = Verb> {
  readonly verb: V;
  readonly args: Parameters<OperatorStore[V]>;
  /** Lets the store (or the fault injected before this one) do its work. */
  run(): Promise<Answer<V>>;
}

/** Stands around a call: may run it or not, before or after anything else, and answers in its place. */
export type Fault<V extends Verb = Verb> = (call: Call<V>) => Promise<Answer<V>>;

/**
 * Wraps a store; passes everything through until a fault is injected.
 *
 * @example
 * const store = new FaultyStore(new MemoryStore({ clock }));
 * store.inject('report', first(1, losesReply));     // committed, but the caller sees an error
 * store.inject('every', throttles);                 // from now on: the newest fault stands outermost
 * store.before('transition', () => otherProcessTrips());
 */
export class FaultyStore implements OperatorStore {
  /** Calls made so far by verb, failed ones included. */
  readonly calls: Record<Verb, number>;
  /** Present where the wrapped store can push. */
  readonly subscribe?: NonNullable<OperatorStore['subscribe']>;
  /** Present where the wrapped store can look at itself. */
  readonly check?: NonNullable<OperatorStore['check']>;
  readonly #inner: OperatorStore;
  readonly #faults: Record<Verb, Fault[]>;

  constructor(inner: OperatorStore) {
    this.#inner = inner;
    this.calls = forEachVerb(() => 0);
    this.#faults = forEachVerb(() => []);
    if (inner.subscribe) this.subscribe = inner.subscribe.bind(inner);
    if (inner.check) this.check = inner.check.bind(inner);
  }

  /** Puts `fault` around each call of a verb, of several or of `every` verb from now on. Returns what takes it away again. */
  inject<V extends Verb>(verbs: V | readonly V[] | 'every', fault: Fault<V>): () => void {
    const added = fault as unknown as Fault;
    const chosen: readonly Verb[] = verbs === 'every' ? VERBS : typeof verbs === 'string' ? [verbs] : verbs;
    for (const verb of chosen) this.#faults[verb].push(added);
    return () => {
      for (const verb of chosen) this.#faults[verb] = this.#faults[verb].filter((other) => other !== added);
    };
  }

  /** Awaits `hook` before each call of a verb reaches the store: forces an interleaving. Returns what takes it away. */
  before<V extends Verb>(verb: V | 'every', hook: (call: Call<V>) => void | Promise<void>): () => void {
    return this.inject(verb, async (call: Call<V>) => {
      await hook(call);
      return call.run();
    });
  }

  /** Awaits `hook` after each call of a verb took effect and before its caller learns of it. Returns what takes it away. */
  after<V extends Verb>(verb: V | 'every', hook: (call: Call<V>) => void | Promise<void>): () => void {
    return this.inject(verb, async (call: Call<V>) => {
      const answer = await call.run();
      await hook(call);
      return answer;
    });
  }

  now(): number | undefined {
    return this.#inner.now();
  }

  load(...args: Parameters<OperatorStore['load']>) {
    return this.#call('load', args);
  }

  report(...args: Parameters<OperatorStore['report']>) {
    return this.#call('report', args);
  }

  settle(...args: Parameters<OperatorStore['settle']>) {
    return this.#call('settle', args);
  }

  transition(...args: Parameters<OperatorStore['transition']>) {
    return this.#call('transition', args);
  }

  lease(...args: Parameters<OperatorStore['lease']>) {
    return this.#call('lease', args);
  }

  override(...args: Parameters<OperatorStore['override']>) {
    return this.#call('override', args);
  }

  policy(...args: Parameters<OperatorStore['policy']>) {
    return this.#call('policy', args);
  }

  list() {
    return this.#call('list', []);
  }

  filed(...args: Parameters<OperatorStore['filed']>) {
    return this.#call('filed', args);
  }

  history(...args: Parameters<OperatorStore['history']>) {
    return this.#call('history', args);
  }

  acts(...args: Parameters<OperatorStore['acts']>) {
    return this.#call('acts', args);
  }

  clear(...args: Parameters<OperatorStore['clear']>) {
    return this.#call('clear', args);
  }

  async close(): Promise<void> {
    await this.#inner.close?.();
  }

  #call<V extends Verb>(verb: V, args: Parameters<OperatorStore[V]>): Promise<Answer<V>> {
    this.calls[verb] += 1;
    const method = this.#inner[verb] as (...args: Parameters<OperatorStore[V]>) => Promise<Answer<V>>;
    let run = async () => method.apply(this.#inner, args);
    for (const fault of this.#faults[verb] as unknown as Fault<V>[]) {
      const within = run;
      run = async () => fault({ verb, args, run: within });
    }
    return run();
  }
}

/** Fails without doing anything. */
export function throws(error: Error): () => Promise<never> {
  return async () => {
    throw error;
  };
}

/** Never answers and does nothing. */
export function hangs(): Promise<never> {
  return new Promise(() => {});
}

/** Refuses, as a store does that gets more calls than it can take: known not to have happened. */
export async function throttles({ verb }: Call): Promise<never> {
  throw new StoreError(`${verb} was throttled`, 'refused');
}

/** Does its work, but the caller sees an error and cannot know. */
export async function losesReply({ verb, run }: Call): Promise<never> {
  await run();
  throw new StoreError(`the reply to ${verb} was lost`, 'unknown');
}

/** Answers (or fails) `ms` milliseconds of `clock` after the work was done. */
export function late(ms: number, clock: Clock): <V extends Verb>(call: Call<V>) => Promise<Answer<V>> {
  return ({ run }) => run().finally(() => new Promise<void>((resolve) => clock.setTimer(resolve, ms)));
}

/** Answers reads with `records` as they once were, unless the reader asks for a consistent read. */
export function stale(records: readonly CircuitRecord[]): Fault<'load'> {
  return async ({ args: [, , options], run }) => {
    const answer = await run();
    if (options?.consistent) return answer;
    return answer.map((record) => records.find((old) => old.name === record.name) ?? record);
  };
}

/** `fault` for the first `n` calls, then none. */
export function first<V extends Verb>(n: number, fault: Fault<V>): Fault<V> {
  let left = n;
  return (call) => (left-- > 0 ? fault(call) : call.run());
}

function forEachVerb<T>(make: () => T): Record<Verb, T> {
  return Object.fromEntries(VERBS.map((verb) => [verb, make()])) as Record<Verb, T>;
}
