/** Reads the circuits of a process before its first call needs them: in INIT, and again after a thaw. */

import type { Clock } from '../clock.ts';
import type { Switchgear } from '../switchgear.ts';

/** A gear's `maxStale`, by default: for what is older than that the first call would wait anyway. */
const FRESH_MS = 10_000;

export class Warmth {
  readonly #gear: Switchgear;
  readonly #clock: Clock;
  /** When the process was last known to run. */
  #awakeMs: number;
  #reading: Promise<void>;

  /** Begins once all modules are loaded: breakers that are made below the handler are read as well. */
  constructor(gear: Switchgear, clock: Clock) {
    this.#gear = gear;
    this.#clock = clock;
    this.#awakeMs = clock.now();
    this.#reading = Promise.resolve().then(() => gear.warm());
  }

  /** Settles when the circuits are read, at the latest after the store's budget; never rejects. */
  ready(): Promise<void> {
    const awayMs = this.#clock.now() - this.#awakeMs;
    // A call would wait for the read by itself; a handler that asks `breaker.state` first would not.
    if (!(awayMs >= 0 && awayMs < FRESH_MS)) this.#reading = this.#gear.warm();
    this.stillAwake();
    return this.#reading;
  }

  stillAwake(): void {
    this.#awakeMs = this.#clock.now();
  }
}
