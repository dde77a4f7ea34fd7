/** L10: what it costs, counted at the store. */

import { expect, test } from 'vitest';
import type { Verb } from '../../src/testing/index.ts';
import { fleet, type Process, refused } from './fleet.ts';

/** The store calls of `work`, those that happened. */
async function cost(process: Process, work: () => Promise<unknown>): Promise<Partial<Record<Verb, number>>> {
  const before = { ...process.store.calls };
  await work();
  return Object.fromEntries(
    Object.entries(process.store.calls)
      .map(([verb, n]) => [verb, n - before[verb as Verb]] as const)
      .filter(([, n]) => n > 0),
  );
}

for (const push of [false, true])
  test(`L10 100 000 healthy calls: no write, and at most one read per cacheTtl (push ${push})`, async () => {
    const f = fleet(1, { push });
    const p = f.process(0);
    let calls = 0;
    const minutes = 5;
    const spent = await cost(p, async () => {
      for (let second = 0; second < minutes * 60; second++) {
        for (let i = 0; i < 334; i++, calls++) await p.breaker.execute(healthy);
        f.clock.jump(1_000);
      }
    });
    expect(calls).toBeGreaterThanOrEqual(100_000);
    expect(spent).toEqual({ load: expect.any(Number) });
    expect(spent.load).toBeLessThanOrEqual((minutes * 60) / 5);
  });

async function healthy(): Promise<string> {
  return 'receipt';
}

test('L10 a cold start awaits one batched read for all circuits that are used in the same moment', async () => {
  const f = fleet(1);
  const p = f.process(0);
  const batches: (readonly string[])[] = [];
  p.store.before('load', ({ args: [names] }) => {
    batches.push(names);
  });
  p.gear.breaker('unused');
  const names = ['a', 'b', 'c', 'd'];
  await Promise.all(names.map((name) => p.gear.breaker(name).execute(healthy)));
  expect(batches).toEqual([names]);
});

test('L10 a cold start knows the state of the fleet before its first call', async () => {
  const f = fleet(1);
  await f.fail(f.process(0), 3);
  const late = f.start(1);
  expect(await f.call(late)).toBe('rejected');
  expect(late.store.calls.load).toBe(1);
});

test('L10 one read per cacheTtl serves all circuits in use, and none that is not', async () => {
  const f = fleet(1);
  const p = f.process(0);
  const names = ['a', 'b', 'c', 'idle'];
  const batches: (readonly string[])[] = [];
  await Promise.all(names.map((name) => p.gear.breaker(name).execute(healthy)));
  p.store.before('load', ({ args: [asked] }) => {
    batches.push(asked);
  });
  for (let second = 0; second < 20; second++) {
    await f.advance(1_000);
    for (const name of ['a', 'b', 'c']) await p.gear.breaker(name).execute(healthy);
  }
  await f.idle();
  expect(batches).toHaveLength(4);
  for (const batch of batches) expect([...batch].sort()).toEqual(['a', 'b', 'c']);
});

test('L10 the periodic read is overlapped with a call, not awaited by it', async () => {
  const f = fleet(1);
  const p = f.process(0);
  await f.call(p);
  await f.advance(5_000);
  p.store.inject('load', () => new Promise(() => {}));
  const startMs = f.clock.now();
  expect(await f.call(p)).toBe('ok');
  expect(f.clock.now()).toBe(startMs);
  await f.idle();
  expect(p.store.calls.load).toBe(2);
});

test('L10 a process that makes no calls reads nothing', async () => {
  const f = fleet(1);
  await f.call(f.process(0));
  await f.advance(3_600_000);
  expect(f.process(0).store.calls.load).toBe(1);
  expect(f.clock.pending).toBe(0);
});

test('L10 a failing call costs one store call', async () => {
  const f = fleet(1);
  const p = f.process(0);
  for (let i = 0; i < 5; i++) await f.call(p);
  expect(await cost(p, () => f.fail(p, 1))).toEqual({ report: 1 });
  expect(await cost(p, () => f.fail(p, 1))).toEqual({ report: 1 });
});

test('L10 own evidence that meets the policy goes straight to the transition', async () => {
  const f = fleet(1);
  const p = f.process(0);
  await f.fail(p, 2);
  expect(await cost(p, () => f.fail(p, 1))).toEqual({ transition: 1 });
});

test('L10 crossing the threshold with others’ evidence costs one report and one transition', async () => {
  const f = fleet(3, { breaker: { failureRatio: 0 } });
  for (const process of f.processes) await f.call(process);
  await f.fail(f.process(0), 1);
  await f.fail(f.process(1), 1);
  expect(await cost(f.process(2), () => f.fail(f.process(2), 1))).toEqual({ report: 1, transition: 1 });
  expect((await f.record()).state).toBe('open');
});

test('L10 rejections cost nothing but the refresh', async () => {
  const f = fleet(1);
  const p = f.process(0);
  await f.fail(p, 3);
  const spent = await cost(p, async () => {
    for (let i = 0; i < 99; i++) {
      for (let k = 0; k < 10; k++) expect(await f.call(p)).toBe('rejected');
      await f.advance(100);
    }
  });
  expect(spent).toEqual({ load: 1 });
});

test('L10 a probe costs a read, the transition with its lease, the verdict and the transition that follows', async () => {
  const f = fleet(1);
  const p = f.process(0);
  await f.fail(p, 3);
  await f.advance(10_000);
  const spent = await cost(p, async () => {
    expect(await f.call(p)).toBe('ok');
    await f.idle();
  });
  expect(spent).toEqual({ load: 1, transition: 2, settle: 1 });
});

test('L10 at the deadline a process that has no chance writes at most once', async () => {
  const f = fleet(50);
  for (const process of f.processes) await f.call(process);
  await f.fail(f.process(0), 3);
  for (const process of f.processes) await f.call(process);
  await f.advance(10_000);
  const writes = () => f.processes.map(({ store }) => store.calls.transition + store.calls.lease);
  const before = writes();
  for (let i = 0; i < 20; i++) {
    for (const process of f.processes) f.begin(process);
    await f.advance(250);
  }
  for (const [i, n] of writes().entries()) expect(n - (before[i] ?? 0)).toBeLessThanOrEqual(1);
});

test('L10 the first call after a thaw waits for the store, the second does not', async () => {
  const f = fleet(1);
  const p = f.process(0);
  await f.call(p);
  await f.advance(10_000);
  let read = false;
  p.store.after('load', () => {
    read = true;
  });
  await p.breaker.execute(async () => expect(read).toBe(true));
  expect(await cost(p, () => f.call(p))).toEqual({});
});

test('L10 refresh periods are spread by up to a tenth', async () => {
  const f = fleet(1);
  const p = f.process(0);
  f.chance.next = 0.999;
  await f.call(p);
  await f.advance(5_400);
  await f.call(p);
  await f.idle();
  expect(p.store.calls.load).toBe(1);
  await f.advance(100);
  await f.call(p);
  await f.idle();
  expect(p.store.calls.load).toBe(2);
});

test('L10 a signal is made only for those who ask, and nothing is left behind', async () => {
  const f = fleet(1, { breaker: { timeout: '1s' } });
  const p = f.process(0);
  for (let i = 0; i < 100; i++) await p.breaker.execute(healthy);
  for (let i = 0; i < 2; i++) await p.breaker.execute(() => Promise.reject(refused())).catch(() => {});
  await f.advance(2_000);
  expect(f.clock.pending).toBe(0);
});
