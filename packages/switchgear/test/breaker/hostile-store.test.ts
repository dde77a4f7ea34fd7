/** Stores of third parties: what they push, answer, throw or never say reaches no caller and no code of theirs. */

import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { CircuitRecord } from '../../src/core/record.ts';
import { Operator } from '../../src/operate/index.ts';
import type { OperatorStore } from '../../src/store/contract.ts';
import { MemoryStore } from '../../src/store/memory/memory-store.ts';
import { Switchgear } from '../../src/switchgear.ts';
import { FakeClock, FaultyStore, hangs, throws } from '../../src/testing/index.ts';
import { outcome, refused } from '../laws/fleet.ts';

const unhandled = vi.fn();
let said: ReturnType<typeof vi.spyOn>;
beforeEach(() => {
  said = vi.spyOn(console, 'error').mockImplementation(() => {});
  process.on('unhandledRejection', unhandled);
});
afterEach(async () => {
  await new Promise((resolve) => setImmediate(resolve));
  process.off('unhandledRejection', unhandled);
  expect(unhandled).not.toHaveBeenCalled();
  vi.restoreAllMocks();
});

/** A store whose pushes the test makes itself. */
function pushing() {
  const clock = new FakeClock();
  const memory = new MemoryStore({ clock });
  const store = new FaultyStore(memory);
  let push: (record: unknown) => void = () => {};
  const subscribing = Object.assign(store, {
    subscribe: (listener: (record: CircuitRecord) => void) => {
      push = listener as never;
      return () => {};
    },
  });
  const gear = new Switchgear({ store: subscribing, clock, random: () => 0 });
  return { clock, memory, store, gear, push: (record: unknown) => push(record) };
}

/** Made where it is used: whoever prints a test's arguments would step into it. */
const trap = () => ({
  name: 'payments',
  get epoch(): never {
    throw new Error('a trap');
  },
});

test.each([
  ['without anything but a name', () => ({ name: 'payments' })],
  ['of a state that this version does not know', () => ({ name: 'payments', state: 'ajar', epoch: 5 })],
  ['whose getter throws', trap],
])('L8 a pushed record %s throws into no push code, is told once, and a read decides', async (_, make) => {
  const { memory, store, gear, push } = pushing();
  const payments = gear.breaker('payments');
  await payments.execute(() => 1);
  await new Operator({ store: memory, by: 'ana' }).setStates({
    payments: { mode: 'forced-open', reason: 'fire' },
  });
  const told = vi.fn();
  gear.onStoreError(told);
  const loads = store.calls.load;
  expect(() => push(make())).not.toThrow();
  await gear.flush();
  expect(told).toHaveBeenCalledExactlyOnceWith(expect.any(Error), 'subscribe');
  expect(store.calls.load - loads).toBe(1);
  expect(await outcome(payments.execute(() => 1))).toBe('rejected');
});

test('a storm of illegible pushes is one read at a time, and said once', async () => {
  const { store, gear, push } = pushing();
  await gear.breaker('payments').execute(() => 1);
  const loads = store.calls.load;
  for (let i = 0; i < 1_000; i++) push({ name: 'payments' });
  await gear.flush();
  expect(store.calls.load - loads).toBe(1);
  expect(said).toHaveBeenCalledOnce();
});

test.each([null, undefined, 5, 'payments', []])('%o pushed is no record of anybody', async (record) => {
  const { store, gear, push } = pushing();
  await gear.breaker('payments').execute(() => 1);
  const loads = store.calls.load;
  expect(() => push(record)).not.toThrow();
  await gear.flush();
  expect(store.calls.load).toBe(loads);
});

test('a store that cannot be subscribed to is used without', async () => {
  const store = new MemoryStore();
  store.subscribe = () => {
    throw new Error('no channel');
  };
  const gear = new Switchgear({ store });
  expect(said).toHaveBeenCalledExactlyOnceWith(expect.stringContaining('subscribe failed: no channel'));
  expect(await gear.breaker('payments').execute(() => 1)).toBe(1);
});

test('a store that takes a transition and answers with the record from before it is asked once per failing call, not for ever', async () => {
  const clock = new FakeClock();
  const store = new FaultyStore(new MemoryStore({ clock }));
  store.inject('transition', async ({ args: [base] }) => ({ accepted: true, record: base }));
  const gear = new Switchgear({ store, clock, random: () => 0 });
  const told = vi.fn();
  gear.onStoreError(told);
  const payments = gear.breaker('payments');
  for (let i = 0; i < 3; i++) await outcome(payments.execute(() => Promise.reject(refused())));
  await gear.flush();
  expect(store.calls.transition).toBeLessThanOrEqual(3);
  expect(told).toHaveBeenCalledWith(expect.any(TypeError), 'transition');
});

