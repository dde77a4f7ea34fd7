/** What `withSwitchgear` does, as a middleware of Middy. */

import type { MiddlewareObj, Request } from '@middy/core';
import type { Breaker } from '../breaker.ts';
import { enter, type TimedInvocation, timedInvocation } from '../lambda/invocation.ts';
import { Lifecycle, type LifecycleOptions } from '../lambda/lifecycle.ts';
import type { Permit } from '../permit.ts';
import { onEarlyResponse } from './early-response.ts';

export interface MiddlewareOptions<Event = never> extends LifecycleOptions<Event> {
  /** Guards the whole handler. While its circuit is open, invocations end with a `CircuitOpenError`. */
  readonly protect?: Breaker;
}

/** An invocation under way. */
interface Running {
  readonly invocation: TimedInvocation;
  permit?: Permit;
  /** The handler has ended. */
  ended(): void;
}

/**
 * A middleware for what `withSwitchgear` does: circuits are read during INIT, calls behind `invocationDeadline` end in time,
 * `currentInvocation` tells, and what is under way to the store is waited for before the response.
 *
 * Use it FIRST: Middy has no way around a handler, so what comes before it decides whether the handler is inside the
 * invocation; where it is not, `console.error` says so. A handler that is still busy `margin` before its end has failed for
 * `protect`, but goes on: Middy's own `timeoutEarlyInMillis` ends it. Where a middleware responds early, the flush is not awaited,
 * and `protect` has a verdict only if the handler has ended.
 *
 * Cost: one batched read in INIT. Concurrent invocations in one process are independent.
 *
 * @throws ConfigurationError (`INVALID_CONFIGURATION`) with every problem of the options, at module load.
 * @example
 * export const handler = middy(charge).use(switchgear({ gear })).use(httpErrorHandler());
 */
export function switchgear<Event = never>({ protect, ...options }: MiddlewareOptions<Event>): MiddlewareObj {
  const lifecycle = new Lifecycle('switchgear', options);
  const underWay = new WeakMap<Request, Running>();
  let misplaced = false;

  const start = async (running: Running, over: Promise<void>) => {
    await lifecycle.ready();
    if (!protect) return;
    const permit = await protect.acquire();
    running.permit = permit;
    // Not awaited: this is the time that the handler has.
    void running.invocation.calls.execute(() => over).catch((error) => permit.failure(error));
  };

  const end = async (request: Request, settle: (permit: Permit) => Promise<void> | void) => {
    const running = underWay.get(request);
    if (!running) return;
    if (timedInvocation() !== running.invocation && !misplaced) {
      misplaced = true;
      console.error('switchgear: the handler knows no deadline; use this middleware before all others');
    }
    running.ended();
    if (running.permit) await settle(running.permit);
    await lifecycle.end(running.invocation);
  };

  return {
    before(request) {
      const invocation = lifecycle.begin(request.event, request.context);
      let ended = () => {};
      const over = new Promise<void>((resolve) => {
        ended = resolve;
      });
      const running = { invocation, ended };
      underWay.set(request, running);
      // In the same tick as Middy's own call, or what it calls next does not see it.
      enter(invocation);
      onEarlyResponse(request, () => void end(request, (permit) => judge(permit, request)));
      return start(running, over);
    },
    after: (request) => end(request, (permit) => permit.success()),
    onError: (request) => end(request, (permit) => permit.failure(request.error)),
  };
}

/** As far as the request had come when it was answered early. */
function judge(permit: Permit, { error, response }: Request): Promise<void> | void {
  if (error) return permit.failure(error);
  return response === undefined ? permit.cancel() : permit.success();
}
