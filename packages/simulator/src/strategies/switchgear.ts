import {
  type Breaker,
  type BreakerOptions,
  CircuitOpenError,
  isSwitchgearError,
  type StateChange,
  Switchgear,
  type SwitchgearOptions,
} from 'switchgear';
import type { Process } from '../engine/process.ts';
import type { Random } from '../engine/random.ts';
import type { ModelledStore } from '../store/modelled-store.ts';
import type { Guard, Strategy, Ticket } from './strategy.ts';

/** How a process of the fleet sets up its switchgear; the rest comes from the simulation. */
export interface GearSettings extends Pick<SwitchgearOptions, 'maxStale' | 'storeTimeout' | 'awaitReports'> {
  /** Milliseconds. */
  readonly cacheTtl?: number;
}

/** The dependency's circuit. */
export const CIRCUIT = 'payments';

/** Ours: the library itself, in every process, on a modelled store. */
export class SwitchgearStrategy implements Strategy {
  readonly name: string;
  readonly store: ModelledStore;
  /** Hears every change that any process tells of. */
  changed: ((process: Process, change: StateChange) => void) | undefined;
  readonly #policy: BreakerOptions;
  readonly #settings: GearSettings;

  constructor(store: ModelledStore, policy: BreakerOptions = {}, settings: GearSettings = {}) {
    this.name = `switchgear on ${store.profile.name}`;
    this.store = store;
    this.#policy = policy;
    this.#settings = settings;
  }

  guard(process: Process, random: Random): SwitchgearGuard {
    const gear = new Switchgear({
      ...this.#settings,
      store: this.store.connect(process),
      processId: process.name,
      clock: process,
      random: () => {
        // Chance is drawn where something begins that goes on behind the call.
        process.engine.touch();
        return random.uniform();
      },
    });
    const guard = new SwitchgearGuard(process, gear, gear.breaker(CIRCUIT, this.#policy));
    gear.onStateChange((change) => {
      guard.changed();
      this.changed?.(process, change);
    });
    // The meter counts the store's failures; unheard ones would fill the console.
    gear.onStoreError(() => {});
    return guard;
  }
}

export class SwitchgearGuard implements Guard {
  readonly gear: Switchgear;
  readonly breaker: Breaker;
  readonly #process: Process;
  /** The next call is answered at once, as far as the last answer tells; until then and else, it may have to ask. */
  #promptFromMs = Number.POSITIVE_INFINITY;
  #promptUntilMs = Number.POSITIVE_INFINITY;

  constructor(process: Process, gear: Switchgear, breaker: Breaker) {
    this.#process = process;
    this.gear = gear;
    this.breaker = breaker;
  }

  get state() {
    return this.breaker.state.state;
  }

  /**
   * As `execute` admits. `tryAcquire` does the same without a promise, but leaves a probe that it has begun to the next call:
   * it is asked only while the last answer says that no probe is due.
   */
  enter(): Ticket | undefined | Promise<Ticket | undefined> {
    const nowMs = this.#process.now();
    if (nowMs < this.#promptFromMs || nowMs >= this.#promptUntilMs) return this.#ask();
    try {
      return this.breaker.tryAcquire() ?? this.#ask();
    } catch (error) {
      return this.#refused(error);
    }
  }

  async #ask(): Promise<Ticket | undefined> {
    this.#process.engine.touch();
    try {
      const permit = await this.breaker.acquire();
      this.#prompt(this.breaker.state.state === 'half-open' ? 0 : Number.POSITIVE_INFINITY);
      return permit;
    } catch (error) {
      return this.#refused(error);
    }
  }

  /** What the last answer told no longer holds. */
  changed(): void {
    this.#promptUntilMs = Number.NEGATIVE_INFINITY;
  }

  #refused(error: unknown): undefined {
    if (!isSwitchgearError(error)) throw error;
    this.#prompt(error instanceof CircuitOpenError ? error.retryAfterMs : 0);
  }

  #prompt(forMs: number): void {
    this.#promptFromMs = this.#process.now();
    this.#promptUntilMs = this.#promptFromMs + forMs;
  }
}
