/** Time, as the library sees it: replaced whole in tests and in the simulator. */

export interface Timer {
  /** Never runs after this. */
  cancel(): void;
}

export interface Clock {
  /** Milliseconds since 1970. May jump: correctness rests on comparing such values, never on a timer having fired. */
  now(): number;
  /** Runs `run` once, in `ms` milliseconds or later. Keeps the process alive while it waits, unless nobody does: `idle`. */
  setTimer(run: () => void, ms: number, idle?: boolean): Timer;
}

/** Whether `thenMs` is less than `ms` away from `nowMs`; either way, as a clock may be set back. */
export function within(ms: number, nowMs: number, thenMs: number | undefined): boolean {
  return thenMs !== undefined && Math.abs(nowMs - thenMs) < ms;
}

/** The machine's clock and timers. */
export const systemClock: Clock = {
  now: Date.now,
  setTimer(run, ms, idle) {
    const handle = setTimeout(run, ms);
    // A browser's timer is a number, and keeps nothing alive.
    if (idle) handle.unref?.();
    return { cancel: () => clearTimeout(handle) };
  },
};
