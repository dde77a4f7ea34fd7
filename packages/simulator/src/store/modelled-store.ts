import {
  type CircuitRecord,
  type HistoryEntry,
  MemoryStore,
  type OperatorAct,
  type OperatorStore,
  type Store,
  StoreError,
  type Window,
} from 'switchgear';
import type { Engine } from '../engine/engine.ts';
import type { Event } from '../engine/event-queue.ts';
import { type Process, ProcessEvent } from '../engine/process.ts';
import type { Random } from '../engine/random.ts';
import { Meter } from './meter.ts';
import { Past } from './past.ts';
import type { StoreProfile } from './store-profile.ts';
import type { Trouble, Troubles } from './trouble.ts';
import { itemOf, perform, type Write } from './write.ts';

/** How a process came to know: an answer of a write or a consistent read cannot be an old one; a push says nothing of the time. */
export type Source = 'write' | 'consistent read' | 'read' | 'push';

export type Verb = Write['verb'] | 'load' | 'filed' | 'history' | 'acts' | 'list';

type WriteAnswer = Awaited<ReturnType<Store['report']>>;

/** Sees everything that the store does, at the moment when it does it. */
export interface StoreWatcher {
  /** A process sends a write. */
  sent(process: Process, write: Write): void;
  /** A process asks for records. */
  asked(process: Process, consistent: boolean): void;
  /** A write was judged: `before` is the record that judged it, `undefined` where none was there. */
  wrote(process: Process, write: Write, answer: WriteAnswer, before: CircuitRecord | undefined): void;
  /** An answer, or a push, has reached its process. `askedMs`: the true time at which it asked, for a push the present. */
  told(process: Process, records: readonly CircuitRecord[], askedMs: number, source: Source): void;
  /** A request failed in the eyes of its process. `undone`: a write that the process was told not to have happened. */
  failed(process: Process, verb: Verb, undone?: Write): void;
}

/**
 * A store behind a network: the verbs are those of the library's memory store, at the moment when a request arrives; around
 * them are time, limits and trouble.
 */
export class ModelledStore {
  readonly engine: Engine;
  readonly profile: StoreProfile;
  readonly meter = new Meter();
  readonly past = new Past();
  readonly random: Random;
  troubles: Troubles | undefined;
  watcher: StoreWatcher | undefined;
  readonly #listeners = new Set<(record: CircuitRecord) => void>();
  #judgedMs = 0;
  #records = this.#empty();
  /** Where nothing was ever written: it knows how a missing record looks. */
  readonly #nothing = new MemoryStore();

  constructor(engine: Engine, profile: StoreProfile, random: Random) {
    this.engine = engine;
    this.profile = profile;
    this.random = random;
  }

  /** Loses everything, as a cache does that evicts what it should keep. */
  evict(): void {
    this.past.clear();
    this.#records = this.#empty();
  }

  /** The store as one process sees it. */
  connect(process: Process): OperatorStore {
    return new Connection(this, process);
  }

