import { type BreakerOptions, type StateChange, Switchgear, type SwitchgearOptions } from 'switchgear';
import type { Process } from '../engine/process.ts';
import type { Random } from '../engine/random.ts';
import type { ModelledStore } from '../store/modelled-store.ts';
import { ExecutingGuard } from './executing-guard.ts';
import type { Strategy } from './strategy.ts';
import { SwitchgearGuard } from './switchgear-guard.ts';

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
  /** Hears of a caller who got what is none of his: neither his call's own result or error, nor the library's word on it. */
  mixedUp: ((process: Process, what: string) => void) | undefined;
  readonly #policy: BreakerOptions;
  readonly #settings: GearSettings;
  readonly #asks: 'acquire' | 'execute';

  /** @param asks how calls are made: `execute` has timeouts, the line before the bulkhead, and shadow mode; `acquire` is cheaper. */
  constructor(
    store: ModelledStore,
    policy: BreakerOptions = {},
    settings: GearSettings = {},
    asks: 'acquire' | 'execute' = 'acquire',
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
    const guard =
      this.#asks === 'acquire'
        ? new SwitchgearGuard(process, gear, breaker)
        : new ExecutingGuard(process, gear, breaker, (what) => this.mixedUp?.(process, what));
    gear.onStateChange((change) => this.changed?.(process, change));
    // The meter counts the store's failures; unheard ones would fill the console.
    gear.onStoreError(() => {});
    return guard;
  }
}
