/** A call that is given up at a time, or when its caller aborts: what `timeout` and `deadline` have in common. */

import type { CallContext, CallOptions } from '../call.ts';
import type { Clock } from '../clock.ts';
import { deadlineOf } from './guard.ts';
import { onAbort } from './on-abort.ts';

/** The longest that a timer can wait. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * Calls `fn` and waits for it `ms` milliseconds, or until the caller aborts. A call that is given up has its signal aborted;
 * it may run on, and nobody hears how it ends. `timedOut` makes the error.
 */
export function limited<T>(
  fn: (call: CallContext) => PromiseLike<T> | T,
  given: CallOptions | undefined,
  clock: Clock,
  ms: number,
  timedOut: () => Error,
): Promise<T> {
  const outer = given?.signal;
  if (outer?.aborted) return Promise.reject(outer.reason);
  return new Promise((resolve, reject) => {
    const call = new LimitedCall(Math.min(clock.now() + ms, deadlineOf(given) ?? Infinity));
    const done = () => {
      timer.cancel();
      forget?.();
    };
    const giveUp = (reason: unknown) => {
      done();
      reject(reason);
      call.abort(reason);
    };
    const timer = clock.setTimer(() => giveUp(timedOut()), Math.min(ms, MAX_TIMER_MS));
    const forget = outer && onAbort(outer, () => giveUp(outer.reason));
    // What `fn` throws at once rejects as well.
    new Promise<T>((settle) => settle(fn(call))).then(resolve, reject).finally(done);
  });
}

class LimitedCall implements CallContext, CallOptions {
  readonly deadlineMs: number;
  #controller: AbortController | undefined = undefined;
  #givenUp: { readonly reason: unknown } | undefined = undefined;

  constructor(deadlineMs: number) {
    this.deadlineMs = deadlineMs;
  }

  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      // Asked for too late: it learns it at once.
      if (this.#givenUp) this.#controller.abort(this.#givenUp.reason);
    }
    return this.#controller.signal;
  }

  abort(reason: unknown): void {
    this.#givenUp = { reason };
    this.#controller?.abort(reason);
  }
}
