/** The guards that a breaker has around its calls. They bring the code that puts them in order: who has none loads none of it. */

import type { Breaker } from './breaker.ts';
import type { Guard } from './guard/guard.ts';
import type { PlacedGuard } from './guard/place.ts';

/** Puts guards around `call`, the calls of `breaker`. */
export type Surround = (breaker: Breaker<unknown>, call: Guard) => Guard<unknown>;

/** What `lists` of guards make together, the first list over the others. Adds to `problems` what is wrong with them. */
export function readGuards(
  lists: readonly (readonly PlacedGuard<unknown>[])[],
  problems: string[],
): Surround | undefined {
  const all = lists.flat();
  if (lists.every(Array.isArray) && all.every((guard) => typeof guard?.place?.arrange === 'function'))
    return all[0]?.place.arrange(lists, problems);
  problems.push('guards is not a list of guards that have a place');
  return undefined;
}
