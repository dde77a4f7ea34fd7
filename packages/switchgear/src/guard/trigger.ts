/** Which errors let somebody else answer. */

import type { Breaker } from '../breaker.ts';
import type { CallOptions } from '../call.ts';
import { isSwitchgearError } from '../errors.ts';
import { isBreakable } from './classify.ts';
import { wasRefused } from './was-refused.ts';

/**
 * `open`: the circuit admitted nothing. `failure`: that, or the call was not made for another reason (a full bulkhead, no time
 * left), or the dependency failed: not a 4xx, not a fault of the program. Or a function that says it of an error.
 */
export type Trigger = 'open' | 'failure' | ((error: unknown) => boolean);

/** @internal Whether `error` lets somebody else answer. Never where the caller has aborted: nobody waits for an answer. */
export function triggers(
  on: Trigger,
  error: unknown,
  given: CallOptions | undefined,
  breaker?: Partial<Breaker<unknown>>,
): boolean {
  if (given?.signal?.aborted) return false;
  try {
    if (typeof on === 'function') return on(error);
    if (isSwitchgearError(error, 'CIRCUIT_OPEN')) return true;
    if (on === 'open') return false;
    if (wasRefused(error)) return true;
    return (breaker?.options?.isBreakable ?? isBreakable)(error);
  } catch {
    // A predicate that throws must not take the place of the caller's error.
    return false;
  }
}
