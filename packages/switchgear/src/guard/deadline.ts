/**
 * Deadlines that share timers. A timer per call costs more than everything else that a breaker does for it, and almost
 * every call ends before its deadline. All deadlines of one length end in the order in which they began, so that a
 * queue with a single timer, for its head, serves them all.
 *
 *     head ──► a (ends 2.000) ⇄ b (ends 2.004) ⇄ c (ends 2.310)      one timer, set for `a`
 *              a is cleared: the timer stays, fires at 2.000, finds `b` at the head and is set anew, for 2.004
 */

import type { Clock, Timer } from '../clock.ts';

/** A place in a ring. One that is in no ring is a ring of its own, so that leaving twice does no harm. */
class Link {
  /** @internal */
  prev: Link = this;
  /** @internal */
  next: Link = this;
}

/** Something that ends when its time is over. Extend it: the call itself is then the entry of the queue, and starting allocates nothing. */
export abstract class Deadline extends Link {
  /** @internal */
  endsAtMs = 0;

  /** Called once, when the time is over and nobody has cleared it. Must not throw. */
  abstract expire(): void;
}

/** A timer looks again after this time at the latest: it keeps an idle process alive for no longer. */
const LOOK_MS = 1_000;

/** A timer that is later than this has lost time that no call is to blame for. A busy event loop is not that late. */
const LATE_MS = 500;

/**
 * All pending deadlines of one length, first to end first. Pending ones keep the process alive, since a caller waits for each; an
 * empty lane does for a second at most, which costs a healthy call less than telling the timer each time whether somebody waits.
 * An `idle` lane never does: nobody waits for its deadlines, and whatever they would set free ends with the process.
 */
export class Lane extends Link {
  readonly #clock: Clock;
  readonly #lengthMs: number;
  readonly #idle: boolean;
  /** Set for the deadline that was the head then. Stays when that one is cleared: most calls then touch no timer. */
  #timer: Timer | undefined;
  /** When that timer should fire. */
  #dueMs = 0;

  constructor(clock: Clock, lengthMs: number, idle = false) {
    super();
    this.#clock = clock;
    this.#lengthMs = lengthMs;
    this.#idle = idle;
  }

  /** The one that ends first. */
  get head(): Deadline | undefined {
    return this.next === this ? undefined : (this.next as Deadline);
  }

  /** Starts `deadline`, which must not be running. `nowMs` is the clock's present, which most callers have at hand. */
  start(deadline: Deadline, nowMs: number): void {
    deadline.endsAtMs = nowMs + this.#lengthMs;
    const last = this.prev;
    deadline.prev = last;
    deadline.next = this;
    last.next = deadline;
    this.prev = deadline;
    // A timer that stands was set earlier, for no longer than this deadline's length: it does not come too late.
    if (!this.#timer) this.#arm(this.#lengthMs);
  }

  /** Ends `deadline` before its time. Does nothing to one that has expired or was cleared before. */
  clear(deadline: Deadline): void {
    const { prev, next } = deadline;
    prev.next = next;
    next.prev = prev;
    deadline.prev = deadline;
    deadline.next = deadline;
  }

  /** Expires whatever is over by the clock. */
  sweep(): void {
    const nowMs = this.#clock.now();
    // A timer that comes much too late: the process was frozen, or the clock set forward. That time is nobody's fault: all
    // get it on top. And answers may have come meanwhile that are to be heard before anybody expires.
    const lateMs = this.#timer ? nowMs - this.#dueMs : 0;
    const lostMs = lateMs > LATE_MS ? lateMs : 0;
    this.#dueMs += lostMs;
    // None waits for longer than its length from now, also where the clock was set back.
    const latestMs = nowMs + this.#lengthMs;
    if (this.head && (lostMs > 0 || this.head.endsAtMs > latestMs))
      for (let link = this.next; link !== this; link = link.next) {
        const deadline = link as Deadline;
        deadline.endsAtMs = Math.min(deadline.endsAtMs + lostMs, latestMs);
      }
    if (lostMs > 0) return;
    for (let head = this.head; head && head.endsAtMs <= nowMs; head = this.head) {
      this.clear(head);
      head.expire();
    }
  }

  #arm(delayMs: number): void {
    const lookMs = Math.min(delayMs, LOOK_MS);
    this.#dueMs = this.#clock.now() + lookMs;
    this.#timer = this.#clock.setTimer(
      () => {
        this.sweep();
        this.#timer = undefined;
        if (this.head) this.#arm(Math.max(1, this.head.endsAtMs - this.#clock.now()));
      },
      lookMs,
      this.#idle,
    );
  }
}

/** The lanes of one process: breakers with the same timeout share one. */
export class Deadlines {
  readonly #clock: Clock;
  /** By length; those that nobody waits for by its negative. */
  readonly #lanes = new Map<number, Lane>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The lane for deadlines `lengthMs` after their start, at most 2^31 − 1; `idle`: that nobody waits for. */
  lane(lengthMs: number, idle = false): Lane {
    const key = idle ? -lengthMs : lengthMs;
    let lane = this.#lanes.get(key);
    if (!lane) {
      lane = new Lane(this.#clock, lengthMs, idle);
      this.#lanes.set(key, lane);
    }
    return lane;
  }
}
