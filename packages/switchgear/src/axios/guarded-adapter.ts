/** An adapter for axios. */

import axios, { type AxiosAdapter, type AxiosRequestConfig, type AxiosResponse, getAdapter } from 'axios';
import { answerOf } from '../guard/failed-answer.ts';
import type { Guard } from '../guard/guard.ts';
import { linkedSignal } from '../guard/linked-signal.ts';
import { isReadOnce } from '../guard/read-once.ts';

/**
 * Sends all requests of an axios client through `guard`: 5xx, 429, timeouts and failed connections count as failures,
 * `Retry-After` sets how long the circuit stays open, also of answers that `validateStatus` accepts. Answers and errors are the
 * ones that axios makes; interceptors see them as before. Costs are those of the guard. Concurrent requests are independent.
 *
 * A body that is a stream is sent once, whatever `retry` the guard has.
 *
 * @param guard a breaker, or a composition with one inside.
 * @param adapter what makes the request. Default: `axios.defaults.adapter`.
 * @throws CircuitOpenError, BulkheadFullError, TimeoutError as the breaker does; whatever axios throws.
 * @example
 * const client = axios.create({ adapter: guardedAdapter(gear.breaker('payments')) });
 */
export function guardedAdapter(
  guard: Guard<AxiosResponse>,
  adapter?: AxiosRequestConfig['adapter'],
): AxiosAdapter {
  return (config) => {
    const send = getAdapter(adapter ?? axios.defaults.adapter, config);
    const caller = config.signal instanceof AbortSignal ? config.signal : undefined;
    return answerOf(
      guard,
      async ({ signal }) => {
        // The caller's own stays in force: axios accepts objects that only look like a signal, and tells them its own way.
        const inner = {
          ...config,
          signal: caller ? linkedSignal(signal, caller) : (config.signal ?? signal),
        };
        try {
          const response = await send(inner);
          response.config = config;
          return response;
        } catch (error) {
          // Who sends the request again takes its config from the error: a signal of this call would end that one too.
          if (axios.isAxiosError(error) && error.config === inner) error.config = config;
          if (axios.isAxiosError(error) && error.response?.config === inner) error.response.config = config;
          throw error;
        }
      },
      { signal: caller, once: isReadOnce(config.data) },
    );
  };
}
