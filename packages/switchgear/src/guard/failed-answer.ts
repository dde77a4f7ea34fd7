/** Answers that say the dependency is unwell: whoever asked gets them as any other, the breaker counts them as failures. */

import type { CallContext, CallOptions } from '../call.ts';
import type { Guard } from './guard.ts';

/** What guards see thrown where a client gives an answer with a 5xx or 429: `isBreakable` and `isRetryable` may look at it. */
export class FailedAnswer<Response> extends Error {
  override readonly name = 'FailedAnswer';
  readonly response: Response;

  constructor(response: Response, status: number) {
    super(`HTTP ${status}`);
    this.response = response;
  }
}

/** Whether an answer with this status counts as a failure of the dependency. */
export function isFailedStatus(status: number): boolean {
  return status === 429 || status >= 500;
}

/** Calls `fn` inside `guard`, where a failed answer counts, may be repeated and sets the open time; then returns it all the same. */
export async function answerOf<R extends { readonly status: number }>(
  guard: Guard<R>,
  fn: (call: CallContext) => Promise<R>,
  options: CallOptions,
): Promise<R> {
  // Of this call alone: a fetch may be guarded twice over.
  let failed: FailedAnswer<R> | undefined;
  try {
    return await guard.execute(async (call) => {
      const response = await fn(call);
      if (!isFailedStatus(response.status)) return response;
      failed = new FailedAnswer(response, response.status);
      throw failed;
    }, options);
  } catch (error) {
    if (failed && error === failed) return failed.response;
    throw error;
  }
}
