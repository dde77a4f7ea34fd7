/** What `withSwitchgear` does, as a middleware of Middy. */

import type { MiddlewareObj, Request } from '@middy/core';
import type { Guard } from '../guard/guard.ts';
import { enter, type TimedInvocation, timedInvocation } from '../lambda/invocation.ts';
import { Lifecycle, type LifecycleOptions } from '../lambda/lifecycle.ts';
import { onEarlyResponse } from './early-response.ts';
import { type Answer, Protection } from './protection.ts';

export interface MiddlewareOptions<Event = never> extends LifecycleOptions<Event> {
  /**
   * Guards the whole handler: a breaker, or a composition with one inside. While its circuit is open, invocations end with a
   * `CircuitOpenError`, or with what a `fallback` around the breaker answers. No `retry` has a say: Middy calls the handler.
   */
  readonly protect?: Guard<unknown>;
}

/** An invocation under way. */
interface Running {
  readonly invocation: TimedInvocation;
  readonly protection: Protection | undefined;
}

/**
 * A middleware for what `withSwitchgear` does: circuits are read during INIT, calls behind `invocationDeadline` end in time,
 * `currentInvocation` tells, and what is under way to the store is waited for before the response.
 *
 * Use it FIRST: Middy has no way around a handler, so what comes before it decides whether the handler is inside the
 * invocation; where it is not, `console.error` says so. A handler that is still busy after the `timeout` of `protect`, or `margin`
 * before the invocation's end, has failed for it, but goes on: Middy's own `timeoutEarlyInMillis` ends it. Where a middleware responds early, the flush is not awaited,
 * and `protect` has a verdict only if the handler has ended.
 *
 * Cost: one batched read in INIT. Concurrent invocations in one process are independent.
 *
 * @throws ConfigurationError (`INVALID_CONFIGURATION`) with every problem of the options, at module load.
 * @example
 * export const handler = middy(charge).use(switchgear({ gear })).use(httpErrorHandler());
 */
export function switchgear<Event = never>({ protect, ...options }: MiddlewareOptions<Event>): MiddlewareObj {
  const lifecycle = new Lifecycle('switchgear', options, protect);
  const underWay = new WeakMap<Request, Running>();
  let misplaced = false;

  const start = async (request: Request, invocation: TimedInvocation) => {
    await lifecycle.ready();
    const protection = protect && new Protection(protect, invocation);
    underWay.set(request, { invocation, protection });
    const answer = await protection?.admitted;
    if (answer) await end(request, () => {});
    respond(request, answer);
  };

  const end = async (request: Request, tell: (protection: Protection) => void) => {
    const running = underWay.get(request);
    // Once: our own response is an early one too.
    underWay.delete(request);
    if (!running) return undefined;
    const { invocation, protection } = running;
    if (timedInvocation() !== invocation && !misplaced) {
      misplaced = true;
      console.error('switchgear: the handler knows no deadline; use this middleware before all others');
    }
    if (protection) tell(protection);
    const answer = await protection?.judged;
    await lifecycle.end(invocation);
    return answer;
  };

  return {
    before(request) {
      const invocation = lifecycle.begin(request.event, request.context);
      underWay.set(request, { invocation, protection: undefined });
      // In the same tick as Middy's own call, or what it calls next does not see it.
      enter(invocation);
      onEarlyResponse(request, () => void end(request, (protection) => judge(protection, request)));
      return start(request, invocation);
    },
    after: async (request) => {
      await end(request, (protection) => protection.succeeded(request.response));
    },
    onError: async (request) =>
      respond(request, await end(request, (protection) => protection.failed(request.error))),
  };
}

/** As a middleware that returns a response does, which must not be `undefined`. */
function respond(request: Request, answer: Answer | undefined): void {
  if (answer) request.earlyResponse = answer.response;
}

/** As far as the request had come when it was answered early. */
function judge(protection: Protection, { error, response }: Request): void {
  if (error) protection.failed(error);
  else if (response === undefined) protection.cancelled();
  else protection.succeeded(response);
}
