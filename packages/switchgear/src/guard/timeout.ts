/** A time limit for what is inside: with `retry` around it, for each attempt. */

import { type Clock, systemClock } from '../clock.ts';
import type { Duration } from '../duration.ts';
import type { OptionSpec } from '../options.ts';
import { readGuardOptions } from './guard-options.ts';
import { limited } from './limited.ts';
import { PLACES, type PlacedGuard } from './place.ts';

export interface TimeoutOptions {
  /** Time, replaced in tests. */
  readonly clock?: Clock;
}

const TABLE: Record<'after', OptionSpec> = {
  after: { kind: 'duration', default: 1, min: 1, max: 86_400_000 },
};

/**
 * Rejects with a `DOMException` named `TimeoutError`, as `AbortSignal.timeout` does, and aborts the call's signal, `after`
 * milliseconds (1 to a day) or a duration. Around a single attempt; the breaker's own `timeout` is cheaper and is for all of them.
 *
 * @throws ConfigurationError (`INVALID_CONFIGURATION`) for a time that is none.
 */
export function timeout(after: Duration, { clock = systemClock }: TimeoutOptions = {}): PlacedGuard {
  const { after: ms } = readGuardOptions<{ after: number }>('timeout', TABLE, { after });
  const timedOut = () => new DOMException(`the attempt took longer than ${ms} ms`, 'TimeoutError');
  return { place: PLACES.timeout, execute: (fn, given) => limited(fn, given, clock, ms, timedOut) };
}
