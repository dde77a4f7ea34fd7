/** Repeats a call that failed and may well go through the next time. */

import type { Breaker } from '../breaker.ts';
import type { CallContext, CallOptions } from '../call.ts';
import { type Clock, systemClock } from '../clock.ts';
import type { Duration } from '../duration.ts';
import type { OptionSpec } from '../options.ts';
import { isBreakable, retryAfterMs } from './classify.ts';
import { deadlineOf, type Guard, Passed } from './guard.ts';
import { readGuardOptions } from './guard-options.ts';
import { onAbort } from './on-abort.ts';
import { PLACES, type PlacedGuard } from './place.ts';
import { RetryBudget } from './retry-budget.ts';
import { wasRefused } from './was-refused.ts';

/** Durations are milliseconds or `'30s'`. */
export interface RetryOptions {
  /** Attempts in all, the first included, 1 to 100. Default 3. */
  readonly attempts?: number;
  /** Longest wait before the second attempt; it doubles with each one. Chance takes anything from 0 up to it. Default 100 milliseconds. */
  readonly minDelay?: Duration;
  /** Longest wait there is. A dependency that asks for more (`Retry-After`) is not asked again. Default 2 seconds. */
  readonly maxDelay?: Duration;
  /** Share of calls, 0–1, that may be repetitions, beyond the first 10; `false`: no limit. Default 0.2. */
  readonly budget?: number | false;
  /**
   * What has one outcome where this is among a breaker's guards: the `call`, whatever was repeated, or each `attempt`, which then also
   * has its own place in the bulkhead and the whole `timeout`. Default `call`.
   */
  readonly outcome?: 'call' | 'attempt';
  /** Whether an error is worth another attempt. Default: what the breaker counts: timeouts, failed connections, HTTP 5xx and 429. */
  readonly isRetryable?: (error: unknown) => boolean;
  /** Time, replaced in tests. */
  readonly clock?: Clock;
  /** Chance, uniform in [0, 1), replaced in tests. */
  readonly random?: () => number;
}

interface Settings {
  readonly attempts: number;
  readonly minDelay: number;
  readonly maxDelay: number;
  readonly budget: number;
  readonly outcome: 'call' | 'attempt';
  readonly isRetryable?: (error: unknown) => boolean;
}

const TABLE: Record<keyof Settings, OptionSpec> = {
  attempts: { kind: 'integer', default: 3, min: 1, max: 100 },
  minDelay: { kind: 'duration', default: 100, min: 1, max: 86_400_000 },
  maxDelay: { kind: 'duration', default: 2_000, min: 1, max: 86_400_000 },
  budget: { kind: 'ratio', default: 0.2, min: 0, max: 1, off: Infinity },
  outcome: { kind: 'choice', default: 'call', choices: ['call', 'attempt'] },
  isRetryable: { kind: 'function' },
};

/**
 * Repeats what is inside, with exponential backoff and full jitter, while errors are worth it. The caller gets the last
 * attempt's error. Inside a breaker all attempts are one call, with one outcome; around it each attempt is a call.
 *
 * It never repeats what an open circuit, a full bulkhead or want of time refused, nor a call that is `once`, nor after the caller's abort, and begins no wait that
 * would outlast the call's deadline. Guard with it only what may be done twice. One budget per guard, or per breaker that has it in its options.
 *
 * @throws ConfigurationError (`INVALID_CONFIGURATION`) with every problem.
 */
export function retry(options: RetryOptions = {}): PlacedGuard {
  const { clock = systemClock, random = Math.random, ...rest } = options;
  return new Retry(readGuardOptions<Settings>('retry', TABLE, rest), clock, random);
}

class Retry implements PlacedGuard {
  readonly place: PlacedGuard['place'];
  readonly #settings: Settings;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #budget: RetryBudget;

  constructor(settings: Settings, clock: Clock, random: () => number) {
    this.#settings = settings;
    this.#clock = clock;
    this.#random = random;
    this.#budget = new RetryBudget(settings.budget);
    this.place = settings.outcome === 'call' ? PLACES.retry : PLACES.retryOfCalls;
  }

  forBreaker({ options: { isBreakable: isRetryable } }: Breaker<unknown>): Guard {
    const settings = isRetryable ? { isRetryable, ...this.#settings } : this.#settings;
    return new Retry(settings, this.#clock, this.#random);
  }

  async execute<T>(fn: (call: CallContext) => PromiseLike<T> | T, given?: CallOptions): Promise<T> {
    const call = new Passed(given);
    this.#budget.called();
    for (let attempt = 1; ; attempt++) {
      try {
        return await fn(call);
      } catch (error) {
        const delayMs = this.#delayAfter(error, attempt, given);
        if (delayMs === undefined) throw error;
        await pause(this.#clock, delayMs, given?.signal);
      }
    }
  }

  /** How long to wait before the next attempt; `undefined`: there is none. */
  #delayAfter(error: unknown, attempt: number, given: CallOptions | undefined): number | undefined {
    const { attempts, minDelay, maxDelay, isRetryable = isBreakable } = this.#settings;
    if (attempt >= attempts || given?.once || given?.signal?.aborted || wasRefused(error)) return undefined;
    if (!safely(isRetryable, error)) return undefined;
    const nowMs = this.#clock.now();
    const asked = retryAfterMs(error, nowMs) ?? 0;
    // On top of what was asked for: all who were asked would else come back at the same moment.
    const delayMs = asked + this.#random() * Math.min(maxDelay, minDelay * 2 ** (attempt - 1));
    const untilMs = deadlineOf(given) ?? Infinity;
    if (asked > maxDelay || nowMs + delayMs >= untilMs) return undefined;
    return this.#budget.take() ? delayMs : undefined;
  }
}

/** A predicate that throws must not take the place of the caller's error. */
function safely(predicate: (error: unknown) => boolean, error: unknown): boolean {
  try {
    return predicate(error);
  } catch {
    return false;
  }
}

async function pause(clock: Clock, ms: number, signal: AbortSignal | undefined): Promise<void> {
  // `isRetryable` is the user's code, and may be what aborts.
  signal?.throwIfAborted();
  return new Promise((resolve, reject) => {
    const timer = clock.setTimer(() => {
      forget?.();
      resolve();
    }, ms);
    const forget =
      signal &&
      onAbort(signal, () => {
        timer.cancel();
        reject(signal.reason);
      });
  });
}
