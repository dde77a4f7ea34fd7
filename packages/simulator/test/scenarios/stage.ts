import { expect, test } from 'vitest';
import {
  type Contender,
  Distribution,
  DYNAMODB,
  Engine,
  LastWriterWins,
  LocalBreakers,
  ModelledStore,
  Process,
  Random,
  REDIS,
  SharedFlag,
  type StoreProfile,
  type Strategy,
  SwitchgearStrategy,
  type Ticket,
} from '../../src/index.ts';
import { SwitchgearGuard } from '../../src/strategies/switchgear-guard.ts';

/** What all are told: the threshold T, and times in milliseconds. */
export const T = 3;
export const OPEN_MS = 10_000;
export const WINDOW_MS = 10_000;
export const LEASE_MS = 6_000;
/** By which a lease is taken over at the latest: the bound of the clocks, the store's ways, and a little. */
export const LEASE_OVER_MS = LEASE_MS + 4_500;
/** The open time is over for everybody, however little they know of the store's clock. */
export const DUE_MS = OPEN_MS + 2_500;
/** In which everything that hangs on a result has happened. */
const SETTLED_MS = 200;
/** No answer takes longer. */
const MOST_MS = 60_000;

export const REFUSED_CONNECTION = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
export const NOT_FOUND = Object.assign(new Error('not found'), { status: 404 });

type Settings = ConstructorParameters<typeof SwitchgearStrategy>[1];

/** Actors on one store, in virtual time: each step is told to them, one after the other. */
export class Stage {
  readonly engine = new Engine();
  readonly strategy: Strategy;
  readonly #random = new Random(1);
  #actors = 0;
  /** Transitions that a process has told of as its own. */
  committed = 0;

