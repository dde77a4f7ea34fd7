/** A call that also says who answered. */

import type { CallContext, CallOptions } from '../call.ts';
import type { AddedBy, Guard } from './guard.ts';

/** An answer, and whether it is a fallback's; then with the error that it hides. */
export type Detailed<T> =
  | { readonly value: T; readonly fallback: false }
  | { readonly value: T; readonly fallback: true; readonly error: unknown };

/** Calls `fn` inside `guard`, as its `execute` does, and says whether a fallback or the last good answer stood in. */
export async function detailed<T, G extends Guard<unknown>>(
  guard: G,
  fn: (call: CallContext) => PromiseLike<T> | T,
  options?: CallOptions,
): Promise<Detailed<T | AddedBy<G>>> {
  let hidden: { readonly error: unknown } | undefined;
  const onFallback = (error: unknown) => {
    hidden = { error };
    options?.onFallback?.(error);
  };
  const value = (await guard.execute(fn, { ...options, onFallback })) as T | AddedBy<G>;
  return hidden ? { value, fallback: true, ...hidden } : { value, fallback: false };
}
