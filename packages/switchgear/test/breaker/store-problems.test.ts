/** A store that is wrong says so: to whoever asks, to listeners, and aloud where there are none. */

import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { MemoryStore, StoreError, type StoreProblem, Switchgear } from '../../src/index.ts';
import { FakeClock } from '../../src/testing/fake-clock.ts';
import { FaultyStore, hangs } from '../../src/testing/faulty-store.ts';

const lines: string[] = [];
beforeEach(() => {
  lines.length = 0;
  vi.spyOn(console, 'error').mockImplementation((line: string) => void lines.push(line));
});
afterEach(() => {
  vi.restoreAllMocks();
});

function rig() {
  const clock = new FakeClock();
  const store = new FaultyStore(new MemoryStore({ clock }));
  const gear = new Switchgear({ store, clock, random: () => 0 });
  const down = async () => {
    throw Object.assign(new Error('down'), { code: 'ECONNREFUSED' });
  };
  /** Calls that fail and whose reports fail too: each meets the store. */
  const failing = async (circuit: string, calls: number) => {
    const breaker = gear.breaker(circuit, { failureThreshold: 1_000 });
    for (let i = 0; i < calls; i += 1) await breaker.execute(down).catch(() => {});
    await gear.flush();
  };
  return { clock, store, gear, failing };
}

const wrong = (message: string) => async () => {
  throw new StoreError(message, 'refused');
};

test('L8 what nobody listens to is said once, with its verb and its mend, not per call', async () => {
  const { store, failing } = rig();
  store.inject('every', wrong('table "orders": no such table; create the table'));
  await failing('payments', 50);
  expect(lines).toContain(
    'switchgear: load failed: table "orders": no such table; create the table; calls go on with local protection',
  );
  expect(new Set(lines).size).toBe(lines.length);
  expect(lines.length).toBeLessThanOrEqual(2);
});

test('it is said again while it lasts, once per minute', async () => {
  const { clock, store, failing } = rig();
  store.inject('load', wrong('no such table'));
  const said = async () => {
    lines.length = 0;
    await failing('payments', 20);
    return lines.filter((line) => line.includes('load failed: no such table')).length;
  };
  expect(await said()).toBe(1);
  await clock.advance(50_000);
  expect(await said()).toBe(0);
  await clock.advance(10_000);
  expect(await said()).toBe(1);
});

test('messages that are all different make no storm', async () => {
  const { store, gear } = rig();
  let count = 0;
  store.inject('every', async () => {
    throw new Error(`request ${count++} failed`);
  });
  for (let i = 0; i < 40; i += 1) await gear.warm(['payments']);
  expect(count).toBe(40);
  expect(lines).toHaveLength(10);
});

test('a store that hangs is said too', async () => {
  const { clock, store, gear } = rig();
  store.inject('every', hangs);
  const call = gear.breaker('payments').execute(async () => 1);
  await clock.advance(500);
  expect(await call).toBe(1);
  expect(lines).toEqual([
    'switchgear: load failed: no answer within 500 ms; calls go on with local protection',
  ]);
});

test('nothing is said aloud while somebody listens', async () => {
  const { store, gear } = rig();
  store.inject('every', wrong('no such table'));
  const heard: unknown[] = [];
  const off = gear.onStoreError((error) => heard.push(error));
  await gear.warm(['payments']);
  expect(heard).toHaveLength(1);
  expect(lines).toEqual([]);
  off();
  await gear.warm(['payments']);
  expect(lines).toHaveLength(1);
});

test('check hands over what the store says, and nothing where it cannot tell', async () => {
  expect(await new Switchgear({ store: new MemoryStore() }).check()).toEqual([]);
  const problems: StoreProblem[] = [{ severity: 'warning', what: 'TTL is off', mend: 'turn it on' }];
  const store = Object.assign(new MemoryStore(), { check: async () => problems });
  expect(await new Switchgear({ store }).check()).toEqual(problems);
});
