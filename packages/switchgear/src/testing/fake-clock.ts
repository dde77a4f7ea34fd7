import type { Clock, Timer } from '../clock.ts';

interface Pending {
  readonly atMs: number;
  readonly run: () => void;
}

/** An ordinary morning, odd on purpose: at 0 or at a full second too many mistakes go unseen. */
const START_MS = Date.UTC(2026, 9, 21, 6, 30, 12, 345);

/**
 * A clock that stands still until a test moves it.
 *
 * @example
 * const clock = new FakeClock();
 * const store = new MemoryStore({ clock });
 * await clock.advance(10_000);
 */
export class FakeClock implements Clock {
  #nowMs: number;
  readonly #timers = new Set<Pending>();

  /** @param startMs milliseconds since 1970; default: a morning in October 2026. */
  constructor(startMs = START_MS) {
    this.#nowMs = startMs;
  }

  now(): number {
    return this.#nowMs;
  }

  setTimer(run: () => void, ms: number): Timer {
    const timer: Pending = { atMs: this.#nowMs + Math.max(0, ms), run };
    this.#timers.add(timer);
    return { cancel: () => this.#timers.delete(timer) };
  }

  /** Timers that have neither run nor been cancelled: a test can assert that nothing is left behind. */
  get pending(): number {
    return this.#timers.size;
  }

  /**
   * Moves on by `ms` milliseconds and runs what falls due, in order, each timer at its own time. Between two of them
   * everything that only waits for promises gets its turn; what waits for the network does not.
   */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    await promisesSettled();
    for (let next = this.#nextDue(untilMs); next; next = this.#nextDue(untilMs)) {
      this.#timers.delete(next);
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.run();
      await promisesSettled();
    }
    this.#nowMs = Math.max(this.#nowMs, untilMs);
  }

  /**
   * Moves the time by `ms` milliseconds, back too, and runs no timer: a frozen process, or a clock that was set. Timers
   * that are overdue then run with the next `advance`.
   */
  jump(ms: number): void {
    this.#nowMs += ms;
  }

  #nextDue(untilMs: number): Pending | undefined {
    let first: Pending | undefined;
    for (const timer of this.#timers)
      if (timer.atMs <= untilMs && (!first || timer.atMs < first.atMs)) first = timer;
    return first;
  }
}

/** The queue of promises is empty when the event loop comes round. */
function promisesSettled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
