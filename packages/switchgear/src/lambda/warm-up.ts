/** Reads the circuits of a process before its first call needs them. */

import type { Clock } from '../clock.ts';
import type { Switchgear } from '../switchgear.ts';

/** What was read longer ago than this is read again: the process may have been frozen between INIT and its first invocation. */
const FRESH_MS = 5_000;

export class WarmUp {
  readonly #gear: Switchgear;
  readonly #clock: Clock;
  readonly #begunMs: number;
  #reading: Promise<void>;
  #first = true;

  /** Begins once all modules are loaded: breakers that are made below the handler are read as well. */
  constructor(gear: Switchgear, clock: Clock) {
    this.#gear = gear;
    this.#clock = clock;
    this.#begunMs = clock.now();
    this.#reading = Promise.resolve().then(() => gear.warm());
  }

  /** Settles when the circuits are read, at the latest after the store's budget; never rejects. */
  ready(): Promise<void> {
    if (this.#first) {
      this.#first = false;
      // With provisioned concurrency minutes may lie in between, and a read that was under way then is lost.
      const age = this.#clock.now() - this.#begunMs;
      if (!(age >= 0 && age < FRESH_MS)) this.#reading = this.#gear.warm();
    }
    return this.#reading;
  }
}
