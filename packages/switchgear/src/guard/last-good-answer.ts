/** The last good answer stands in while there is no new one: stale-if-error, in memory and, if asked for, in a store. */

import type { Breaker } from '../breaker.ts';
import type { CallContext, CallOptions } from '../call.ts';
import { type Clock, systemClock } from '../clock.ts';
import type { Duration } from '../duration.ts';
import type { OptionSpec } from '../options.ts';
import { type Guard, Passed } from './guard.ts';
import { readGuardOptions } from './guard-options.ts';
import { PLACES, type PlacedGuard } from './place.ts';
import { type Answer, SharedAnswers, type SharedAnswersOptions } from './shared-answers.ts';
import { type Trigger, triggers } from './trigger.ts';

export interface LastGoodAnswerOptions {
  /** Age beyond which an answer no longer stands in for a new one. Default 5 minutes. */
  readonly maxAge?: Duration;
  /** Answers kept, one per key; the one not used for longest goes first. Default 100. */
  readonly maxEntries?: number;
  /** A store of the fleet for them: a process that has none of its own, after a cold start say, takes another's. Default: none. */
  readonly shared?: SharedAnswersOptions;
  /** When to answer instead. Default `failure`. */
  readonly on?: Trigger;
  /** The breaker inside: its `isBreakable` then says what a failure is, and what its `isFailure` holds for one is not kept. Default: the one that has this among its guards. */
  readonly breaker?: Breaker<unknown>;
  /** Time, replaced in tests. */
  readonly clock?: Clock;
}

interface Settings {
  readonly maxAge: number;
  readonly maxEntries: number;
}

const TABLE: Record<keyof Settings, OptionSpec> = {
  maxAge: { kind: 'duration', default: 300_000, min: 1, max: 86_400_000 },
  maxEntries: { kind: 'integer', default: 100, min: 1, max: 1e6 },
};

/**
 * Keeps each key's last good answer, and gives it, the very object, where a call was not made or failed. Without one the
 * caller gets the error. Errors are never kept.
 *
 * One guard for one kind of answer: calls that share it and a `key` share answers; among a breaker's guards, the calls of that breaker. Not for answers that can be read once, such
 * as a `Response`: keep what was read from it.
 *
 * @throws ConfigurationError (`INVALID_CONFIGURATION`) with every problem.
 * @example
 * const geo = compose(lastGoodAnswer({ maxAge: '1h' }), breaker).wrap(locate, (ip) => ({ key: ip }));
 */
export function lastGoodAnswer(options: LastGoodAnswerOptions = {}): PlacedGuard {
  const { on = 'failure', breaker, clock = systemClock, shared, ...rest } = options;
  const settings = readGuardOptions<Settings>('lastGoodAnswer', TABLE, rest);
  const fleet = shared && new SharedAnswers(shared, settings.maxAge, clock);
  return new LastGoodAnswer(settings, on, breaker, fleet, clock);
}

class LastGoodAnswer implements PlacedGuard {
  readonly place = PLACES.lastGoodAnswer;
  readonly #settings: Settings;
  readonly #on: Trigger;
  readonly #breaker: Breaker<unknown> | undefined;
  readonly #shared: SharedAnswers | undefined;
  readonly #clock: Clock;
  /** A Map keeps the order of insertion: the first is the one not used for longest. */
  readonly #answers = new Map<string, Answer>();

  constructor(
    settings: Settings,
    on: Trigger,
    breaker: Breaker<unknown> | undefined,
    shared: SharedAnswers | undefined,
    clock: Clock,
  ) {
    this.#settings = settings;
    this.#on = on;
    this.#breaker = breaker;
    this.#shared = shared;
    this.#clock = clock;
  }

  forBreaker(breaker: Breaker<unknown>): Guard {
    const mine = this.#breaker ?? breaker;
    return new LastGoodAnswer(this.#settings, this.#on, mine, this.#shared, this.#clock);
  }

  async execute<T>(fn: (call: CallContext) => PromiseLike<T> | T, given?: CallOptions): Promise<T> {
    const key = given?.key ?? '';
    // Its age counts from the question: a slow answer is not a fresh one, and does not replace a fresher.
    const askedMs = this.#clock.now();
    try {
      const value = await fn(new Passed(given));
      this.#keep(key, value, askedMs);
      return value;
    } catch (error) {
      if (!triggers(this.#on, error, given, this.#breaker)) throw error;
      const last = this.#own(key) ?? (await this.#find(key));
      if (!last || given?.signal?.aborted) throw error;
      this.#use(key, last);
      given?.onFallback?.(error);
      // All calls under this guard and key give answers of one type: that is its contract.
      return last.value as T;
    }
  }

  #own(key: string): Answer | undefined {
    const own = this.#answers.get(key);
    // From further ahead than that too: the clock was set back.
    return own && Math.abs(this.#clock.now() - own.atMs) <= this.#settings.maxAge ? own : undefined;
  }

  /** The fleet's, unless one of its own has come meanwhile. */
  async #find(key: string): Promise<Answer | undefined> {
    const shared = await this.#shared?.find(key);
    return this.#own(key) ?? shared;
  }

  #keep(key: string, value: unknown, atMs: number): void {
    const before = this.#answers.get(key);
    if (this.#failed(value)) return;
    // A later question has its answer already; not so where the clock was set back since.
    if (before && before.atMs > atMs && before.atMs <= this.#clock.now()) return;
    this.#use(key, { value, atMs, sharedMs: this.#shared?.offer(key, value, atMs, before?.sharedMs) });
  }

  #use(key: string, answer: Answer): void {
    this.#answers.delete(key);
    this.#answers.set(key, answer);
    for (const oldest of this.#answers.keys()) {
      if (this.#answers.size <= this.#settings.maxEntries) break;
      this.#answers.delete(oldest);
    }
  }

  #failed(value: unknown): boolean {
    try {
      return this.#breaker?.options.isFailure?.(value) ?? false;
    } catch {
      return false;
    }
  }
}
