/** The deadline of whichever invocation makes the call. */

import { NoTimeLeftError } from '../errors.ts';
import { Passed } from '../guard/guard.ts';
import { PLACES, type PlacedGuard } from '../guard/place.ts';
import { timedInvocation } from './invocation.ts';

const GUARD: PlacedGuard = {
  place: PLACES.deadline,
  async execute(fn, given) {
    const invocation = timedInvocation();
    if (!invocation) return fn(new Passed(given));
    try {
      return await invocation.calls.execute(fn, given);
    } catch (error) {
      // Nobody has waited for it, and the process was frozen meanwhile: dead sockets and late timers are not the dependency's
      // doing. Without its cause, by which a breaker would judge it.
      if (invocation.over)
        throw new NoTimeLeftError('the call was not awaited, and has outlived its invocation');
      throw error;
    }
  },
};

/**
 * Ends a call `margin` (see `withSwitchgear`) before Lambda ends the invocation that makes it, with a `DOMException` named
 * `TimeoutError`. Give it to all breakers: `new Switchgear({ store, guards: [invocationDeadline()] })`, or to one. Giving
 * up then counts as a failure, and the function lives to report it. Outside of an invocation it does nothing. A call that fails
 * after its invocation has ended, since nobody awaited it, counts as nothing.
 *
 * Concurrent invocations each have their own deadline. No store call.
 *
 * @throws NoTimeLeftError (`NO_TIME_LEFT`) where nothing is left: `fn` was not called; or nothing was left when it failed. Counts as nothing.
 */
export function invocationDeadline(): PlacedGuard {
  return GUARD;
}
