/** Another answer, where the call has none. */

import type { Breaker } from '../breaker.ts';
import type { EffectiveState } from '../circuit/status.ts';
import { type CircuitOpenError, isSwitchgearError } from '../errors.ts';
import { Passed } from './guard.ts';
import { PLACES, type PlacedGuard } from './place.ts';
import { type Trigger, triggers } from './trigger.ts';

export interface FallbackOptions {
  /** When to answer instead. Default `failure`. */
  readonly on?: Trigger;
  /** The breaker inside: its `isBreakable` then says what a failure is, and its state is told to the answer. Default: the one that has this among its guards. */
  readonly breaker?: Breaker<unknown>;
}

/** Makes an answer out of the error that it hides and the circuit's state, where that is known. */
export type FallbackAnswer<F> = (error: unknown, state: EffectiveState | undefined) => PromiseLike<F> | F;

/**
 * Answers in place of a call that was not made or that failed. Belongs outermost. What the answer's function throws, the
 * caller gets: it has seen the first error and may wrap it.
 *
 * @param answer the value, or a function that makes it.
 * @example
 * const rate = compose(fallback(1.1, { on: 'open' }), breaker);
 */
export function fallback<F>(
  answer: FallbackAnswer<F> | F,
  { on = 'failure', breaker }: FallbackOptions = {},
): PlacedGuard<F> {
  return {
    place: PLACES.fallback,
    forBreaker: (its) => fallback(answer, { on, breaker: breaker ?? its }),
    async execute(fn, given) {
      try {
        return await fn(new Passed(given));
      } catch (error) {
        if (!triggers(on, error, given, breaker)) throw error;
        const value = isFunction(answer) ? await answer(error, stateOf(error, breaker)) : answer;
        given?.onFallback?.(error);
        return value;
      }
    },
  };
}

function isFunction<F>(answer: FallbackAnswer<F> | F): answer is FallbackAnswer<F> {
  return typeof answer === 'function';
}

/** As the call found it; where it was admitted, as it is now. */
function stateOf(error: unknown, breaker: Breaker<unknown> | undefined): EffectiveState | undefined {
  if (isSwitchgearError(error, 'CIRCUIT_OPEN')) return (error as CircuitOpenError).state;
  return breaker?.state.state;
}
