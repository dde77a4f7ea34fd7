/**
 * What happens around each invocation, whatever wraps the handler:
 *
 *      INIT              invocation                                                        freeze
 *      ├─ warm-up ───────┼─ ready ─┬─ handler ───────────────────┬─ end: flush, atEnd ─┬─►
 *                                  │ calls end here, at the latest ┘                   │
 *                                  │                             ├────── margin ───────┼─ Lambda kills
 */

import { type Clock, systemClock } from '../clock.ts';
import type { Duration } from '../duration.ts';
import { ConfigurationError } from '../errors.ts';
import type { Guard } from '../guard/guard.ts';
import { readGuardOptions } from '../guard/guard-options.ts';
import { inTime } from '../guard/parent-deadline.ts';
import { traceOf } from '../guard/trace-of.ts';
import type { OptionSpec } from '../options.ts';
import type { Switchgear } from '../switchgear.ts';
import { correlationIdOf, soundId } from './correlation-id.ts';
import { type TimedInvocation, timedInvocation } from './invocation.ts';
import { isContext } from './lambda-context.ts';
import { Warmth } from './warmth.ts';

/** Durations are milliseconds or `'30s'`. */
export interface LifecycleOptions<Event = never> {
  /** Whose circuits are read ahead, and whose reports are waited for. */
  readonly gear: Switchgear;
  /**
   * Kept back from calls behind `invocationDeadline`, so that there is time to report them and to answer: the gear's `storeTimeout`
   * and what the handler itself needs. At most half of the invocation's time. Default 1 second.
   */
  readonly margin?: Duration;
  /** Longest wait, before the response, for what is under way to the store. Default 500 milliseconds. */
  readonly flushTimeout?: Duration;
  /**
   * The correlation id that an event brings: 1 to 128 letters, digits or `_.:/+=@-`; anything else gives way to Lambda's request
   * id. Default: the header `x-correlation-id` of an HTTP event, else its field `correlationId`.
   */
  readonly correlationId?: (event: Event) => unknown;
  /** Called in each invocation when the handler has ended and its reports are flushed, and awaited within the same budget: for metrics. */
  readonly atEnd?: () => unknown;
  /** Time, replaced in tests. */
  readonly clock?: Clock;
}

interface Settings {
  readonly margin: number;
  readonly flushTimeout: number;
  readonly correlationId?: (event: unknown) => unknown;
  readonly atEnd?: () => unknown;
}

const TABLE: Record<keyof Settings, OptionSpec> = {
  margin: { kind: 'duration', default: 1_000, min: 0, max: 900_000 },
  flushTimeout: { kind: 'duration', default: 500, min: 0, max: 900_000 },
  correlationId: { kind: 'function' },
  atEnd: { kind: 'function' },
};

/** What the answer itself needs on its way: not to be spent on waiting. */
const ANSWER_MS = 100;

export class Lifecycle {
  readonly #gear: Switchgear;
  readonly #clock: Clock;
  readonly #settings: Settings;
  readonly #warmth: Warmth;

  /** Begins the warm-up. @throws ConfigurationError (`INVALID_CONFIGURATION`) with every problem of the options. */
  constructor(what: string, options: LifecycleOptions, protect: Guard<unknown> | undefined) {
    const { gear, clock = systemClock, ...rest } = options ?? {};
    if (typeof gear?.flush !== 'function')
      throw new ConfigurationError([`${what}.gear is ${typeof gear}; allowed: a Switchgear`]);
    if (protect && typeof protect.execute !== 'function')
      throw new ConfigurationError([`${what}.protect is ${typeof protect}; allowed: a guard`]);
    this.#settings = readGuardOptions<Settings>(what, TABLE, rest);
    this.#gear = gear;
    this.#clock = clock;
    this.#warmth = new Warmth(gear, clock);
    gear.correlateBy(() => timedInvocation()?.correlationId);
  }

  /** @throws TypeError for a context that is none: nobody would know when to end. */
  begin(event: unknown, context: unknown): TimedInvocation {
    if (!isContext(context)) throw new TypeError('the handler was called without the context of Lambda');
    const remainingMs = context.getRemainingTimeInMillis();
    const requestId = context.awsRequestId;
    // A function of one second is to make calls too.
    const margin = Math.min(this.#settings.margin, Math.max(0, remainingMs / 2));
    return {
      correlationId: this.#correlationId(event) ?? requestId,
      requestId,
      deadlineMs: this.#clock.now() + remainingMs,
      calls: {
        execute: (fn, given) =>
          inTime(fn, given, () => context.getRemainingTimeInMillis(), margin, this.#clock),
      },
      over: false,
    };
  }

  /** Settles when the circuits are read, or the store has had its time. */
  ready(): Promise<void> {
    return this.#warmth.ready();
  }

  /** Waits for what the process would else take into its freeze; never rejects. The invocation is over then. */
  async end(invocation: TimedInvocation): Promise<void> {
    const endsAtMs = Math.min(
      this.#clock.now() + this.#settings.flushTimeout,
      invocation.deadlineMs - ANSWER_MS,
    );
    await this.#gear.flush(this.#leftUntil(endsAtMs));
    await this.#tellEnd(endsAtMs);
    invocation.over = true;
  }

  #leftUntil(endsAtMs: number): number {
    return Math.max(0, endsAtMs - this.#clock.now());
  }

  /** Settles when `atEnd` has, at the latest at `untilMs`. */
  async #tellEnd(untilMs: number): Promise<void> {
    const { atEnd } = this.#settings;
    if (!atEnd) return;
    await new Promise<void>((resolve) => {
      const timer = this.#clock.setTimer(resolve, this.#leftUntil(untilMs));
      new Promise((settle) => settle(atEnd()))
        .catch((error) => console.error('switchgear: atEnd threw', traceOf(error)))
        .finally(() => {
          timer.cancel();
          resolve();
        });
    });
  }

  #correlationId(event: unknown): string | undefined {
    const { correlationId = correlationIdOf } = this.#settings;
    try {
      return soundId(correlationId(event));
    } catch {
      return undefined;
    }
  }
}
