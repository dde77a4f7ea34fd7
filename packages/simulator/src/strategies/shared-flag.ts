import type { Engine } from '../engine/engine.ts';
import type { Process } from '../engine/process.ts';
import type { Random } from '../engine/random.ts';
import type { StoreProfile } from '../store/store-profile.ts';
import { LocalBreaker } from './local-breaker.ts';
import { PlainItem } from './plain-item.ts';
import type { Guard, Strategy, Ticket } from './strategy.ts';

interface Flag {
  readonly state: 'closed' | 'open' | 'half-open';
  readonly openedAtMs: number;
  readonly owner: string | undefined;
  readonly ownedUntilMs: number;
}

const CLOSED: Flag = { state: 'closed', openedAtMs: 0, owner: undefined, ownedUntilMs: 0 };

export interface SharedFlagSettings {
  /** Failures in a row within one process. */
  readonly failureThreshold: number;
  readonly recoveryMs: number;
  readonly cacheTtlMs: number;
}

/**
 * Each process decides by its own failures and opens a flag for all; one of them is elected to try again. As in Powertools for
 * AWS Lambda (Python), persistence/base.py: the flag is cached for some seconds; the election is conditional, opening and
 * closing are not; an owner loses its turn after the recovery time; a failed read means closed.
 */
export class SharedFlag implements Strategy {
  readonly name = 'per process verdict, shared flag';
  readonly #item: PlainItem<Flag>;
  readonly #settings: SharedFlagSettings;

  constructor(engine: Engine, profile: StoreProfile, random: Random, settings: SharedFlagSettings) {
    this.#item = new PlainItem(engine, profile, random, CLOSED);
    this.#settings = settings;
  }

  get store() {
    return this.#item;
  }

  guard(process: Process): Guard {
    return new FlagReader(process, this.#item, this.#settings);
  }
}

class FlagReader implements Guard {
  readonly #process: Process;
  readonly #item: PlainItem<Flag>;
  readonly #settings: SharedFlagSettings;
  readonly #verdict: LocalBreaker;
  readonly #ordinary: Ticket = {
    success: () => this.#verdict.success(),
    failure: () => (this.#verdict.counts() ? this.#open() : undefined),
  };
  readonly #probe: Ticket = { success: () => this.#put(CLOSED), failure: () => this.#open() };
  #flag = CLOSED;
  #readMs = Number.NEGATIVE_INFINITY;
  #reading: Promise<void> | undefined;

  constructor(process: Process, item: PlainItem<Flag>, settings: SharedFlagSettings) {
    this.#process = process;
    this.#item = item;
    this.#settings = settings;
    const { failureThreshold, recoveryMs } = settings;
    const rule = { trips: 'consecutive', failures: failureThreshold } as const;
    this.#verdict = new LocalBreaker(process, rule, recoveryMs);
  }

  get state() {
    return this.#flag.state;
  }

  enter(): Ticket | undefined | Promise<Ticket | undefined> {
    if (this.#process.now() - this.#readMs < this.#settings.cacheTtlMs) return this.#admit();
    this.#reading ??= this.#item
      .read(this.#process, false)
      .then(
        (flag) => this.#learn(flag),
        () => this.#learn(CLOSED),
      )
      .finally(() => {
        this.#reading = undefined;
      });
    return this.#reading.then(() => this.#admit());
  }

  #admit(): Ticket | undefined | Promise<Ticket | undefined> {
    const { state, openedAtMs, owner, ownedUntilMs } = this.#flag;
    const nowMs = this.#process.now();
    if (state === 'closed') return this.#ordinary;
    // An owner takes itself for one as long as its cache says so.
    if (owner === this.#process.name) return this.#probe;
    const turnMs = state === 'open' ? openedAtMs + this.#settings.recoveryMs : ownedUntilMs;
    return nowMs >= turnMs ? this.#elect() : undefined;
  }

  async #elect(): Promise<Ticket | undefined> {
    const { name } = this.#process;
    const seen = this.#flag;
    const ownedUntilMs = this.#process.now() + this.#settings.recoveryMs;
    const elected: Flag = { ...seen, state: 'half-open', owner: name, ownedUntilMs };
    try {
      this.#learn(
        await this.#item.write(this.#process, (present) => (present === seen ? elected : undefined)),
      );
    } catch {
      return undefined;
    }
    return this.#flag === elected ? this.#probe : undefined;
  }

  #open(): Promise<void> {
    return this.#put({ ...CLOSED, state: 'open', openedAtMs: this.#process.now() });
  }

  async #put(flag: Flag): Promise<void> {
    this.#verdict.forget();
    try {
      this.#learn(await this.#item.write(this.#process, () => flag));
    } catch {
      // Swallowed there, too: the failures have to add up anew.
    }
  }

  #learn(flag: Flag): void {
    this.#flag = flag;
    this.#readMs = this.#process.now();
  }
}
