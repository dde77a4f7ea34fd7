/** At most so many calls at once in the whole fleet: each has a slot on lease, so that a process that dies frees its own. */

import type { CallOptions } from '../call.ts';
import { type Clock, systemClock } from '../clock.ts';
import type { Duration } from '../duration.ts';
import { BulkheadFullError, ConfigurationError } from '../errors.ts';
import { newId } from '../id.ts';
import type { OptionSpec } from '../options.ts';
import { deadlineOf, Passed } from './guard.ts';
import { readGuardOptions } from './guard-options.ts';
import { PLACES, type PlacedGuard } from './place.ts';
import { SideStore } from './side-store.ts';

/** Where the slots are counted. `redisSlots` is one; each of the two is one atomic round trip. */
export interface SlotStore {
  /** Takes a slot of `name` for `leaseMs` under `id`, if fewer than `limit` are taken now; whether it did. */
  take(name: string, id: string, limit: number, leaseMs: number): Promise<boolean>;
  /** Frees the slot that `id` holds, if it still does. */
  give(name: string, id: string): Promise<unknown>;
}

/** Durations are milliseconds or `'30s'`. */
export interface FleetBulkheadOptions {
  /** Who share the slots: the circuit's name, as a rule. 1 to 255 characters. */
  readonly name: string;
  /** Calls at the same time, of the whole fleet. */
  readonly maxConcurrent: number;
  /**
   * How long a slot is kept for a call that says nothing of its end: longer than any call may take. Inside a breaker with a `timeout`,
   * or another guard that limits calls, it is that time and a second. Default 30 seconds.
   */
  readonly lease?: Duration;
  /** Longest wait for the store; a call that gets no answer goes on without a slot. Default 500 milliseconds. */
  readonly timeout?: Duration;
  /** Time, replaced in tests. */
  readonly clock?: Clock;
}

interface Settings {
  readonly name: string;
  readonly maxConcurrent: number;
  readonly lease: number;
  readonly timeout: number;
}

const TABLE: Record<keyof Settings, OptionSpec> = {
  name: { kind: 'text', min: 1, max: 255, required: true },
  maxConcurrent: { kind: 'integer', min: 1, max: 1e6, required: true },
  lease: { kind: 'duration', default: 30_000, min: 1, max: 86_400_000 },
  timeout: { kind: 'duration', default: 500, min: 1, max: 86_400_000 },
};

/** What is left for the slot to be given back once the call has ended. */
const MARGIN_MS = 1_000;

/**
 * Limits the calls of the whole fleet. One more than `maxConcurrent` is refused at once; nobody waits in line. Belongs inside the
 * breaker, where an open circuit asks for no slot, and a refusal counts as nothing. It refuses in a breaker's shadow mode too: guards
 * that were asked for do what they do.
 *
 * Cost: two calls of `slots` for each call, the first awaited: this is no part of a breaker unless you add it. While `slots` cannot
 * be reached calls go on, limited by each breaker's own bulkhead alone.
 *
 * @throws BulkheadFullError (`BULKHEAD_FULL`) from `execute`: the call was not made.
 * @throws ConfigurationError (`INVALID_CONFIGURATION`) with every problem.
 * @example
 * const guards = compose(breaker, fleetBulkhead(redisSlots(run), { name: 'payments', maxConcurrent: 50 }));
 */
export function fleetBulkhead(slots: SlotStore, options: FleetBulkheadOptions): PlacedGuard {
  if (typeof slots?.take !== 'function' || typeof slots.give !== 'function')
    throw new ConfigurationError(['fleetBulkhead: slots has no take and give']);
  const { clock = systemClock, ...rest } = options;
  const settings = readGuardOptions<Settings>('fleetBulkhead', TABLE, rest);
  const { name, maxConcurrent } = settings;
  const what = `slots of "${name}" failed, calls go on without`;
  const side = new SideStore(what, settings.timeout, clock);
  return {
    place: PLACES.fleetBulkhead,
    async execute(fn, given) {
      if (side.resting) return fn(new Passed(given));
      const id = newId();
      const leaseMs = leaseOf(settings, clock.now(), given);
      const taken = await side.ask(() => slots.take(name, id, maxConcurrent, leaseMs));
      if (taken === false) throw new BulkheadFullError(name, 'fleet full', `maxConcurrent ${maxConcurrent}`);
      try {
        given?.signal?.throwIfAborted();
        return await fn(new Passed(given));
      } finally {
        // Also where no answer came: the slot may have been taken all the same.
        void side.tell(() => slots.give(name, id));
      }
    },
  };
}

function leaseOf({ lease }: Settings, nowMs: number, given: CallOptions | undefined): number {
  const endsAtMs = deadlineOf(given);
  return endsAtMs === undefined ? lease : Math.max(0, endsAtMs - nowMs) + MARGIN_MS;
}
