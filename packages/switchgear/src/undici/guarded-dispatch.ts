/** An interceptor for undici's dispatchers. */

import type { Dispatcher } from 'undici';
import type { Breaker } from '../breaker.ts';
import type { CallContext } from '../call.ts';
import { FailedAnswer, isFailedStatus } from '../guard/failed-answer.ts';

type Controller = Dispatcher.DispatchController;
type Handler = Dispatcher.DispatchHandler;
type Headers = Parameters<NonNullable<Handler['onResponseStart']>>[2];

/**
 * Sends all requests of a dispatcher through `breaker`: 5xx, 429 and failed connections count as failures, `Retry-After` sets
 * how long the circuit stays open. Answers pass untouched, and count when their head is here. Place undici's own `retry`
 * interceptor before it for one outcome whatever was repeated, behind it for one outcome per attempt: a head that was handed on cannot be
 * taken back, so that guards of the breaker which repeat or answer have no say here.
 *
 * @example
 * const dispatcher = new Agent().compose(guardedDispatch(gear.breaker('payments')));
 * @throws nothing: errors, ours too, reach the request as any other does.
 */
export function guardedDispatch(breaker: Breaker<unknown>): Dispatcher.DispatcherComposeInterceptor {
  return (dispatch) => (options, handler) => {
    let sent = false;
    let more = true;
    const call = (context: CallContext) =>
      new Promise<void>((resolve, reject) => {
        more = dispatch(options, new GuardedHandler(handler, context.signal, resolve, reject));
        sent = true;
      });
    const unsent = (error: unknown) => {
      // Once it was sent, its own handler has told.
      if (!sent) handler.onResponseError?.(new Unsent(error as Error), error as Error);
    };
    // A fallback has no answer that undici could hand on.
    const given = { signal: callerSignal(options), once: true, onFallback: unsent };
    breaker.execute(call, given).catch(unsent);
    return more;
  };
}

/** undici's own methods hand down what they were called with. */
function callerSignal(options: Dispatcher.DispatchOptions): AbortSignal | undefined {
  const { signal } = options as { readonly signal?: unknown };
  return signal instanceof AbortSignal ? signal : undefined;
}

/** Hands everything on, and tells the breaker how the request ended. */
class GuardedHandler implements Handler {
  readonly #handler: Handler;
  readonly #signal: AbortSignal;
  readonly #succeed: () => void;
  readonly #fail: (error: unknown) => void;
  #controller: Controller | undefined = undefined;
  /** The request was given up before it began, and its handler knows. */
  #toldEarly = false;

  constructor(handler: Handler, signal: AbortSignal, succeed: () => void, fail: (error: unknown) => void) {
    this.#handler = handler;
    this.#signal = signal;
    this.#succeed = succeed;
    this.#fail = fail;
    signal.addEventListener('abort', () => this.#giveUp(), { once: true });
  }

  onRequestStart(controller: Controller, context: unknown): void {
    this.#controller = controller;
    if (this.#toldEarly) controller.abort(this.#signal.reason);
    else this.#handler.onRequestStart?.(controller, context);
  }

  onRequestUpgrade(...args: Parameters<NonNullable<Handler['onRequestUpgrade']>>): void {
    this.#succeed();
    this.#handler.onRequestUpgrade?.(...args);
  }

  onResponseStart(controller: Controller, status: number, headers: Headers, message?: string): void {
    // 1xx says that the answer is still to come.
    if (isFailedStatus(status)) this.#fail(new FailedAnswer({ status, headers }, status));
    else if (status >= 200) this.#succeed();
    this.#handler.onResponseStart?.(controller, status, headers, message);
  }

  onResponseData(controller: Controller, chunk: Buffer): void {
    this.#handler.onResponseData?.(controller, chunk);
  }

  onResponseEnd(...args: Parameters<NonNullable<Handler['onResponseEnd']>>): void {
    this.#handler.onResponseEnd?.(...args);
  }

  onResponseError(controller: Controller, error: Error): void {
    this.#fail(error);
    if (!this.#toldEarly) this.#handler.onResponseError?.(controller, error);
  }

  /** The breaker's timeout, or the caller's abort. */
  #giveUp(): void {
    const { reason } = this.#signal;
    if (this.#controller) {
      this.#controller.abort(reason);
      return;
    }
    // It waits for a connection, where nothing can abort it: it is ended as soon as it has one.
    this.#toldEarly = true;
    this.#handler.onResponseError?.(new Unsent(reason), reason);
  }
}

/** Of a request that was never sent, and so can be neither paused nor aborted. */
class Unsent implements Controller {
  readonly aborted = true;
  readonly paused = false;
  readonly reason: Error;

  constructor(reason: Error) {
    this.reason = reason;
  }

  abort(): void {}
  pause(): void {}
  resume(): void {}
}
