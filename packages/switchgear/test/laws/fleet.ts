/**
 * A fleet in one test: several processes that share nothing but a store, on one clock that stands still.
 *
 *     process 0 ── FaultyStore ── Link ─┐
 *     process 1 ── FaultyStore ── Link ─┼── MemoryStore       (a link gives the store's time and, if asked, its pushes)
 *     process 2 ── FaultyStore ── Link ─┘
 */

import type { Breaker } from '../../src/breaker.ts';
import type { StateChange } from '../../src/circuit/state-change.ts';
import type { Clock, Timer } from '../../src/clock.ts';
import type { CircuitRecord } from '../../src/core/record.ts';
import { isSwitchgearError } from '../../src/errors.ts';
import { Operator } from '../../src/operate/index.ts';
import type { BreakerOptions, GearOptions } from '../../src/options.ts';
import { ClockOffset } from '../../src/store/clock-offset.ts';
import type { OperatorStore, Store } from '../../src/store/contract.ts';
import { MemoryStore } from '../../src/store/memory/memory-store.ts';
import { Switchgear } from '../../src/switchgear.ts';
import { FakeClock, FaultyStore } from '../../src/testing/index.ts';

export interface FleetOptions {
  /** Settings of the circuit `payments` in every process. */
  readonly breaker?: BreakerOptions;
  /** Settings of every process. */
  readonly gear?: GearOptions;
  /** The store pushes, as Redis does. Without it, as with DynamoDB, news come with refreshes alone. */
  readonly push?: boolean;
  /** What the clock of each process shows more than the store's. With it they learn the store's time from its answers. */
  readonly skewsMs?: readonly number[];
}

export interface Process {
  readonly gear: Switchgear;
  readonly breaker: Breaker;
  readonly store: FaultyStore;
  readonly clock: SkewedClock;
  readonly changes: StateChange[];
  readonly storeErrors: unknown[];
}

/** How a call ended, for its caller. */
export type Outcome = 'ok' | 'failed' | 'rejected';

export type Fleet = ReturnType<typeof fleet>;

export function fleet(n: number, { breaker = {}, gear = {}, push = false, skewsMs }: FleetOptions = {}) {
  const clock = new FakeClock();
  const memory = new MemoryStore({ clock });
  const dependency = new Dependency(clock);
  /** What chance gives, in every process: 0 leaves open times and refresh periods as they are configured. */
  const chance = { next: 0 };

  const start = (i: number, options: BreakerOptions = breaker, settings: GearOptions = gear): Process => {
    const own = new SkewedClock(clock, skewsMs?.[i] ?? 0);
    const store = new FaultyStore(new Link(memory, clock, own, push, skewsMs !== undefined));
    const process = new Switchgear({
      store,
      clock: own,
      random: () => chance.next,
      processId: `process-${i}`,
      ...settings,
    });
    const changes: StateChange[] = [];
    const storeErrors: unknown[] = [];
    process.onStateChange((change) => changes.push(change));
    process.onStoreError((error) => storeErrors.push(error));
    return {
      gear: process,
      breaker: process.breaker('payments', options),
      store,
      clock: own,
      changes,
      storeErrors,
    };
  };
  const processes = Array.from({ length: n }, (_, i) => start(i));

  return {
    clock,
    memory,
    dependency,
    chance,
    processes,
    /** One more process, later than the others. */
    start,
    /** An operator whose acts `process` hears of at once, as if it had just read; the others as it happens. */
    operator({ gear }: Process): Pick<Operator, 'setStates' | 'clearStates' | 'setPolicy'> {
      const operator = new Operator({ store: memory, by: gear.processId });
      const heard = async <T>(act: Promise<T>): Promise<T> => {
        const answer = await act;
        await gear.warm();
        return answer;
      };
      return {
        setStates: (...args) => heard(operator.setStates(...args)),
        clearStates: (...args) => heard(operator.clearStates(...args)),
        setPolicy: (...args) => heard(operator.setPolicy(...args)),
      };
    },
    process(i: number): Process {
      return processes[i] as Process;
    },
    advance: (ms: number) => clock.advance(ms),
    /** Lets everything go on that waits for nothing but promises. */
    idle: () => clock.advance(0),
    /** What the store has, read past all faults. */
    async record(name = 'payments'): Promise<CircuitRecord> {
      const [record] = await memory.load([name], () => ({ bucketMs: 6_000, buckets: 10 }));
      return record as CircuitRecord;
    },
    /** One call of the dependency as it is at the moment. */
    call: (process: Process, signal?: AbortSignal): Promise<Outcome> =>
      outcome(process.breaker.execute(() => dependency.call(), signal && { signal })),
    /** Fails `times` in a row in `process`, with the dependency down for as long. */
    async fail(process: Process, times = 1): Promise<Outcome[]> {
      const before = dependency.mode;
      dependency.mode = 'down';
      const outcomes: Outcome[] = [];
      for (let i = 0; i < times; i++) outcomes.push(await this.call(process));
      await this.idle();
      dependency.mode = before;
      return outcomes;
    },
    /** A call that is under way until the test ends it. */
    begin(process: Process, signal?: AbortSignal): HeldCall {
      return new HeldCall(dependency, process, signal);
    },
    /** The committed transitions that the processes told of, in the order of epochs. */
    committed(): string[] {
      return processes
        .flatMap(({ changes }) => changes.filter((change) => change.source === 'committed'))
        .sort((a, b) => a.epoch.number - b.epoch.number)
        .map((change) => `${change.epoch.number} ${change.from} → ${change.to}`);
    },
    /** The transitions that happened, in the order of epochs. */
    async history(): Promise<string[]> {
      const entries = await memory.history('payments');
      return entries.reverse().map(({ epoch, from, to }) => `${epoch.number} ${from} → ${to}`);
    },
  };
}

