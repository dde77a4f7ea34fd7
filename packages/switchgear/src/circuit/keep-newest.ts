/** More requests of unknown fate than this do not become known at once. */
const MOST = 20;

/** Forgets the oldest: a store that never answers for days must not cost memory for days. */
export function keepNewest<T>(kept: { readonly size: number; keys(): Iterator<T>; delete(key: T): boolean }) {
  if (kept.size > MOST) kept.delete(kept.keys().next().value as T);
}
