/** A handler of Lambda, with what breakers need around it. */

import { ConfigurationError } from '../errors.ts';
import { compose, type Guard } from '../guard/guard.ts';
import { FUNCTION, refusal } from '../options.ts';
import { runFor } from './invocation.ts';
import { invocationDeadline } from './invocation-deadline.ts';
import { isContext, type LambdaContext } from './lambda-context.ts';
import { Lifecycle, type LifecycleOptions } from './lifecycle.ts';

export interface WithSwitchgearOptions<Event = never, Result = unknown> extends LifecycleOptions<Event> {
  /**
   * Guards the whole handler: a breaker, or a composition with one inside. While its circuit is open, invocations end with a
   * `CircuitOpenError`, or with what a `fallback` around the breaker answers.
   */
  readonly protect?: Guard<Result>;
}

/**
 * The same handler, with: its circuits read during INIT; the invocation's deadline for calls behind `invocationDeadline`;
 * `currentInvocation` for whoever asks; and, before the response, a wait for what is under way to the store.
 *
 * Make breakers at module level, so that the warm-up, which begins once all modules are loaded, knows them. It fails no INIT;
 * the first invocation waits for it, at most the gear's `storeTimeout`. Results and errors are the handler's own. Streaming
 * handlers go in or out of `awslambda.streamifyResponse`. Callbacks are not handed on: handlers are async.
 *
 * Cost: one batched read in INIT. Concurrent invocations in one process are independent.
 *
 * @throws ConfigurationError (`INVALID_CONFIGURATION`) with every problem of the options, at module load.
 * @example
 * export const handler = withSwitchgear(async (event: Order) => charge(event), { gear });
 */
export function withSwitchgear<Event, Returned, Context extends LambdaContext = LambdaContext>(
  handler: (event: Event, context: Context, callback: never) => Returned,
  options: WithSwitchgearOptions<Event, Awaited<Returned>>,
): (event: Event, context: Context) => Promise<Awaited<Returned>>;
export function withSwitchgear<Event, Stream, Returned, Context extends LambdaContext = LambdaContext>(
  handler: (event: Event, stream: Stream, context: Context) => Returned,
  options: WithSwitchgearOptions<Event, Awaited<Returned>>,
): (event: Event, stream: Stream, context: Context) => Promise<Awaited<Returned>>;
export function withSwitchgear(
  handler: (...args: never[]) => unknown,
  { protect, ...options }: WithSwitchgearOptions,
): (...args: unknown[]) => Promise<unknown> {
  if (typeof handler !== 'function') throw new ConfigurationError([refusal('handler', handler, FUNCTION)]);
  const lifecycle = new Lifecycle('withSwitchgear', options, protect);
  const guard = protect && compose(protect, invocationDeadline());
  const wrapped = async (...args: unknown[]) => {
    // The second, or behind the stream of a streaming handler.
    const at = args.findIndex(isContext);
    const given = args.slice(0, at + 1) as never[];
    const invocation = lifecycle.begin(args[0], args[at]);
    return runFor(invocation, async () => {
      try {
        await lifecycle.ready();
        return await (guard ? guard.execute(() => handler(...given)) : handler(...given));
      } finally {
        await lifecycle.end(invocation);
      }
    });
  };
  // What the runtime has written on it: a handler that streams still does.
  return Object.assign(wrapped, handler);
}
