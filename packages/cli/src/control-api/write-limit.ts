import type { Clock } from 'switchgear';

/** A bucket of tokens that fills steadily: a burst passes, a flood does not. Changes have one for all callers of a server. */
export class WriteLimit {
  readonly #clock: Clock;
  readonly #burst: number;
  readonly #perMs: number;
  #tokens: number;
  #filledMs: number;

  /** `burst` changes at once, and `perSecond` for ever. */
  constructor(clock: Clock, burst: number, perSecond: number) {
    this.#clock = clock;
    this.#burst = burst;
    this.#perMs = perSecond / 1_000;
    this.#tokens = burst;
    this.#filledMs = clock.now();
  }

  /** Takes a token, or says how many milliseconds to wait for the next. */
  take(): number {
    const nowMs = this.#clock.now();
    // A clock that was set back fills nothing.
    const gained = Math.max(0, nowMs - this.#filledMs) * this.#perMs;
    this.#tokens = Math.min(this.#burst, this.#tokens + gained);
    this.#filledMs = nowMs;
    if (this.#tokens < 1) return (1 - this.#tokens) / this.#perMs;
    this.#tokens -= 1;
    return 0;
  }
}
