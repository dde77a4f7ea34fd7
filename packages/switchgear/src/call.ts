/** One call on its way through a breaker. */

import type { Ticket } from './circuit/ticket.ts';
import { Deadline, type Lane } from './guard/deadline.ts';
import { onAbort } from './guard/on-abort.ts';

/** What one call brings along. A guard takes from it what concerns it; the others inside still see it. */
export interface CallOptions {
  /** The caller's own abort: the call rejects with its reason at once, counts as neither success nor failure, and nothing answers in its place. */
  readonly signal?: AbortSignal | undefined;
  /** When the call must be over, milliseconds since 1970: `retry` begins no wait that ends later. */
  readonly deadlineMs?: number | undefined;
  /** Whether the call can be made only once, for what it sends is then gone or done: `retry` repeats nothing. Default: no. */
  readonly once?: boolean | undefined;
  /** Which answers may stand in for each other: `lastGoodAnswer` keeps one per key. Default: all of them. */
  readonly key?: string | undefined;
  /** Called when a guard answers in place of the call, with the error that this hides. Must not throw. */
  readonly onFallback?: ((error: unknown) => void) | undefined;
}

/** What the protected function is given. */
export interface CallContext {
  /**
   * Aborted when the call times out or its caller aborts. Made only when asked for: a function that never reads it costs
   * no AbortController.
   */
  readonly signal: AbortSignal;
}

/** A call that nothing can interrupt: its signal exists for those who ask, and is never aborted. */
export class PlainCall implements CallContext {
  #signal: AbortSignal | undefined = undefined;

  get signal(): AbortSignal {
    this.#signal ??= new AbortController().signal;
    return this.#signal;
  }
}

/** What becomes of calls: the part of a breaker that an interruptible call talks to. */
export interface CallOwner {
  /** Deadlines of calls, where there is a timeout. */
  readonly lane: Lane | undefined;
  /** Whether calls go on, whatever is decided about them. */
  readonly shadow: boolean;
  /** Whether it matters for whom a call ends: somebody hears of it. */
  readonly heard: boolean;
  /** The call is over, however it ended: its place is free. */
  ended(): void;
  /** Each counts how the call ended; the promise, if any, is to be awaited before the caller hears of it. */
  returned(ticket: Ticket, result: unknown, startMs: number): Promise<void> | undefined;
  threw(ticket: Ticket, error: unknown, startMs: number): Promise<void> | undefined;
  cancelled(ticket: Ticket): Promise<void> | undefined;
  timeoutError(): Error;
}

/**
 * A call that ends exactly once: by its own result, at its deadline, or by its caller's abort, whichever comes first.
 * It is the entry of the queue of deadlines itself, so that a deadline allocates nothing.
 */
export class InterruptibleCall<T> extends Deadline implements CallContext {
  readonly #owner: CallOwner;
  #ticket: Ticket;
  readonly #startMs: number;
  readonly #outer: AbortSignal | undefined;
  readonly #resolve: (result: T) => void;
  readonly #reject: (error: unknown) => void;
  #over = false;
  /** Why it is over, where that aborts the signal. */
  #reason: unknown = undefined;
  #controller: AbortController | undefined = undefined;
  #forget: (() => void) | undefined = undefined;
  #wake: (() => void) | undefined = undefined;

  private constructor(
    owner: CallOwner,
    ticket: Ticket,
    startMs: number,
    outer: AbortSignal | undefined,
    resolve: (result: T) => void,
    reject: (error: unknown) => void,
  ) {
    super();
    this.#owner = owner;
    this.#ticket = ticket;
    this.#startMs = startMs;
    this.#outer = outer;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  /** Calls `fn`; the promise settles when the call ends, which need not be when `fn` does. */
  static run<T>(
    owner: CallOwner,
    ticket: Ticket,
    fn: (call: CallContext) => PromiseLike<T> | T,
    outer: AbortSignal | undefined,
    startMs: number,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      new InterruptibleCall(owner, ticket, startMs, outer, resolve, reject).#run(fn);
    });
  }

  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      // Asked for too late: a function that goes on after its end learns it at once.
      if (this.#over) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  #run(fn: (call: CallContext) => PromiseLike<T> | T): void {
    if (this.#owner.lane) this.#limit(this.#owner.lane);
    try {
      if (this.#outer) {
        // The caller may have gone while the call stood in line or the store was asked.
        if (this.#outer.aborted) {
          this.#abort();
          return;
        }
        this.#forget = onAbort(this.#outer, () => this.#abort());
      }
      // Whatever it is: what is no promise may answer with another one, which has not failed yet.
      Promise.resolve(fn(this)).then(
        (value) => this.#succeed(value),
        (error) => this.#fail(error),
      );
    } catch (error) {
      this.#fail(error);
    }
  }

  /**
   * A timer of many calls fires in the asynchronous context of whichever call set it; a promise's reaction runs in that of who
   * waits for it. So what is told of this call's end is told as this call: with its correlation id, on its span.
   */
  #limit(lane: Lane): void {
    if (this.#owner.heard)
      void new Promise<void>((resolve) => {
        this.#wake = resolve;
      }).then(() => this.#expired());
    lane.start(this, this.#startMs);
  }

  override expire(): void {
    if (this.#wake) this.#wake();
    else this.#expired();
  }

  /** The deadline. */
  #expired(): void {
    const error = this.#owner.timeoutError();
    if (this.#owner.shadow) {
      void this.#owner.threw(this.#ticket, error, this.#startMs);
      // It goes on, and has been counted.
      this.#ticket = undefined;
      return;
    }
    if (!this.#end()) return;
    this.#stop(this.#owner.threw(this.#ticket, error, this.#startMs), error);
  }

  #abort(): void {
    if (!this.#end()) return;
    this.#stop(this.#owner.cancelled(this.#ticket), this.#outer?.reason);
  }

  /** The function is not waited for any more. */
  #stop(told: Promise<void> | undefined, reason: unknown): void {
    this.#reason = reason;
    this.#controller?.abort(reason);
    this.#rejectAfter(told, reason);
  }

  #succeed(result: T): void {
    if (!this.#end()) return;
    const told = this.#owner.returned(this.#ticket, result, this.#startMs);
    if (told) void told.then(() => this.#resolve(result));
    else this.#resolve(result);
  }

  #fail(error: unknown): void {
    if (this.#end()) this.#rejectAfter(this.#owner.threw(this.#ticket, error, this.#startMs), error);
  }

  #rejectAfter(told: Promise<void> | undefined, error: unknown): void {
    if (told) void told.then(() => this.#reject(error));
    else this.#reject(error);
  }

  #end(): boolean {
    if (this.#over) return false;
    this.#over = true;
    this.#owner.lane?.clear(this);
    this.#forget?.();
    this.#owner.ended();
    return true;
  }
}
