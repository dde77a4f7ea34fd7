/**
 * The one shape of everything around a call: something with the `execute` of a breaker. A breaker is a guard, a retry is
 * one, and so are several of them, one inside the other.
 */

import { type CallContext, type CallOptions, PlainCall } from '../call.ts';
import type { Deadline } from './deadline.ts';

/** Surrounds calls. `Added` is what it may answer beside the call's own results. */
export interface Guard<out Added = never> {
  /** For the compiler alone, which does not find it out from `execute`: never set. */
  readonly adds?: Added;
  execute<T>(fn: (call: CallContext) => PromiseLike<T> | T, options?: CallOptions): Promise<T | Added>;
}

/** What the guard `G` may answer beside the call's own results. */
export type AddedBy<G> = G extends Guard<never> ? never : G extends Guard<infer Added> ? Added : unknown;

/** Several guards as one; made by `compose`. */
export class Composition<out Added = never> implements Guard<Added> {
  declare readonly adds?: Added;
  readonly #guards: readonly Guard<unknown>[];

  /** @internal */
  constructor(guards: readonly Guard<unknown>[]) {
    this.#guards = guards;
  }

  /** Calls `fn` inside all guards. Costs, errors and behaviour under concurrency are theirs. */
  execute<T>(fn: (call: CallContext) => PromiseLike<T> | T, options?: CallOptions): Promise<T | Added> {
    return this.#enter(0, fn, options) as Promise<T | Added>;
  }

  /**
   * The same function, guarded: same arguments, same `this`, same result.
   * @param bring what a call with these arguments brings along: `(ip) => ({ key: ip })`.
   */
  wrap<This, Args extends unknown[], T>(
    fn: (this: This, ...args: Args) => PromiseLike<T> | T,
    bring?: (...args: Args) => CallOptions,
  ): (this: This, ...args: Args) => Promise<T | Added> {
    const guards = this;
    return async function (this: This, ...args: Args) {
      return guards.execute(() => fn.apply(this, args), bring?.(...args));
    };
  }

  #enter<T>(
    at: number,
    fn: (call: CallContext) => PromiseLike<T> | T,
    given: CallOptions | undefined,
  ): Promise<unknown> {
    const guard = this.#guards[at] as Guard<unknown>;
    if (at === this.#guards.length - 1) return guard.execute(fn, given);
    return guard.execute((call) => this.#enter(at + 1, fn, inherited(call, given)), given);
  }
}

/**
 * Several guards as one, the first outermost. docs/around-the-call.md says in which order they belong, and why.
 * @throws TypeError if there is none.
 */
export function compose<const G extends readonly [Guard<unknown>, ...Guard<unknown>[]]>(
  ...guards: G
): Composition<AddedBy<G[number]>> {
  if (guards.length === 0) throw new TypeError('compose needs a guard');
  return new Composition(guards);
}

/** @internal The call as a guard hands it on that interrupts nothing itself: as it was given. */
export class Passed implements CallContext {
  readonly given: CallOptions | undefined;
  #own: AbortSignal | undefined = undefined;

  constructor(given: CallOptions | undefined) {
    this.given = given;
  }

  get signal(): AbortSignal {
    const signal = this.given?.signal ?? this.#own;
    if (signal) return signal;
    this.#own = new AbortController().signal;
    return this.#own;
  }
}

/** What the next guard is given: the call as the one around it hands it on, and what that one has no word for. */
function inherited(call: CallContext, given: CallOptions | undefined): CallOptions | undefined {
  const handed: CallOptions | undefined = call instanceof Passed ? call.given : call;
  return handed === given ? given : new Inherited(handed, given);
}

/** @internal When `call` must be over. A breaker's call is its own entry in the queue of deadlines; 0 where it has no timeout. */
export function deadlineOf(call: CallOptions | undefined): number | undefined {
  // By what it has, not by its class: the breaker may be of another copy of this library.
  return (call as Partial<Deadline> | undefined)?.endsAtMs || call?.deadlineMs;
}

class Inherited implements CallOptions {
  readonly #call: CallOptions | undefined;
  readonly #given: CallOptions | undefined;

  constructor(call: CallOptions | undefined, given: CallOptions | undefined) {
    this.#call = call;
    this.#given = given;
  }

  /** Asked for only by guards that need one: until then nobody makes an AbortController. */
  get signal(): AbortSignal | undefined {
    return this.#call instanceof PlainCall ? undefined : this.#call?.signal;
  }

  get deadlineMs(): number | undefined {
    const own = deadlineOf(this.#call);
    const given = this.#given?.deadlineMs;
    return own !== undefined && given !== undefined ? Math.min(own, given) : (own ?? given);
  }

  get once(): boolean | undefined {
    return this.#given?.once;
  }

  get key(): string | undefined {
    return this.#given?.key;
  }

  get onFallback(): ((error: unknown) => void) | undefined {
    return this.#given?.onFallback;
  }
}
