/** What became of calls in one second. */
export interface Second {
  /** Calls that clients made. */
  offered: number;
  /** Calls that reached the dependency. */
  admitted: number;
  rejected: number;
  succeeded: number;
  failed: number;
}

/** Figures of a run, second by second: grows with time, not with calls. */
export class Ledger {
  readonly seconds: Second[] = [];
  #latest: Second = this.#begin();
  /** Sum of the times that clients waited for calls that were made, milliseconds. */
  waitedMs = 0;

  /** The second that `elapsedMs`, not earlier than the last time, lies in. */
  second(elapsedMs: number): Second {
    while (elapsedMs >= this.seconds.length * 1_000) this.#latest = this.#begin();
    return this.#latest;
  }

  /** Adds up one figure from `fromMs` on and before `untilMs`, in whole seconds. */
  sum(figure: keyof Second, fromMs = 0, untilMs = Number.POSITIVE_INFINITY): number {
    const [first, last] = [Math.floor(fromMs / 1_000), Math.ceil(untilMs / 1_000)];
    return this.seconds.slice(first, last).reduce((sum, second) => sum + second[figure], 0);
  }

  #begin(): Second {
    const second = { offered: 0, admitted: 0, rejected: 0, succeeded: 0, failed: 0 };
    this.seconds.push(second);
    return second;
  }
}
