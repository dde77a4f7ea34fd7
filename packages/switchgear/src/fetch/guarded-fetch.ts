/** `fetch`, guarded: the same signature, the same answers. */

import type { CallContext } from '../call.ts';
import { answerOf } from '../guard/failed-answer.ts';
import type { Guard } from '../guard/guard.ts';
import { linkedSignal } from '../guard/linked-signal.ts';
import { isReadOnce } from '../guard/read-once.ts';

type Fetch = typeof globalThis.fetch;
type Input = Parameters<Fetch>[0];
type Init = NonNullable<Parameters<Fetch>[1]>;

/**
 * A `fetch` whose calls go through `guard`: 5xx, 429 and failed connections count as failures, `Retry-After` sets how long the
 * circuit stays open. The answer is the caller's, whatever its status, its body untouched; it counts when its head is here,
 * and with that its place in the bulkhead is free and the breaker's `timeout` over. The caller's signal holds to the end of
 * the body. Costs and errors are those of the guard. Concurrent calls are independent.
 *
 * A request whose body can be read once is sent once, whatever `retry` the guard has.
 *
 * @param guard a breaker, or a composition with one inside; or a function that has one for each address:
 *   `(url) => gear.breaker(url.host)`. Each name is a circuit: do not make them out of what users send.
 * @param fetch what makes the call. Default: the global one, looked up at each call.
 * @throws CircuitOpenError, BulkheadFullError, TimeoutError as the breaker does; whatever `fetch` throws.
 */
export function guardedFetch(
  guard: Guard<Response> | ((url: URL) => Guard<Response>),
  fetch: Fetch = (input, init) => globalThis.fetch(input, init),
): Fetch {
  return async (input: Input, given?: Init | null) => {
    const init = given ?? {};
    const chosen = typeof guard === 'function' ? guard(urlOf(input)) : guard;
    const caller = signalOf(input, init);
    const request = new RepeatedRequest(fetch, input, init, caller);
    return answerOf(chosen, (call) => request.send(call), { signal: caller, once: isSentOnce(input, init) });
  };
}

/** One request, sent as often as the guard wants. */
class RepeatedRequest {
  readonly #fetch: Fetch;
  readonly #input: Input;
  readonly #init: Init;
  readonly #caller: AbortSignal | undefined;
  #discard: (() => void) | undefined = undefined;

  constructor(fetch: Fetch, input: Input, init: Init, caller: AbortSignal | undefined) {
    this.#fetch = fetch;
    this.#input = input;
    this.#init = init;
    this.#caller = caller;
  }

  send({ signal: own }: CallContext): Promise<Response> {
    // Nobody reads the body of an answer that was not good enough, and its connection waits for that.
    this.#discard?.();
    // The breaker's signal is for the head of the answer, the caller's for all of it.
    const signal = this.#caller ? linkedSignal(own, this.#caller) : own;
    const ended = this.#fetch(this.#input, { ...this.#init, signal });
    this.#discard = () => {
      // A body that broke off meanwhile, or that `isRetryable` has begun to read, cannot be cancelled: nor need it be.
      ended.then(({ body }) => body?.cancel()).catch(() => {});
    };
    return ended;
  }
}

function urlOf(input: Input): URL {
  return new URL(input instanceof Request ? input.url : input);
}

/** As `fetch` has it: `null` in the second argument takes away a request's own. */
function signalOf(input: Input, init: Init): AbortSignal | undefined {
  const signal = init.signal === undefined && input instanceof Request ? input.signal : init.signal;
  return signal ?? undefined;
}

function isSentOnce(input: Input, { body }: Init): boolean {
  return body === undefined ? input instanceof Request && input.body !== null : isReadOnce(body);
}