/** Counts who calls at the same time, and is up, down or silent. */
export class Dependency {
  mode: 'up' | 'down' | 'silent' = 'up';
  /** How long a call takes. */
  latencyMs = 0;
  calls = 0;
  running = 0;
  /** Greatest number of calls at the same time. */
  peak = 0;
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async call(): Promise<string> {
    return this.during(async () => {
      const mode = this.mode;
      if (this.latencyMs > 0)
        await new Promise<void>((resolve) => this.#clock.setTimer(resolve, this.latencyMs));
      if (mode === 'down') throw refused();
      if (mode === 'silent') await new Promise(() => {});
      return 'receipt';
    });
  }

  async during<T>(work: () => Promise<T>): Promise<T> {
    this.calls++;
    this.peak = Math.max(this.peak, ++this.running);
    try {
      return await work();
    } finally {
      this.running--;
    }
  }
}

export class HeldCall {
  readonly outcome: Promise<Outcome>;
  /** Whether the dependency was reached. */
  started = false;
  readonly #end = new Gate<string>();

  constructor(dependency: Dependency, process: Process, signal: AbortSignal | undefined) {
    this.outcome = outcome(
      process.breaker.execute(() => {
        this.started = true;
        return dependency.during(() => this.#end.passed);
      }, signal && { signal }),
    );
  }

  succeed(): Promise<Outcome> {
    this.#end.open('receipt');
    return this.outcome;
  }

  fail(error: unknown = refused()): Promise<Outcome> {
    this.#end.fail(error);
    return this.outcome;
  }
}

/** Holds whoever awaits `passed` until the test opens it. */
export class Gate<T = void> {
  readonly passed: Promise<T>;
  open!: (value: T) => void;
  fail!: (error: unknown) => void;

  constructor() {
    this.passed = new Promise((resolve, reject) => {
      this.open = resolve;
      this.fail = reject;
    });
  }
}

/** A failure of the dependency. */
export function refused(): Error {
  return Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
}

/** How a call ended. Errors of the store must not be among them: they make the test fail. */
export async function outcome(call: Promise<unknown>): Promise<Outcome> {
  try {
    await call;
    return 'ok';
  } catch (error) {
    if (isSwitchgearError(error, 'CIRCUIT_OPEN')) return 'rejected';
    if (isSwitchgearError(error, 'STORE_FAILED')) throw error;
    return 'failed';
  }
}

/** Calls, moving the clock until the call has ended; how it ended and how long it took. */
export async function timed(f: Fleet, process: Process): Promise<{ outcome: string; tookMs: number }> {
  const startMs = f.clock.now();
  let ended: string | undefined;
  void f.call(process).then((how) => {
    ended = how;
  });
  for (;;) {
    await f.idle();
    if (ended !== undefined) return { outcome: ended, tookMs: f.clock.now() - startMs };
    if (f.clock.now() - startMs > 60_000) throw new Error('the call hangs');
    await f.advance(10);
  }
}

/** A clock that is wrong by so much. Its timers run as fast as everybody's. */
export class SkewedClock implements Clock {
  skewMs: number;
  readonly #clock: FakeClock;

  constructor(clock: FakeClock, skewMs: number) {
    this.#clock = clock;
    this.skewMs = skewMs;
  }

  now(): number {
    return this.#clock.now() + this.skewMs;
  }

  setTimer(run: () => void, ms: number): Timer {
    return this.#clock.setTimer(run, ms);
  }
}

/** The way from one process to the store: pushes or not; knows the store's time exactly, or learns it from answers. */
class Link implements OperatorStore {
  readonly subscribe?: NonNullable<Store['subscribe']>;
  readonly now: () => number | undefined;
  readonly load: Store['load'];
  readonly report: Store['report'];
  readonly settle: Store['settle'];
  readonly transition: Store['transition'];
  readonly lease: Store['lease'];
  readonly override: OperatorStore['override'];
  readonly policy: OperatorStore['policy'];
  readonly list: OperatorStore['list'];
  readonly filed: Store['filed'];
  readonly history: OperatorStore['history'];
  readonly acts: OperatorStore['acts'];
  readonly clear: OperatorStore['clear'];

  constructor(store: MemoryStore, clock: FakeClock, own: Clock, push: boolean, learns: boolean) {
    const offset = new ClockOffset(() => own.now());
    this.now = learns ? () => offset.now() : () => clock.now();
    /** Stamps each answer as HTTP does: in whole seconds. */
    const stamped =
      <Args extends unknown[], T>(verb: (...args: Args) => Promise<T>) =>
      async (...args: Args): Promise<T> => {
        const sentMs = own.now();
        const answer = await verb.apply(store, args);
        offset.learn(Math.floor(clock.now() / 1_000) * 1_000, 1_000, sentMs);
        return answer;
      };
    this.load = stamped(store.load);
    this.report = stamped(store.report);
    this.settle = stamped(store.settle);
    this.transition = stamped(store.transition);
    this.lease = stamped(store.lease);
    this.override = stamped(store.override);
    this.policy = stamped(store.policy);
    this.list = stamped(store.list);
    this.filed = stamped(store.filed);
    this.history = stamped(store.history);
    this.acts = stamped(store.acts);
    this.clear = stamped(store.clear);
    if (push) this.subscribe = store.subscribe.bind(store);
  }
}
