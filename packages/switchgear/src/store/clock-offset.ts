/**
 * Learns the store's time from the time stamps of its answers.
 *
 * A stamp `s` with resolution `r` says that the store's clock read [s, s + r) at some moment between sending and
 * receiving. So the offset to the local clock lies in (s − received, s + r − sent]. Answers narrow that range down; one
 * that contradicts it (a clock was set) starts it anew. Good to ±1 s after one answer with a resolution of 1 s
 * (the `Date` header of HTTP) that came quickly, far better after several. An answer that took long says little: where in that time
 * it was stamped is open.
 */
export class ClockOffset {
  readonly #clock: () => number;
  #low = -Infinity;
  #high = Infinity;

  constructor(clock: () => number) {
    this.#clock = clock;
  }

  learn(stampMs: number, resolutionMs: number, sentMs: number): void {
    const low = stampMs - this.#clock();
    const high = stampMs + resolutionMs - sentMs;
    // Sent after received: the local clock was set back in between, and the answer says nothing.
    if (low > high) return;
    const disjoint = low > this.#high || high < this.#low;
    this.#low = disjoint ? low : Math.max(low, this.#low);
    this.#high = disjoint ? high : Math.min(high, this.#high);
  }

  /** The store's time in whole milliseconds, as far as the answers tell; `undefined` where they do not tell it to ±`withinMs`, or none came. */
  now(withinMs = Number.MAX_SAFE_INTEGER): number | undefined {
    if (!(this.#high - this.#low <= 2 * withinMs)) return undefined;
    return this.#clock() + Math.round((this.#low + this.#high) / 2);
  }
}
