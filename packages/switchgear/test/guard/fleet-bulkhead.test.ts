/** A bulkhead of the whole fleet: what it gives back, and what it does without its store. test/redis has the real one. */

import { afterEach, expect, test, vi } from 'vitest';
import { compose, fleetBulkhead, type SlotStore } from '../../src/guard/index.ts';
import { MemoryStore, Switchgear } from '../../src/index.ts';
import { FakeClock } from '../../src/testing/index.ts';

const caught = (error: unknown) => error as Error;

afterEach(() => vi.restoreAllMocks());

/** Slots in memory, as a store has them. */
function rig() {
  const clock = new FakeClock();
  const leases = new Map<string, number>();
  const slots: SlotStore = {
    async take(_, id, limit, leaseMs) {
      for (const [each, endsMs] of leases) if (endsMs <= clock.now()) leases.delete(each);
      if (leases.size >= limit) return false;
      leases.set(id, clock.now() + leaseMs);
      return true;
    },
    async give(_, id) {
      leases.delete(id);
    },
  };
  const process = (options: object = {}) =>
    fleetBulkhead(slots, { name: 'payments', maxConcurrent: 2, clock, ...options });
  /** A call that ends when it is told to. */
  const held = (guard = process()) => {
    let end: (error?: Error) => void = () => {};
    const call = guard.execute(
      () => new Promise((resolve, reject) => (end = (e) => (e ? reject(e) : resolve('well')))),
    );
    return { call, end: (error?: Error) => end(error) };
  };
  return { clock, leases, slots, process, held };
}

test('the fleet makes so many calls at once and refuses more, until one ends, however it ends', async () => {
  const { clock, leases, process, held } = rig();
  const [a, b] = [held(), held()];
  await clock.advance(0);
  expect(
    await process()
      .execute(() => 'third')
      .catch(caught),
  ).toMatchObject({
    code: 'BULKHEAD_FULL',
    circuit: 'payments',
    message: 'bulkhead of "payments": fleet full (maxConcurrent 2)',
  });
  const failure = new Error('theirs');
  a.end(failure);
  expect(await a.call.catch(caught)).toBe(failure);
  expect(await process().execute(() => 'third')).toBe('third');
  b.end();
  expect(await b.call).toBe('well');
  await clock.advance(0);
  expect(leases.size).toBe(0);
});

test('a process that dies frees its slot with the end of the lease', async () => {
  const { clock, process, held } = rig();
  held(process({ lease: '10s' }));
  held(process({ lease: '10s' }));
  await clock.advance(9_999);
  expect(
    await process()
      .execute(() => 'early')
      .catch(caught),
  ).toMatchObject({ code: 'BULKHEAD_FULL' });
  await clock.advance(1);
  expect(await process().execute(() => 'now')).toBe('now');
});

test('inside a breaker the lease is its timeout and a second; a refusal counts as nothing', async () => {
  const { clock, leases, process } = rig();
  const gear = new Switchgear({ store: new MemoryStore({ clock }), clock, random: () => 0 });
  const breaker = gear.breaker('payments', { timeout: '3s', failureThreshold: 1 });
  const guards = compose(breaker, process());
  const hangs = () => guards.execute(() => new Promise(() => {}));
  const calls = [hangs(), hangs()];
  for (const call of calls) call.catch(() => {});
  await clock.advance(0);
  expect([...leases.values()]).toEqual([clock.now() + 4_000, clock.now() + 4_000]);
  expect(await guards.execute(() => 'third').catch(caught)).toMatchObject({ code: 'BULKHEAD_FULL' });
  expect(breaker.state).toMatchObject({ state: 'closed' });
  await clock.advance(3_000);
  expect(breaker.state).toMatchObject({ state: 'open' });
});

test('a store that rejects, throws or hangs changes no result; it is asked again a second later', async () => {
  const { clock, slots, leases, process } = rig();
  const error = vi.spyOn(console, 'error').mockImplementation(() => {});
  const guard = process({ timeout: '200ms' });
  const { take } = slots;
  const asked = vi.fn(() => Promise.reject(new Error('no connection')));
  slots.take = asked;
  expect(await guard.execute(() => 'well')).toBe('well');
  expect(await guard.execute(() => 'well')).toBe('well');
  expect(asked).toHaveBeenCalledOnce();
  expect(error).toHaveBeenCalledOnce();
  expect(error.mock.calls[0]?.[0]).toBe(
    'switchgear: slots of "payments" failed, calls go on without: Error: no connection',
  );
  await clock.advance(1_000);
  slots.take = () => new Promise(() => {});
  const call = guard.execute(() => 'well');
  await clock.advance(200);
  expect(await call).toBe('well');
  await clock.advance(1_000);
  slots.take = take;
  expect(await guard.execute(() => leases.size)).toBe(1);
  await clock.advance(0);
  expect(leases.size).toBe(0);
  expect(clock.pending).toBe(0);
});

test('a slot whose taking got no answer is given back, and one that is held while the store rests', async () => {
  const { clock, slots, leases, process, held } = rig();
  vi.spyOn(console, 'error').mockImplementation(() => {});
  const guard = process({ timeout: '200ms' });
  const before = held(guard);
  await clock.advance(0);
  const { take } = slots;
  slots.take = async (...args) => {
    await take(...args);
    return new Promise(() => {});
  };
  const call = guard.execute(() => 'well');
  await clock.advance(200);
  expect(await call).toBe('well');
  before.end();
  await before.call;
  await clock.advance(0);
  expect(leases.size).toBe(0);
});

test('a caller who has gone while the slot was asked for makes no call', async () => {
  const { clock, slots, leases, process } = rig();
  const caller = new AbortController();
  const { take } = slots;
  slots.take = (...args) => {
    caller.abort();
    return take(...args);
  };
  const fn = vi.fn();
  const error = await process().execute(fn, { signal: caller.signal }).catch(caught);
  expect(error).toBe(caller.signal.reason);
  expect(fn).not.toHaveBeenCalled();
  await clock.advance(0);
  expect(leases.size).toBe(0);
});

test('wrong options are refused', () => {
  const { process, slots } = rig();
  expect(() => process({ maxConcurrent: 0 })).toThrow(/maxConcurrent is 0/);
  expect(() => process({ name: undefined })).toThrow(/name is undefined/);
  expect(() => fleetBulkhead({ ...slots, give: 1 } as never, { name: 'x', maxConcurrent: 1 })).toThrow(
    /no take and give/,
  );
});