const GARBAGE: readonly [string, () => unknown][] = [
  ...[undefined, null, 0, Number.NaN, 'yes', [], {}, [undefined], [null, 5, {}]].map(
    (garbage): [string, () => unknown] => [JSON.stringify(garbage) ?? 'undefined', () => garbage],
  ),
  ['half a record', () => [{ name: 'payments', state: 'open' }]],
  ['a write without a record', () => ({ accepted: true })],
  ['a write with none', () => ({ accepted: true, record: null })],
  [
    'a write of another circuit',
    () => ({
      accepted: 'no',
      record: { name: 'mail', state: 'half-open', epoch: { number: 'x' }, leases: 5 },
    }),
  ],
  ['a write with a trap', () => ({ accepted: true, record: trap() })],
  ['a trap', () => [trap()]],
];

test.each(GARBAGE)(
  'L8 a store that answers everything with %s leaves callers their own',
  async (_, garbage) => {
    const clock = new FakeClock();
    const store = new FaultyStore(new MemoryStore({ clock }));
    store.inject('every', async () => garbage() as never);
    // A number is a time, and 0 would be one that stands still.
    store.now = () => (typeof garbage() === 'number' ? undefined : garbage()) as never;
    const gear = new Switchgear({ store, clock, random: () => 0 });
    gear.onStoreError(() => {});
    const payments = gear.breaker('payments', { timeout: '1s' });
    await gear.warm(['payments', 'mail']);
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < 3; i++) {
        const mine = refused();
        const error = await payments.execute(() => Promise.reject(mine)).catch((thrown: unknown) => thrown);
        if (error !== mine) expect(error).toMatchObject({ code: 'CIRCUIT_OPEN' });
      }
      // Protected by itself, and by itself it probes.
      expect(await outcome(payments.execute(() => 1))).toBe('rejected');
      await clock.advance(60_000);
      expect(await payments.execute(() => 'well')).toBe('well');
    }
    await gear.flush();
    await gear.close();
  },
);

/** A store that answers in the order of names, about `payments` as `leave` has it. */
function leaving(leave: (record: CircuitRecord) => unknown) {
  const clock = new FakeClock();
  const memory = new MemoryStore({ clock });
  const store = new FaultyStore(memory);
  store.inject('load', async ({ run }) => {
    const records = await run();
    return records
      .toSorted((a, b) => (a.name < b.name ? -1 : 1))
      .flatMap((record) => (record.name === 'payments' ? (leave(record) as never) : record));
  });
  const load = vi.spyOn(store, 'load');
  /** How often `payments` was read. */
  const asked = () => load.mock.calls.filter(([names]) => names.includes('payments')).length;
  const gear = new Switchgear({ store, clock, random: () => 0 });
  const told: unknown[] = [];
  gear.onStoreError((error) => told.push((error as Error).message));
  return { clock, memory, store, gear, told, asked };
}

test.each([
  ['leaves out', () => []],
  ['has an undefined entry for', () => [undefined]],
  ['has null for', () => [null]],
])(
  'L8 a store that %s one of the records is told once per read, and has not answered for that circuit alone',
  async (_, leave) => {
    const { clock, memory, store, gear, told, asked } = leaving(leave);
    const act = { mode: 'forced-open', reason: 'fire' } as const;
    await new Operator({ store: memory, by: 'ana' }).setStates({ mail: act, shop: act });
    const payments = gear.breaker('payments');
    await gear.warm(['mail', 'payments', 'shop']);
    expect(told).toEqual(['the store gave no record of payments']);
    for (const other of ['mail', 'shop'])
      expect(await outcome(gear.breaker(other).execute(() => 1))).toBe('rejected');
    // It is not waited for with every call.
    expect(await payments.execute(() => 1)).toBe(1);
    const loads = store.calls.load;
    for (let i = 0; i < 5; i++) expect(await payments.execute(() => 1)).toBe(1);
    expect(store.calls.load).toBe(loads);
    for (let i = 0; i < 3; i++) await payments.execute(() => Promise.reject(refused())).catch(() => {});
    expect(await outcome(payments.execute(() => 1))).toBe('rejected');
    await clock.advance(10_000);
    expect(await payments.execute(() => 'well')).toBe('well');
    expect(told).toHaveLength(asked());
  },
);

test('L8 a store is told to be done, with what has come by then, before the budget of its callers is over', async () => {
  const { store, gear } = leaving((record) => record);
  const load = vi.spyOn(store, 'load');
  await gear.warm(['mail', 'payments']);
  const withinMs = Number(load.mock.lastCall?.[2]?.withinMs);
  expect(withinMs).toBeGreaterThan(400);
  expect(withinMs).toBeLessThan(500);
});

