/** Several providers of one thing, each with its own circuit: the first that can, does. */

import type { Breaker } from '../breaker.ts';
import type { CallContext, CallOptions } from '../call.ts';
import { type CircuitOpenError, isSwitchgearError } from '../errors.ts';
import type { Guard } from './guard.ts';
import { type Trigger, triggers } from './trigger.ts';
import { wasRefused } from './was-refused.ts';

/** Somebody who can do it. */
export interface Provider<Input, T> {
  /** Its breaker, whose `isBreakable` then says what a failure is; or a composition with it inside. */
  readonly guard: Guard;
  /** Does it. */
  readonly call: (input: Input, call: CallContext) => PromiseLike<T> | T;
}

export interface FailoverOptions {
  /** When the next one is asked. Default `failure`; `open` where nothing may be done twice. */
  readonly on?: Trigger;
}

/**
 * A function that asks the providers in their order: one whose circuit is open is passed over without a call, one that fails
 * is followed by the next. Each has its outcome counted by its own breaker.
 *
 * Where none answers, the caller gets the error of the last one that was called; where none was called, the refusal of the one
 * that will admit calls soonest.
 *
 * @throws TypeError if there is no provider.
 */
export function failover<Input, T>(
  providers: readonly Provider<Input, T>[],
  { on = 'failure' }: FailoverOptions = {},
): (input: Input, options?: CallOptions) => Promise<T> {
  if (providers.length === 0) throw new TypeError('failover needs a provider');
  return async (input, options) => {
    let worst: unknown;
    for (const [i, { guard, call }] of providers.entries())
      try {
        return await guard.execute((context) => call(input, context), options);
      } catch (error) {
        worst = i === 0 ? error : graver(worst, error);
        if (!triggers(on, error, options, guard as Partial<Breaker<unknown>>)) throw error;
      }
    throw worst;
  };
}

/** Which of two errors says more: the later of calls that were made; else the refusal that ends sooner. */
function graver(before: unknown, now: unknown): unknown {
  if (!wasRefused(now)) return now;
  if (!wasRefused(before)) return before;
  return waitMs(now) < waitMs(before) ? now : before;
}

/** A full bulkhead is free any moment. */
function waitMs(error: unknown): number {
  return isSwitchgearError(error, 'CIRCUIT_OPEN') ? (error as CircuitOpenError).retryAfterMs : 0;
}
