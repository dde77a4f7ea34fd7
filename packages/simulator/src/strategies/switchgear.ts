import { type BreakerOptions, type StateChange, Switchgear, type SwitchgearOptions } from 'switchgear';
import type { Process } from '../engine/process.ts';
import type { Random } from '../engine/random.ts';
import type { ModelledStore } from '../store/modelled-store.ts';
import { ExecutingGuard } from './executing-guard.ts';
import { LeanGuard } from './lean-guard.ts';
import type { Strategy } from './strategy.ts';
import { SwitchgearGuard } from './switchgear-guard.ts';

/** How a process of the fleet sets up its switchgear; the rest comes from the simulation. */
export interface GearSettings extends Pick<SwitchgearOptions, 'maxStale' | 'storeTimeout' | 'awaitReports'> {
  /** Milliseconds. */
  readonly cacheTtl?: number;
}

/**
 * How calls are made. `execute` has timeouts, the line before the bulkhead, and shadow mode; `acquire` has permits; `decide` has
 * neither, where nothing would come of them, and is the cheapest: same decisions, same requests to the store.
 */
export type Asks = 'execute' | 'acquire' | 'decide';

/** The dependency's circuit. */
export const CIRCUIT = 'payments';

/** Ours: the library itself, in every process, on a modelled store. */
export class SwitchgearStrategy implements Strategy {
  readonly name: string;
  readonly store: ModelledStore;
  /** Hears every change that any process tells of. */
  changed: ((process: Process, change: StateChange) => void) | undefined;
  /** Hears of a caller who got what is none of his: neither his call's own result or error, nor the library's word on it. */
  mixedUp: ((process: Process, what: string) => void) | undefined;
  readonly #policy: BreakerOptions;
  readonly #settings: GearSettings;
  readonly #asks: Asks;

  /** @param asks how calls are made. */
  constructor(
    store: ModelledStore,
    policy: BreakerOptions = {},
    settings: GearSettings = {},
    asks: Asks = 'acquire',
  ) {
    this.name = `switchgear on ${store.profile.name}`;
    this.store = store;
    this.#policy = policy;
    this.#settings = settings;
    this.#asks = asks;
  }

  guard(process: Process, random: Random): SwitchgearGuard {
    let ids = 0;
    const gear = new Switchgear({
      ...this.#settings,
      store: this.store.connect(process),
      processId: process.name,
      // As unique as random ones, cheaper, and the same in each replay.
      newId: () => `${process.name}-${++ids}`,
      clock: process,
      random: () => {
        // Chance is drawn where something begins that goes on behind the call.
        process.engine.touch();
        return random.uniform();
      },
    });
    const breaker = gear.breaker(CIRCUIT, this.#policy);
    const { slowCallDuration, maxConcurrent } = breaker.options;
    const measured =
      Number.isFinite(slowCallDuration) || Number.isFinite(maxConcurrent) || this.#settings.awaitReports;
    const guard =
      this.#asks === 'execute'
        ? new ExecutingGuard(process, gear, breaker, (what) => this.mixedUp?.(process, what))
        : this.#asks === 'acquire' || measured
          ? new SwitchgearGuard(process, gear, breaker)
          : new LeanGuard(process, gear, breaker);
    gear.onStateChange((change) => this.changed?.(process, change));
    // The meter counts the store's failures; unheard ones would fill the console.
    gear.onStoreError(() => {});
    return guard;
  }
}
