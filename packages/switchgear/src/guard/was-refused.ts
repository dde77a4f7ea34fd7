/** Errors of calls that were not made. */

import { isSwitchgearError } from '../errors.ts';

/** Whether `error` says that a call was not made: its circuit is open, its bulkhead full, or no time left for it. */
export function wasRefused(error: unknown): boolean {
  return (
    isSwitchgearError(error, 'CIRCUIT_OPEN') ||
    isSwitchgearError(error, 'BULKHEAD_FULL') ||
    isSwitchgearError(error, 'NO_TIME_LEFT')
  );
}