  /** Calls `listener` at once with each record that changed its epoch or override. */
  listen(listener: (record: CircuitRecord) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** A write arrives. `callerMs`: the store's time as its sender knows it. */
  async write(process: Process, write: Write, callerMs: number): Promise<WriteAnswer> {
    const { engine, profile, meter, past } = this;
    const item = itemOf(write);
    if (!meter.write(item, profile.itemWritesPerSecond, engine.nowMs)) throw throttled(write.verb);
    // Filed beside the record, in an item of its own.
    if (write.verb === 'transition' && write.base.transition)
      meter.write(`${item}/${write.base.epoch.number}`, Number.POSITIVE_INFINITY, engine.nowMs);
    const before = past.newest(item);
    this.#judgedMs = profile.judgedBy === 'caller' ? callerMs : Math.floor(engine.nowMs);
    const answer = await perform(write, this.#records);
    if (answer.accepted) past.add(answer.record, engine.nowMs, engine.nowMs - profile.lagMs.at(1));
    this.watcher?.wrote(process, write, answer, before);
    return answer;
  }

  /** A read arrives. */
  async read(
    names: readonly string[],
    window: (name: string) => Window,
    consistent: boolean,
  ): Promise<CircuitRecord[]> {
    const { engine, profile, meter, past } = this;
    const cost = consistent ? 1 : profile.plainReadCost;
    for (const name of names)
      if (!meter.read(name, cost, profile.itemReadsPerSecond, engine.nowMs)) throw throttled('load');
    const missing = await this.#nothing.load(names, window);
    // Each item may come from another replica.
    return names.map((name, i) => {
      const lagMs = consistent ? 0 : profile.lagMs.draw(this.random);
      return past.asOf(name, engine.nowMs - lagMs) ?? (missing[i] as CircuitRecord);
    });
  }

  history(name: string, limit?: number): Promise<HistoryEntry[]> {
    return this.#records.history(name, limit);
  }

  acts(name: string, limit?: number): Promise<OperatorAct[]> {
    return this.#records.acts(name, limit);
  }

  filed(...args: Parameters<Store['filed']>): Promise<boolean[]> {
    return this.#records.filed(...args);
  }

  /** Conditions on time are judged by `#judgedMs`. */
  #empty(): MemoryStore {
    const records = new MemoryStore({
      clock: { now: () => this.#judgedMs, setTimer: () => ({ cancel() {}, hold() {} }) },
    });
    records.subscribe((record) => {
      for (const listener of this.#listeners) listener(record);
    });
    return records;
  }

  list(): Promise<string[]> {
    return this.#records.list();
  }
}

function throttled(verb: Verb): StoreError {
  return new StoreError(`${verb} was throttled`, 'refused');
}

/** One process's way to the store, and what it knows of the store's time. */
class Connection implements OperatorStore {
  readonly #store: ModelledStore;
  readonly #process: Process;
  readonly #errorMs: number;
  /** How far the store's time is ahead of the process's clock, as it believes since the latest answer. */
  #aheadMs: number | undefined;
  readonly subscribe?: NonNullable<Store['subscribe']>;

  constructor(store: ModelledStore, process: Process) {
    this.#store = store;
    this.#process = process;
    const { clockErrorMs, pushMs } = store.profile;
    this.#errorMs = Math.round(store.random.between(-clockErrorMs, clockErrorMs));
    if (pushMs)
      this.subscribe = (listener) =>
        store.listen((record) => {
          if (process.gone || store.troubles?.(process, 'load')?.kind === 'lost') return;
          const delivery = new Delivery(process, () => {
            store.watcher?.told(process, [record], store.engine.nowMs, 'push');
            listener(record);
          });
          store.engine.after(pushMs.draw(store.random), delivery);
        });
  }

  now(): number | undefined {
    return this.#aheadMs === undefined ? undefined : this.#process.now() + this.#aheadMs;
  }

  load(
    names: readonly string[],
    window: (name: string) => Window,
    { consistent = false }: { readonly consistent?: boolean } = {},
  ): Promise<CircuitRecord[]> {
    this.#store.watcher?.asked(this.#process, consistent);
    return this.#ask(
      'load',
      () => this.#store.read(names, window, consistent),
      (records, askedMs) =>
        this.#store.watcher?.told(this.#process, records, askedMs, consistent ? 'consistent read' : 'read'),
    );
  }

  report(...[base, evidence]: Parameters<Store['report']>): Promise<WriteAnswer> {
    return this.#write({ verb: 'report', base, evidence });
  }

  settle(...[base, probe]: Parameters<Store['settle']>): Promise<WriteAnswer> {
    return this.#write({ verb: 'settle', base, probe });
  }

  transition(...[base, next]: Parameters<Store['transition']>): Promise<WriteAnswer> {
    return this.#write({ verb: 'transition', base, next });
  }

  lease(...[base, slot, lease]: Parameters<Store['lease']>): Promise<WriteAnswer> {
    return this.#write({ verb: 'lease', base, slot, lease });
  }

  override(...[name, request]: Parameters<OperatorStore['override']>): Promise<WriteAnswer> {
    return this.#write({ verb: 'override', name, request });
  }

  policy(...[name, values, author]: Parameters<OperatorStore['policy']>): Promise<WriteAnswer> {
    return this.#write({ verb: 'policy', name, values, author });
  }

  async clear(...[names, author]: Parameters<OperatorStore['clear']>): Promise<void> {
    await Promise.all(names.map((name) => this.#write({ verb: 'clear', name, author })));
  }

  list(): Promise<string[]> {
    return this.#ask('list', () => this.#store.list());
  }

  history(name: string, limit?: number): Promise<HistoryEntry[]> {
    return this.#ask('history', () => this.#store.history(name, limit));
  }

  acts(name: string, limit?: number): Promise<OperatorAct[]> {
    return this.#ask('acts', () => this.#store.acts(name, limit));
  }

  filed(...args: Parameters<Store['filed']>): Promise<boolean[]> {
    return this.#ask('filed', () => this.#store.filed(...args));
  }

  #write(write: Write): Promise<WriteAnswer> {
    const callerMs = this.now() ?? this.#process.now();
    this.#store.watcher?.sent(this.#process, write);
    return this.#ask(
      write.verb,
      () => this.#store.write(this.#process, write, callerMs),
      ({ record }, askedMs) => this.#store.watcher?.told(this.#process, [record], askedMs, 'write'),
      write,
    );
  }

  /** Sends a request on its way; `work` is done at the store, `told` when the answer is back. */
  #ask<T>(
    verb: Verb,
    work: () => Promise<T>,
    told?: (answer: T, askedMs: number) => void,
    write?: Write,
  ): Promise<T> {
    const { engine, profile, random, troubles } = this.#store;
    engine.touch();
    const trouble = troubles?.(this.#process, verb);
    const delayMs = trouble?.delayMs ?? 0;
    const askedMs = engine.nowMs;
    return new Promise((resolve, reject) => {
      const answer = (deliver: () => void) =>
        engine.after(profile.wayMs.draw(random) + delayMs, new Delivery(this.#process, deliver));
      const fail = (error: unknown) =>
        answer(() => {
          const undone = error instanceof StoreError && error.fate === 'refused';
          this.#store.watcher?.failed(this.#process, verb, undone ? write : undefined);
          reject(error);
        });
      const arrival = new Arrival(engine, () => {
        if (trouble?.kind === 'refused') {
          fail(new StoreError(`${verb} was refused`, 'refused'));
          return;
        }
        work().then((result) => {
          if (trouble?.kind === 'broken') fail(new StoreError(`the answer to ${verb} was lost`, 'unknown'));
          else if (trouble?.kind !== 'unanswered')
            answer(() => {
              this.#learn();
              told?.(result, askedMs);
              resolve(result);
            });
        }, fail);
      });
      if (silent(trouble)) this.#store.watcher?.failed(this.#process, verb);
      if (trouble?.kind !== 'lost') engine.after(profile.wayMs.draw(random) + delayMs, arrival);
    });
  }

  /** Any answer tells the store's time, as exactly as the store can. */
  #learn(): void {
    this.#aheadMs = Math.floor(this.#store.engine.nowMs) + this.#errorMs - this.#process.now();
  }
}

/** Nothing will ever come back. */
function silent(trouble: Trouble | undefined): boolean {
  return trouble?.kind === 'lost' || trouble?.kind === 'unanswered';
}

/** A request reaches the store, whatever has become of its sender. */
class Arrival implements Event {
  readonly #engine: Engine;
  readonly #work: () => void;

  constructor(engine: Engine, work: () => void) {
    this.#engine = engine;
    this.#work = work;
  }

  happen(): void {
    this.#engine.touch();
    this.#work();
  }
}

/** An answer reaches its process. */
class Delivery extends ProcessEvent {
  readonly #deliver: () => void;

  constructor(process: Process, deliver: () => void) {
    super(process);
    this.#deliver = deliver;
  }

  run(): void {
    this.process.engine.touch();
    this.#deliver();
  }
}
