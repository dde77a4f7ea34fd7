/** Length of a slice, milliseconds. */
export const SLICE_MS = 100;

/** What became of calls in one slice of time. */
export interface Slice {
  /** Calls that clients made. */
  offered: number;
  /** Calls that reached the dependency. */
  admitted: number;
  rejected: number;
  succeeded: number;
  failed: number;
  /** Most calls that were at the dependency at the same time. */
  peakInFlight: number;
}

/** A figure of which slices add up. */
export type Count = Exclude<keyof Slice, 'peakInFlight'>;

/** Figures of a run, slice by slice: grows with time, not with calls. */
export class Ledger {
  readonly slices: Slice[] = [];
  #latest: Slice = this.#begin();
  #latestUntilMs = SLICE_MS;
  /** Sum of the times that clients waited for calls that were made, milliseconds. */
  waitedMs = 0;

  /** The slice that `elapsedMs`, not earlier than the last time, lies in. */
  at(elapsedMs: number): Slice {
    while (elapsedMs >= this.#latestUntilMs) {
      this.#latest = this.#begin();
      this.#latestUntilMs = this.slices.length * SLICE_MS;
    }
    return this.#latest;
  }

  /** Adds up one figure over the slices that begin at `fromMs` or later and before `untilMs`. */
  sum(figure: Count, fromMs = 0, untilMs = Number.POSITIVE_INFINITY): number {
    return this.between(fromMs, untilMs).reduce((sum, slice) => sum + slice[figure], 0);
  }

  /** The slices that begin at `fromMs` or later and before `untilMs`. */
  between(fromMs: number, untilMs: number): readonly Slice[] {
    return this.slices.slice(Math.ceil(fromMs / SLICE_MS), Math.ceil(untilMs / SLICE_MS));
  }

  #begin(): Slice {
    const slice = { offered: 0, admitted: 0, rejected: 0, succeeded: 0, failed: 0, peakInFlight: 0 };
    this.slices.push(slice);
    return slice;
  }
}
