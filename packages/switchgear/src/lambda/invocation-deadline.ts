/** The deadline of whichever invocation makes the call. */

import { type Guard, Passed } from '../guard/guard.ts';
import { timedInvocation } from './invocation.ts';

const GUARD: Guard = {
  async execute(fn, given) {
    const invocation = timedInvocation();
    return invocation ? invocation.calls.execute(fn, given) : fn(new Passed(given));
  },
};

/**
 * Ends a call `margin` (see `withSwitchgear`) before Lambda ends the invocation that makes it, with a `DOMException` named
 * `TimeoutError`. Put it inside a breaker, at module level: `compose(gear.breaker('payments'), invocationDeadline())`. Giving
 * up then counts as a failure, and the function lives to report it. Outside of an invocation it does nothing.
 *
 * Concurrent invocations each have their own deadline. No store call.
 *
 * @throws NoTimeLeftError (`NO_TIME_LEFT`) where nothing is left: `fn` was not called, and nothing is counted.
 */
export function invocationDeadline(): Guard {
  return GUARD;
}
