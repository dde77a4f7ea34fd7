/** At most so many calls at once; the others wait in line, not too many and not too long. */

import type { Clock } from '../clock.ts';
import { BulkheadFullError } from '../errors.ts';
import { Deadline, Lane } from './deadline.ts';
import { onAbort } from './on-abort.ts';

export interface BulkheadLimits {
  readonly maxConcurrent: number;
  readonly maxQueue: number;
  /** Milliseconds. */
  readonly queueTimeout: number;
}

/**
 * Slots for calls. Each successful `tryEnter` or `enter` is followed by exactly one `leave`. While anybody waits all slots
 * are taken, and `leave` hands its slot to the first in line: nobody overtakes, and no slot is lost between two owners.
 */
export class Bulkhead {
  readonly #circuit: string;
  readonly #limits: BulkheadLimits;
  readonly #clock: Clock;
  /** The line: all wait equally long, so that the order of their deadlines is the order of their arrival. */
  readonly #line: Lane;
  running = 0;
  waiting = 0;

  constructor(circuit: string, limits: BulkheadLimits, clock: Clock) {
    this.#circuit = circuit;
    this.#limits = limits;
    this.#clock = clock;
    this.#line = new Lane(clock, limits.queueTimeout);
  }

  /** Whether no slot is free now. */
  get full(): boolean {
    return this.running >= this.#limits.maxConcurrent;
  }

  /** Takes a slot if one is free now. */
  tryEnter(): boolean {
    if (this.full) return false;
    this.running++;
    return true;
  }

  /**
   * Resolves with a slot taken, first come first served.
   * @throws BulkheadFullError (`BULKHEAD_FULL`) if `maxQueue` others wait already, or after `queueTimeout`.
   * @throws the signal's reason, once it is aborted.
   */
  async enter(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (this.tryEnter()) return;
    // Some of the line may have waited too long while the event loop was busy.
    this.#line.sweep();
    if (this.waiting >= this.#limits.maxQueue) throw this.#full('queue full');
    return this.#wait(signal);
  }

  /** Gives the slot to the first in line, or frees it. */
  leave(): void {
    if (this.waiting > 0) this.#line.sweep();
    const next = this.waiting > 0 ? (this.#line.head as Waiter) : undefined;
    if (!next) {
      this.running--;
      return;
    }
    this.#line.clear(next);
    next.admit();
  }

  #wait(signal: AbortSignal | undefined): Promise<void> {
    this.waiting++;
    return new Promise((resolve, reject) => {
      const ending = (settle: () => void) => () => {
        this.waiting--;
        forget?.();
        settle();
      };
      const abort = ending(() => {
        this.#line.clear(waiter);
        reject(signal?.reason);
      });
      const waiter = new Waiter(
        ending(resolve),
        ending(() => reject(this.#full('waited too long'))),
      );
      const forget = signal && onAbort(signal, abort);
      this.#line.start(waiter, this.#clock.now());
    });
  }

  #full(why: 'queue full' | 'waited too long'): BulkheadFullError {
    const { maxConcurrent, maxQueue, queueTimeout } = this.#limits;
    const limits = `maxConcurrent ${maxConcurrent}, maxQueue ${maxQueue}, queueTimeout ${queueTimeout} ms`;
    return new BulkheadFullError(this.#circuit, why, limits);
  }
}

/** Somebody in line, who gets a slot or waits too long. */
class Waiter extends Deadline {
  readonly admit: () => void;
  readonly expire: () => void;

  constructor(admit: () => void, expire: () => void) {
    super();
    this.admit = admit;
    this.expire = expire;
  }
}
