/** A plugin for the middleware stack of AWS SDK v3. */

import type { HandlerExecutionContext, MiddlewareStack, Pluggable } from '@smithy/types';
import type { Guard } from '../guard/guard.ts';
import { isReadOnce } from '../guard/read-once.ts';

/**
 * Sends all commands of a client through `guard`. The SDK repeats on its own, inside: one command has one outcome, whatever
 * was repeated. Throttling, 5xx, timeouts and failed connections count as failures; a `ConditionalCheckFailedException` or
 * another answer does not. Answers and errors are the SDK's. A command with a stream in its input is sent once, whatever `retry`
 * the guard has.
 *
 * The SDK lets no plugin abort a request that is under way: after the breaker's `timeout` the command makes no further attempt,
 * and the one under way ends by the client's own `requestTimeout` (with `throwOnRequestTimeout`). Set that no longer than the
 * breaker's, and a breaker's at all: the SDK itself waits as long as a `Retry-After` asks.
 *
 * @param guard a breaker, or a composition with one inside.
 * @throws CircuitOpenError, BulkheadFullError, TimeoutError as the breaker does; whatever the SDK throws.
 * @example
 * client.middlewareStack.use(switchgearPlugin(gear.breaker('ses')));
 */
export function switchgearPlugin<Input extends object, Output extends object>(
  guard: Guard,
): Pluggable<Input, Output> {
  return {
    applyToStack(stack: MiddlewareStack<Input, Output>) {
      /** Signals of the commands under way, by what their middlewares have in common. */
      const signals = new WeakMap<HandlerExecutionContext, AbortSignal>();
      // The very first: serialising, signing and repeating all happen inside.
      stack.add(
        (next, context) => (args) =>
          guard.execute(
            (call) => {
              signals.set(context, call.signal);
              return next(args);
            },
            { once: Object.values(args.input).some(isReadOnce) },
          ),
        { name: 'switchgear', step: 'initialize', priority: 'high', override: true },
      );
      // Behind the SDK's retry: once per attempt.
      stack.add(
        (next, context) => (args) => {
          signals.get(context)?.throwIfAborted();
          return next(args);
        },
        { name: 'switchgearAttempt', step: 'finalizeRequest', priority: 'low', override: true },
      );
    },
  };
}
