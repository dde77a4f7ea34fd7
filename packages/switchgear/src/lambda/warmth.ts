/** Reads the circuits of a process before its calls need them: in INIT, and again after a pause, which may have been a freeze. */

import { type Clock, within } from '../clock.ts';
import type { Switchgear } from '../switchgear.ts';

/** A gear's `maxStale`, by default: for what is older than that the first call would wait anyway. */
const FRESH_MS = 10_000;

export class Warmth {
  readonly #gear: Switchgear;
  readonly #clock: Clock;
  /** When the latest invocation began; before the first, INIT. */
  #begunMs: number;
  #reading: Promise<void>;

  /** Begins once all modules are loaded: breakers that are made below the handler are read as well. */
  constructor(gear: Switchgear, clock: Clock) {
    this.#gear = gear;
    this.#clock = clock;
    this.#begunMs = clock.now();
    this.#reading = Promise.resolve().then(() => gear.warm());
  }

  /** An invocation begins. Settles when the circuits are read, at the latest after the store's budget; never rejects. */
  ready(): Promise<void> {
    const nowMs = this.#clock.now();
    // A call would wait for the read by itself; a handler that asks `breaker.state` first would not.
    if (!within(FRESH_MS, nowMs, this.#begunMs)) this.#reading = this.#gear.warm();
    this.#begunMs = nowMs;
    return this.#reading;
  }
}
