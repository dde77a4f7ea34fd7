/** The time that is left to whoever makes the call: an invocation of Lambda, a request with a deadline of its own. */

import type { CallContext, CallOptions } from '../call.ts';
import { type Clock, systemClock } from '../clock.ts';
import type { Duration } from '../duration.ts';
import { NoTimeLeftError } from '../errors.ts';
import type { OptionSpec } from '../options.ts';
import { readGuardOptions } from './guard-options.ts';
import { limited } from './limited.ts';
import { PLACES, type PlacedGuard } from './place.ts';

export interface DeadlineOptions {
  /** Kept back, so that there is time left to report the failure and to answer. Default 500 milliseconds. */
  readonly margin?: Duration;
  /** Time, replaced in tests. */
  readonly clock?: Clock;
}

const TABLE: Record<'margin', OptionSpec> = {
  margin: { kind: 'duration', default: 500, min: 0, max: 86_400_000 },
};

/**
 * Ends a call `margin` before its parent's end, with a `DOMException` named `TimeoutError`: inside a breaker that counts as a
 * failure, and there is time left to report it. Tells `retry`, inside it, when to stop.
 *
 * @param remainingMs milliseconds that the parent has left, asked when a call begins: `() => context.getRemainingTimeInMillis()`.
 * @throws ConfigurationError (`INVALID_CONFIGURATION`) for a margin that is none.
 * @throws NoTimeLeftError (`NO_TIME_LEFT`) from `execute`, where nothing is left: the call was not made.
 */
export function deadline(remainingMs: () => number, options: DeadlineOptions = {}): PlacedGuard {
  const { clock = systemClock, ...rest } = options;
  const { margin } = readGuardOptions<{ margin: number }>('deadline', TABLE, rest);
  return {
    place: PLACES.deadline,
    execute: (fn, given) => inTime(fn, given, remainingMs, margin, clock),
  };
}

/** Calls `fn` and gives it up `margin` milliseconds before its parent's end. */
export async function inTime<T>(
  fn: (call: CallContext) => PromiseLike<T> | T,
  given: CallOptions | undefined,
  remainingMs: () => number,
  margin: number,
  clock: Clock,
): Promise<T> {
  const ms = remainingMs() - margin;
  // NaN too: no time can be told, none is given.
  if (!(ms > 0)) throw new NoTimeLeftError(`no time left for the call: its parent ends within ${margin} ms`);
  const timedOut = () =>
    new DOMException(`the call was given up ${margin} ms before its parent's end`, 'TimeoutError');
  return limited(fn, given, clock, ms, timedOut);
}