test('L8 a record that makes no sense costs no other circuit its own', async () => {
  const { memory, gear, told } = leaving(() => [{ name: 'payments', state: 'ajar' }]);
  await new Operator({ store: memory, by: 'ana' }).setStates({
    shop: { mode: 'forced-open', reason: 'fire' },
  });
  gear.breaker('payments');
  const shop = gear.breaker('shop');
  await gear.warm(['payments', 'shop']);
  expect(told).toEqual(['the store gave no record of payments']);
  expect(await outcome(shop.execute(() => 1))).toBe('rejected');
});

test('flush and close end within the store’s budget, whatever hangs', async () => {
  const clock = new FakeClock();
  const store = new FaultyStore(new MemoryStore({ clock }));
  const gear = new Switchgear({ store, clock, storeTimeout: 500 });
  const payments = gear.breaker('payments');
  await payments.execute(() => 1);
  store.inject('every', hangs);
  store.close = hangs;
  for (let i = 0; i < 5; i++) await payments.execute(() => Promise.reject(refused())).catch(() => {});
  const ended: string[] = [];
  void gear.flush().then(() => ended.push('flush'));
  await clock.advance(1_500);
  expect(ended).toEqual(['flush']);
  void gear.close().then(() => ended.push('close'));
  await clock.advance(2_000);
  expect(ended).toEqual(['flush', 'close']);
  expect(clock.pending).toBe(0);
});

test('a close that fails is told, not thrown; calls that run go on, and calls after it have local protection', async () => {
  const clock = new FakeClock();
  const store = new FaultyStore(new MemoryStore({ clock }));
  const gear = new Switchgear({ store, clock });
  const payments = gear.breaker('payments');
  let answer: (value: string) => void = () => {};
  const running = payments.execute(
    () =>
      new Promise<string>((resolve) => {
        answer = resolve;
      }),
  );
  await clock.advance(0);
  store.close = throws(new Error('closed already'));
  const told = vi.fn();
  gear.onStoreError(told);
  await gear.close();
  expect(told).toHaveBeenCalledExactlyOnceWith(
    expect.objectContaining({ message: 'closed already' }),
    'close',
  );
  store.inject('every', throws(new Error('closed')));
  answer('mine');
  expect(await running).toBe('mine');
  for (let i = 0; i < 3; i++) await payments.execute(() => Promise.reject(refused())).catch(() => {});
  expect(await outcome(payments.execute(() => 1))).toBe('rejected');
  await gear.close();
});

test('two gears of one process share a circuit like two processes, also by one name', async () => {
  const clock = new FakeClock();
  const store: OperatorStore = new MemoryStore({ clock });
  const make = () => new Switchgear({ store, clock, processId: 'order', random: () => 0 });
  const [a, b] = [make(), make()];
  for (const gear of [a, b]) await gear.breaker('payments', { failureRatio: 0 }).execute(() => 1);
  for (const gear of [a, b, a])
    await gear
      .breaker('payments')
      .execute(() => Promise.reject(refused()))
      .catch(() => {});
  await Promise.all([a.flush(), b.flush()]);
  await a.close();
  expect(await outcome(b.breaker('payments').execute(() => 1))).toBe('rejected');
  await clock.advance(10_000);
  let running = 0;
  let most = 0;
  const probe = async () => {
    most = Math.max(most, ++running);
    await new Promise<void>((resolve) => clock.setTimer(resolve, 10));
    running -= 1;
  };
  const calls = [a, b, a, b].map((gear) => outcome(gear.breaker('payments').execute(probe)));
  await clock.advance(1_000);
  expect((await Promise.all(calls)).sort()).toEqual(['ok', 'rejected', 'rejected', 'rejected']);
  expect(most).toBe(1);
});

test('1 000 circuits are read ahead in one call of the store, and refreshed only where they are used', async () => {
  const clock = new FakeClock();
  const store = new FaultyStore(new MemoryStore({ clock }));
  const gear = new Switchgear({ store, clock, random: () => 0 });
  const names = Array.from({ length: 1_000 }, (_, i) => `circuit-${i}`);
  await gear.warm(names);
  expect(store.calls.load).toBe(1);
  const asked = vi.spyOn(store, 'load');
  await gear.breaker('circuit-7').execute(() => 1);
  await clock.advance(5_000);
  await gear.breaker('circuit-7').execute(() => 1);
  await gear.flush();
  expect(asked.mock.calls.map(([read]) => read)).toEqual([['circuit-7'], ['circuit-7']]);
});
