/** How many attempts of all may be repetitions: a dependency that is down is not called several times as often. */

/** Repetitions that are free to begin with, so that a process that calls rarely may repeat at all. */
const RESERVE = 10;

/** Each call pays in its share, each repetition costs one. No clock: what matters is the ratio. */
export class RetryBudget {
  readonly #share: number;
  #balance = RESERVE;

  /** @param share repetitions per call, 0–1; `Infinity`: without limit. */
  constructor(share: number) {
    this.#share = share;
  }

  called(): void {
    this.#balance = Math.min(RESERVE, this.#balance + this.#share);
  }

  /** Whether a repetition is paid for; takes its price. */
  take(): boolean {
    if (this.#share === Infinity) return true;
    if (this.#balance < 1) return false;
    this.#balance--;
    return true;
  }
}
