/**
 * Where guards stand that a breaker has among its options, in whatever order they are listed:
 *
 *      caller ─► fallback ─► lastGoodAnswer ─► BREAKER ─► fleetBulkhead ─► deadline ─► retry ─► timeout ─► fn
 *                                          ▲
 *                                          └─ retry, where each attempt is to have an outcome
 */

import type { Breaker } from '../breaker.ts';
import type { Surround } from '../guards.ts';
import { Composition, type Guard } from './guard.ts';

/** A guard that can be among a breaker's options. */
export interface PlacedGuard<out Added = never> extends Guard<Added> {
  /** Where it stands: one of `PLACES`. */
  readonly place: Place;
  /** The same for one breaker alone: with answers or a budget of its own, and the breaker's idea of a failure. Absent: as it is. */
  forBreaker?(breaker: Breaker<unknown>): Guard<Added>;
}

/** A breaker has one guard of each kind around its calls. */
export class Place {
  readonly kind: string;
  /** A guard is around those with a higher one. The breaker itself has 0. */
  readonly order: number;

  /** @internal */
  constructor(kind: string, order: number) {
    this.kind = kind;
    this.order = order;
  }

  /** @internal Puts in order what `lists` have, of each kind what the first has that has one. Adds to `problems` what is wrong. */
  arrange(lists: readonly (readonly PlacedGuard<unknown>[])[], problems: string[]): Surround {
    for (const list of lists)
      for (const { place } of list.filter(isRepeated))
        problems.push(`guards has ${place.kind} twice; allowed: one of each kind`);
    const guards = lists.flat().filter((guard, at, all) => !isRepeated(guard, at, all));
    guards.sort((a, b) => a.place.order - b.place.order);
    const inside = guards.findIndex(({ place }) => place.order > 0);
    return (breaker, call) => {
      const around: Guard<unknown>[] = guards.map((guard) => guard.forBreaker?.(breaker) ?? guard);
      around.splice(inside < 0 ? guards.length : inside, 0, call);
      return new Composition(around);
    };
  }
}

function isRepeated(
  { place }: PlacedGuard<unknown>,
  at: number,
  list: readonly PlacedGuard<unknown>[],
): boolean {
  return list.findIndex((each) => each.place.kind === place.kind) < at;
}

/** The places of the guards there are, the outermost first. */
export const PLACES = {
  fallback: new Place('fallback', -3),
  lastGoodAnswer: new Place('lastGoodAnswer', -2),
  /** Around the breaker: each attempt has an outcome of its own. */
  retryOfCalls: new Place('retry', -1),
  fleetBulkhead: new Place('fleetBulkhead', 1),
  deadline: new Place('deadline', 2),
  retry: new Place('retry', 3),
  timeout: new Place('timeout', 4),
} as const;
