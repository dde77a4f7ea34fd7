/** One call on its way through a breaker. */

import type { Ticket } from './circuit/circuit.ts';
import { Deadline, type Lane } from './guard/deadline.ts';

/** What the protected function is given. */
export interface CallContext {
  /**
   * Aborted when the call times out or its caller aborts. Made only when asked for: a function that never reads it costs
   * no AbortController.
   */
  readonly signal: AbortSignal;
}

/**
 * Ends exactly once: by its own result, at its deadline, or by its caller's abort. `release` then runs, whichever it was.
 * It is the entry of the queue of deadlines itself, so that a deadline allocates nothing.
 */
export class Call extends Deadline implements CallContext {
  readonly ticket: Ticket;
  readonly #release: (() => void) | undefined;
  readonly #outer: AbortSignal | undefined;
  #lane: Lane | undefined;
  #controller: AbortController | undefined;
  #interrupt: ((why: 'timeout' | 'abort') => void) | undefined;
  #onAbort: (() => void) | undefined;
  #over = false;

  constructor(ticket: Ticket, release: (() => void) | undefined, outer: AbortSignal | undefined) {
    super();
    this.ticket = ticket;
    this.#release = release;
    this.#outer = outer;
  }

  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      if (this.#outer?.aborted) this.#controller.abort(this.#outer.reason);
    }
    return this.#controller.signal;
  }

  /** Calls `interrupt` once, at the deadline or at the caller's abort, unless the call ends before. */
  watch(lane: Lane | undefined, nowMs: number, interrupt: (why: 'timeout' | 'abort') => void): void {
    this.#interrupt = interrupt;
    this.#lane = lane;
    lane?.start(this, nowMs);
    if (!this.#outer) return;
    this.#onAbort = () => interrupt('abort');
    this.#outer.addEventListener('abort', this.#onAbort, { once: true });
  }

  /** True for the one who ends it. */
  end(): boolean {
    if (this.#over) return false;
    this.#over = true;
    this.#lane?.clear(this);
    if (this.#onAbort) this.#outer?.removeEventListener('abort', this.#onAbort);
    this.#release?.();
    return true;
  }

  /** Tells the function that nobody waits for it any more. */
  abort(reason: unknown): void {
    this.#controller?.abort(reason);
  }

  override expire(): void {
    this.#interrupt?.('timeout');
  }
}
