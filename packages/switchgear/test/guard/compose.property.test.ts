/**
 * Any guards in any order, composed or among the options of the breaker and of the gear, around calls that end in any way: nothing is
 * reported twice, no place is lost, nothing is repeated that can be made once, and nobody gets an error that is neither the call's own,
 * nor the caller's, nor ours.
 */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Breaker } from '../../src/breaker.ts';
import type { CallContext } from '../../src/call.ts';
import type { Circuit } from '../../src/circuit/circuit.ts';
import { type Answer, Rejected } from '../../src/circuit/ticket.ts';
import { isSwitchgearError } from '../../src/errors.ts';
import { Passed } from '../../src/guard/guard.ts';
import {
  compose,
  deadline,
  detailed,
  fallback,
  fleetBulkhead,
  type Guard,
  lastGoodAnswer,
  retry,
  type SlotStore,
  timeout,
} from '../../src/guard/index.ts';
import { Place, type PlacedGuard } from '../../src/guard/place.ts';
import { Operator } from '../../src/operate/index.ts';
import type { Permit } from '../../src/permit.ts';
import { MemoryStore } from '../../src/store/memory/memory-store.ts';
import { Switchgear } from '../../src/switchgear.ts';
import { FakeClock } from '../../src/testing/index.ts';
import { refused } from '../laws/fleet.ts';

const MAKE: Record<string, (clock: FakeClock, startMs: number, slots: SlotStore) => PlacedGuard<unknown>> = {
  fallback: () => fallback('fallback'),
  'fallback when open': () => fallback(() => 'fallback', { on: 'open' }),
  lastGoodAnswer: (clock) => lastGoodAnswer({ clock, maxAge: '2s' }),
  retry: (clock) => retry({ clock, random: () => 0.5 }),
  'retry of attempts': (clock) => retry({ clock, random: () => 0.5, outcome: 'attempt' }),
  timeout: (clock) => timeout(200, { clock }),
  fleetBulkhead: (clock, _, slots) => fleetBulkhead(slots, { name: 'payments', maxConcurrent: 4, clock }),
  deadline: (clock, startMs) => deadline(() => startMs + 3_000 - clock.now(), { clock }),
};

/** How one attempt ends, and when. */
const attempt = fc.record({
  ends: fc.constantFrom('ok', 'failure', 'answer', 'bug', 'throws at once', 'result at once'),
  ms: fc.constantFrom(0, 10, 150, 400, 5_000),
});

const call = fc.record({
  atMs: fc.integer({ min: 0, max: 2_500 }),
  abortsAfterMs: fc.option(fc.constantFrom(0, 5, 100, 300), { nil: undefined, freq: 3 }),
  /** What it sends can be sent once. */
  once: fc.boolean(),
  /** The last one for all that follow. */
  attempts: fc.array(attempt, { minLength: 1, maxLength: 4 }),
});

/** One of each kind. */
const listed = fc.uniqueArray(fc.constantFrom(...Object.keys(MAKE)), {
  selector: (name) => name.split(' ')[0],
});

const scene = fc.record({
  outside: fc.shuffledSubarray(Object.keys(MAKE)),
  inside: fc.shuffledSubarray(Object.keys(MAKE)),
  /** Of the gear, and of the breaker. */
  common: listed,
  own: listed,
  options: fc.record({
    timeout: fc.constantFrom(false as const, 100, 700),
    maxConcurrent: fc.constantFrom(1, 2, 10),
    maxQueue: fc.constantFrom(0, 2),
    failureThreshold: fc.constantFrom(1, 3, 1_000),
    resetTimeout: fc.constant(300),
  }),
  calls: fc.array(call, { minLength: 1, maxLength: 12 }),
  /** Whether somebody listens to the ends of calls: they take another way then. */
  heard: fc.boolean(),
});

test('L6 L14 no combination of guards reports twice, loses a place, hides the caller’s error or repeats what can be made once', async () => {
  await fc.assert(fc.asyncProperty(scene, play), { numRuns: 200 });
}, 30_000);

