/** The invocation of Lambda that the present code runs for. Several may run in one process; each sees its own. */

import { AsyncLocalStorage } from 'node:async_hooks';
import type { Guard } from '../guard/guard.ts';

export interface Invocation {
  /** What ties the work of several functions together: the caller's, else `requestId`. */
  readonly correlationId: string;
  /** Lambda's id of this invocation, `context.awsRequestId`. */
  readonly requestId: string;
  /** When Lambda ends this invocation, milliseconds since 1970. */
  readonly deadlineMs: number;
}

/** @internal An invocation, what ends its calls in time, and whether it has ended itself. */
export interface TimedInvocation extends Invocation {
  readonly calls: Guard;
  over: boolean;
}

/** One for all copies of this library: a layer may bring one, and the function's bundle another. */
const INVOCATIONS = Symbol.for('switchgear.invocations');
const shared = globalThis as { [INVOCATIONS]?: AsyncLocalStorage<TimedInvocation> };
const invocations = shared[INVOCATIONS] ?? new AsyncLocalStorage<TimedInvocation>();
shared[INVOCATIONS] = invocations;

/**
 * The invocation that the caller runs for, `undefined` outside of any: during INIT, or where neither `withSwitchgear` nor the
 * middleware is around the handler. No store call; concurrent invocations each see their own.
 */
export function currentInvocation(): Invocation | undefined {
  return timedInvocation();
}

/** @internal */
export function timedInvocation(): TimedInvocation | undefined {
  const invocation = invocations.getStore();
  // What `enter` has left behind in the runtime's own loop is nobody's any more.
  return invocation?.over ? undefined : invocation;
}

/** @internal Runs `run`, and whatever it starts, for `invocation`. */
export function runFor<T>(invocation: TimedInvocation, run: () => T): T {
  return invocations.run(invocation, run);
}

/** @internal What the caller does from here on, and whatever it starts, is for `invocation`, until that is over. */
export function enter(invocation: TimedInvocation): void {
  invocations.enterWith(invocation);
}