  constructor(contender: Contender) {
    this.strategy = contender(this.engine, this.#random.fork('strategy'));
    if (this.strategy instanceof SwitchgearStrategy)
      this.strategy.changed = (_, { source }) => {
        if (source === 'committed') this.committed++;
      };
  }

  /** One more process, with a breaker of its own that knows nothing yet. */
  actor(): Actor {
    const process = new Process(this.engine, this.#actors++);
    return new Actor(this, this.strategy.guard(process, this.#random.fork(process.name)));
  }

  actors(count: number): readonly Actor[] {
    return Array.from({ length: count }, () => this.actor());
  }

  wait(ms = SETTLED_MS): Promise<void> {
    return this.engine.advance(ms);
  }

  /** Lets time pass until there is an answer. */
  async answer<T>(asked: Promise<T> | T): Promise<T> {
    let answered = false;
    const settled = Promise.resolve(asked).finally(() => {
      answered = true;
    });
    this.engine.touch();
    for (let ms = 0; !answered && ms < MOST_MS; ms++) await this.engine.advance(1);
    expect(answered, `an answer within ${MOST_MS} ms`).toBe(true);
    return settled;
  }

  /** How many of `actors`, who ask at the same moment, are admitted. */
  async admitted(actors: readonly Actor[]): Promise<Ticket[]> {
    const tickets = await this.answer(Promise.all(actors.map((actor) => actor.guard.enter())));
    return tickets.filter((ticket) => ticket != null);
  }

  /** How the fleet looks to a process that comes now: whether its first call goes through. */
  async newcomer(): Promise<'admitted' | 'refused'> {
    return (await this.actor().asks()) ? 'admitted' : 'refused';
  }

  /** What a process that comes now takes the state to be. */
  async look(): Promise<{ readonly state: string | undefined }> {
    const actor = this.actor();
    // Asking for a call might take a lease.
    const { guard } = actor;
    await this.answer<unknown>(guard instanceof SwitchgearGuard ? guard.gear.warm() : guard.enter());
    return { state: actor.guard.state };
  }

  /** Of the item, from now on; the limits are those of the store without it. */
  throttle(what: 'itemReadsPerSecond' | 'itemWritesPerSecond', perSecond: number): void {
    const profile = this.strategy.store?.profile as { -readonly [K in keyof StoreProfile]: StoreProfile[K] };
    profile[what] = perSecond;
  }

  /** The store loses all that it had. */
  evict(): void {
    (this.strategy.store as ModelledStore).evict();
  }

  /** Nothing is answered any more, until `end`; counts what is asked for. */
  silence(): { readonly made: number; end(): void } {
    const store = this.strategy.store as ModelledStore;
    let made = 0;
    store.troubles = () => {
      made++;
      return { kind: 'lost', delayMs: 0 };
    };
    return {
      get made() {
        return made;
      },
      end: () => {
        store.troubles = undefined;
      },
    };
  }

  get writes(): number {
    return this.strategy.store?.meter.writes ?? 0;
  }
}

export class Actor {
  readonly stage: Stage;
  readonly guard: ReturnType<Strategy['guard']>;

  constructor(stage: Stage, guard: ReturnType<Strategy['guard']>) {
    this.stage = stage;
    this.guard = guard;
  }

  /** Asks for one call; `undefined`: refused. */
  async asks(): Promise<Ticket | undefined> {
    return (await this.stage.answer(this.guard.enter())) ?? undefined;
  }

  /** Asks for one call, which must be admitted. */
  async begins(): Promise<Ticket> {
    const ticket = await this.asks();
    expect(ticket, 'a call that is admitted').toBeDefined();
    return ticket as Ticket;
  }

  /** Makes calls that fail, one after the other, as long as it is let. */
  async fails(times = T): Promise<void> {
    for (let i = 0; i < times; i++) await this.ends(await this.asks(), 'failure');
  }

  async succeeds(): Promise<void> {
    await this.ends(await this.asks(), 'success');
  }

  async ends(ticket: Ticket | undefined, outcome: 'success' | 'failure'): Promise<void> {
    void (outcome === 'success' ? ticket?.success() : ticket?.failure(REFUSED_CONNECTION));
    this.stage.engine.touch();
    await this.stage.wait();
  }

  /** The library's own breaker. */
  get breaker() {
    if (!(this.guard instanceof SwitchgearGuard)) throw new TypeError('only ours has one');
    return this.guard.breaker;
  }
}

/** Reads that lag are a matter of their own: what is there is seen. */
const prompt = (profile: StoreProfile): StoreProfile => ({ ...profile, lagMs: Distribution.constant(0) });

/** The peers, as far as they are modelled. */
export const LAST_WRITER: Contender = (engine, random) =>
  new LastWriterWins(engine, prompt(DYNAMODB), random, {
    failureThreshold: T,
    successThreshold: 1,
    windowMs: WINDOW_MS,
    timeoutMs: OPEN_MS,
  });
export const SHARED_FLAG: Contender = (engine, random) =>
  new SharedFlag(engine, prompt(DYNAMODB), random, {
    failureThreshold: T,
    recoveryMs: OPEN_MS,
    cacheTtlMs: 5_000,
  });
export const PER_PROCESS: Contender = () => new LocalBreakers({ trips: 'consecutive', failures: T }, OPEN_MS);

const ours =
  (profile: StoreProfile, settings: Settings): Contender =>
  (engine, random) =>
    new SwitchgearStrategy(new ModelledStore(engine, prompt(profile), random), {
      failureThreshold: T,
      failureRatio: 0,
      failureWindow: WINDOW_MS,
      resetTimeout: OPEN_MS,
      backoff: 1,
      jitter: 0,
      leaseDuration: LEASE_MS,
      maxConcurrent: false,
      ...settings,
    });

/** A scenario of another library's history: what must be seen, and what is seen with that library's way. */
export interface Script<Seen> {
  readonly play: (stage: Stage) => Promise<Seen>;
  /** With ours, on every store. */
  readonly must: Seen;
  /** With the peer's strategy, where it is modelled. */
  readonly does?: readonly (readonly [Contender, Seen])[];
  /** Settings of ours that the scenario is about. */
  readonly settings?: Settings;
}

export function scenario<Seen>(name: string, { play, must, does = [], settings }: Script<Seen>): void {
  test(name, async () => {
    for (const [peer, seen] of does) {
      const stage = new Stage(peer);
      expect(await play(stage), stage.strategy.name).toEqual(seen);
    }
    for (const profile of [DYNAMODB, REDIS]) {
      const stage = new Stage(ours(profile, settings));
      expect(await play(stage), stage.strategy.name).toEqual(must);
    }
  });
}
