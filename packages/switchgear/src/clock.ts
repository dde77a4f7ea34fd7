/** Time, as the library sees it: replaced whole in tests and in the simulator. */

export interface Timer {
  /** Never runs after this. */
  cancel(): void;
  /** Whether this timer keeps the process alive while it waits (it does when new). */
  hold(alive: boolean): void;
}

export interface Clock {
  /** Milliseconds since 1970. May jump: correctness rests on comparing such values, never on a timer having fired. */
  now(): number;
  /** Runs `run` once, in `ms` milliseconds or later. */
  setTimer(run: () => void, ms: number): Timer;
}

/** The machine's clock and timers. */
export const systemClock: Clock = {
  now: Date.now,
  setTimer(run, ms) {
    const handle: unknown = setTimeout(run, ms);
    const node = handle as { ref?(): void; unref?(): void };
    return {
      cancel: () => clearTimeout(handle as number),
      // Browsers have numbers for handles, and no process to keep alive.
      hold: (alive) => (alive ? node.ref?.() : node.unref?.()),
    };
  },
};