async function play({
  outside,
  inside,
  common,
  own,
  options,
  calls,
  heard,
}: typeof scene extends fc.Arbitrary<infer S> ? S : never) {
  const clock = new FakeClock();
  const startMs = clock.now();
  const store = new MemoryStore({ clock });
  const slots = slotsInMemory();
  const made = (name: string) => MAKE[name]?.(clock, startMs, slots) as PlacedGuard<unknown>;
  let entered = 0;
  const counted: PlacedGuard = {
    place: new Place('the last before the breaker', -0.5),
    execute: async (fn, given) => {
      entered++;
      return fn(new Passed(given));
    },
  };
  const gear = new Switchgear({
    store,
    clock,
    random: () => 0.5,
    guards: common.map(made) as PlacedGuard[],
  });
  // Without any guard of its own it takes another way.
  const alone = own.length + common.length === 0;
  const breaker = gear.breaker('payments', { ...options, guards: alone ? [] : [counted, ...own.map(made)] });
  const tickets = countTickets(breaker.circuit);
  let told = 0;
  const stop = heard ? gear.onCall(() => told++) : undefined;
  const whole: Guard<unknown> = alone ? compose(counted, breaker) : breaker;
  const guards = compose(whole, ...inside.map(made));
  const all = outside.map(made).reduceRight<Guard<unknown>>((inner, outer) => compose(outer, inner), guards);

  const thrown = new Set<unknown>();
  const answered = new Set<unknown>(['fallback']);
  const endings = calls.map(async ({ atMs, abortsAfterMs, once, attempts }, i) => {
    await at(clock, atMs);
    const controller = new AbortController();
    const reason = { aborted: i };
    if (abortsAfterMs !== undefined) void at(clock, abortsAfterMs).then(() => controller.abort(reason));
    let made = 0;
    const fn = ({ signal }: CallContext) => {
      expect(signal).toBeInstanceOf(AbortSignal);
      const { ends, ms } = attempts[Math.min(made++, attempts.length - 1)] as (typeof attempts)[number];
      const fails = (error: unknown) => {
        thrown.add(error);
        throw error;
      };
      if (ends === 'throws at once') fails(refused());
      const result = { of: i };
      answered.add(result);
      if (ends === 'result at once') return result;
      return at(clock, ms).then(() => {
        if (ends === 'failure') fails(refused());
        if (ends === 'answer') fails(Object.assign(new Error('absent'), { status: 404 }));
        if (ends === 'bug') fails(new TypeError('bug'));
        return result;
      });
    };
    const ended = await detailed(
      all,
      fn,
      abortsAfterMs === undefined ? { once } : { once, signal: controller.signal },
    ).then(
      (told) => ({ told }),
      (error: unknown) => ({ error }),
    );
    if (once) expect(made).toBeLessThanOrEqual(1);
    if ('error' in ended) {
      const { error } = ended;
      const own = thrown.has(error) || (error === reason && controller.signal.aborted);
      expect(own || ours(error), `foreign error ${String(error)}`).toBe(true);
    } else {
      expect(answered).toContain(ended.told.value);
      if (!ended.told.fallback) expect(ended.told.value).toEqual({ of: i });
      else expect(thrown.has(ended.told.error) || ours(ended.told.error)).toBe(true);
    }
    return 'ended';
  });

  await clock.advance(120_000);
  expect(await Promise.all(endings)).toEqual(calls.map(() => 'ended'));
  expect(tickets.open()).toBe(0);
  expect(tickets.settledTwice).toBe(0);
  expect(slots.taken()).toBe(0);
  stop?.();
  expect(told).toBe(heard ? entered : 0);
  await placesAreFree(store, gear, breaker, options.maxConcurrent, clock);
  // Nothing waits but lanes that look once more for deadlines that are not there.
  await clock.advance(60_000);
  expect(clock.pending).toBe(0);
}

function slotsInMemory() {
  const ids = new Set<string>();
  return {
    taken: () => ids.size,
    async take(_: string, id: string, limit: number) {
      return ids.size < limit && ids.add(id).size > 0;
    },
    give: async (_: string, id: string) => ids.delete(id),
  };
}

function ours(error: unknown): boolean {
  const timedOut = error instanceof DOMException && error.name === 'TimeoutError';
  return timedOut || isSwitchgearError(error);
}

function at(clock: FakeClock, ms: number): Promise<void> {
  return new Promise((resolve) => clock.setTimer(resolve, ms));
}

/** Counts what a circuit hands out against what it is told in return. */
function countTickets(circuit: Circuit) {
  let admitted = 0;
  let settled = 0;
  const tally = { settledTwice: 0, open: () => admitted - settled };
  const { decide, ask } = circuit;
  const counted = <T extends Answer | null>(answer: T): T => {
    if (answer !== null && !(answer instanceof Rejected)) admitted++;
    return answer;
  };
  circuit.decide = () => counted(decide.call(circuit));
  circuit.ask = async (waitedMs) => counted(await ask.call(circuit, waitedMs));
  const { succeeded, failed, cancelled } = circuit;
  const settle = () => {
    if (++settled > admitted) tally.settledTwice++;
  };
  circuit.succeeded = (ticket) => {
    settle();
    return succeeded.call(circuit, ticket);
  };
  circuit.failed = (ticket, failure) => {
    settle();
    return failed.call(circuit, ticket, failure);
  };
  circuit.cancelled = (answer) => {
    // A rejection that comes too late was none of those handed out.
    if (!(answer instanceof Rejected)) settle();
    return cancelled.call(circuit, answer);
  };
  return tally;
}

/** So many calls begin at the same time, none of them in line. */
async function placesAreFree(
  store: MemoryStore,
  gear: Switchgear,
  breaker: Breaker<unknown>,
  places: number,
  clock: FakeClock,
) {
  await new Operator({ store, by: 'ana' }).setStates({
    payments: { mode: 'forced-closed', reason: 'to count places' },
  });
  await gear.warm();
  const permits: Permit[] = [];
  // Not `execute`: its own guards may have no time left.
  for (let i = 0; i < places; i++) void breaker.acquire().then((permit) => permits.push(permit));
  await clock.advance(0);
  expect(permits).toHaveLength(places);
  for (const permit of permits) permit.cancel();
}
