/** L8: a process without its store: what it does for itself, how seldom it asks, and how it finds back. */

import { expect, test } from 'vitest';
import { Permit } from '../../src/permit.ts';
import { hangs, late, throttles, throws } from '../../src/testing/index.ts';
import { fleet, outcome, refused, timed } from './fleet.ts';

const BUDGET_MS = 500;

test('L8 a store that fails while the circuit is open: rejects until the deadline, then probes locally', async () => {
  const f = fleet(2);
  const p = f.process(0);
  for (const process of f.processes) await f.call(process);
  await f.fail(f.process(1), 3);
  await f.advance(5_000);
  await f.call(p);
  await f.idle();
  expect(p.breaker.state.state).toBe('open');
  p.store.inject('every', throws(new Error('gone')));
  f.dependency.calls = 0;
  for (let i = 0; i < 49; i++) {
    expect((await timed(f, p)).outcome).toBe('rejected');
    await f.advance(100);
  }
  // Then, once its snapshot is older than `maxStale`, one probe of its own.
  for (let i = 0; i < 12 && f.dependency.calls === 0; i++) {
    await f.advance(1_000);
    await timed(f, p);
  }
  expect(f.dependency.calls).toBe(1);
  expect((await timed(f, p)).outcome).toBe('ok');
  expect(p.breaker.state.state, 'what holds for its calls').toBe('closed');
});

test('L8 a local probe that fails keeps this process open, for longer', async () => {
  const f = fleet(1);
  const p = f.process(0);
  await f.call(p);
  p.store.inject('every', throttles);
  await f.fail(p, 3);
  f.dependency.mode = 'down';
  await f.advance(10_000);
  expect(await f.call(p)).toBe('failed');
  expect(await f.call(p)).toBe('rejected');
  await f.advance(19_999);
  expect(await f.call(p)).toBe('rejected');
  await f.advance(1);
  f.dependency.mode = 'up';
  expect(await f.call(p)).toBe('ok');
  expect(await f.call(p)).toBe('ok');
});

test('L8 a store that throttles leases is not asked by every call', async () => {
  const f = fleet(1);
  const p = f.process(0);
  await f.fail(p, 3);
  await f.advance(10_000);
  p.store.inject(['transition', 'lease'], throttles);
  const before = { ...p.store.calls };
  for (let i = 0; i < 1_000; i++) {
    await f.call(p);
    await f.advance(5);
  }
  // Five seconds, one refresh.
  expect(p.store.calls.transition - before.transition).toBeLessThanOrEqual(5);
  expect(p.store.calls.load - before.load).toBeLessThanOrEqual(6);
});

test('L8 a store that throttles transitions is not asked by every call after a verdict', async () => {
  const f = fleet(1);
  const p = f.process(0);
  await f.fail(p, 3);
  await f.advance(10_000);
  const probe = f.begin(p);
  await f.idle();
  const remove = p.store.inject('transition', throttles);
  await probe.fail();
  const before = p.store.calls.transition;
  for (let i = 0; i < 1_000; i++) {
    expect(await f.call(p)).toBe('rejected');
    await f.advance(5);
  }
  expect(p.store.calls.transition - before).toBeLessThanOrEqual(3);
  remove();
  await f.advance(5_000);
  await f.call(p);
  await f.idle();
  expect(await f.record()).toMatchObject({ state: 'open', attempt: 1 });
});

test('L8 a throttled store sees few writes from a process that trips: what fails together is sent together', async () => {
  const f = fleet(1, { breaker: { failureThreshold: 5 } });
  const p = f.process(0);
  for (let i = 0; i < 20; i++) await f.call(p);
  p.store.inject(['transition', 'report'], async (call) => {
    await new Promise<void>((resolve) => f.clock.setTimer(resolve, 20));
    return throttles(call);
  });
  const calls = Array.from({ length: 10 }, () => f.begin(p));
  await f.idle();
  for (const call of calls) void call.fail();
  await f.advance(1_000);
  const { report, transition } = p.store.calls;
  // A report, the transition, and what failed meanwhile.
  expect(report + transition).toBeLessThanOrEqual(3);
  for (let i = 0; i < 100; i++) expect(await f.call(p)).toBe('rejected');
  expect(p.store.calls).toMatchObject({ report, transition });
});

test('L8 errors of the store are told to those who ask, and to nobody else', async () => {
  const f = fleet(1);
  const p = f.process(0);
  const error = new Error('no credentials');
  p.store.inject('every', throws(error));
  const mine = refused();
  await expect(
    p.breaker.execute(() => {
      throw mine;
    }),
  ).rejects.toBe(mine);
  expect(p.storeErrors).toContain(error);
  expect(await outcome(p.breaker.execute(() => 1))).toBe('ok');
});

test('L8 when the store is back it decides again: the process that probed alone takes part in the fleet', async () => {
  const f = fleet(2);
  const p = f.process(0);
  for (const process of f.processes) await f.call(process);
  await f.fail(p, 3);
  const remove = p.store.inject('every', throws(new Error('gone')));
  f.dependency.mode = 'down';
  for (let i = 0; i < 30; i++) {
    await f.call(p);
    await f.advance(1_000);
  }
  expect(p.breaker.state.state).toBe('local-open');
  remove();
  f.dependency.mode = 'up';
  for (let i = 0; i < 6; i++) {
    await f.call(p);
    await f.idle();
    await f.advance(1_000);
  }
  expect(await f.record()).toMatchObject({
    state: 'closed',
    transition: { by: 'process-0', reason: 'recovered' },
  });
  expect(p.breaker.state.state).toBe('closed');
});

test('L8 a process that opened itself rejects also while it waits for a store that hangs', async () => {
  const f = fleet(1, { breaker: { resetTimeout: '60s' } });
  const p = f.process(0);
  await f.call(p);
  p.store.inject('every', hangs);
  await f.fail(p, 3);
  await f.advance(30_000);
  f.dependency.calls = 0;
  expect(await timed(f, p)).toEqual({ outcome: 'rejected', tookMs: BUDGET_MS });
  expect(await timed(f, p), 'waits once, not each time').toEqual({ outcome: 'rejected', tookMs: 0 });
  expect(f.dependency.calls).toBe(0);
});

test('L8 a store that hangs costs one wait per outage, not one per call', async () => {
  const f = fleet(1);
  const p = f.process(0);
  p.store.inject('every', hangs);
  const waits: number[] = [];
  for (let i = 0; i < 100; i++) {
    waits.push((await timed(f, p)).tookMs);
    await f.advance(1_000);
  }
  expect(waits[0]).toBe(BUDGET_MS);
  expect(waits.slice(1)).toEqual(Array(99).fill(0));
});

test('L8 a local probe that nobody waited for gives its slot back', async () => {
  const f = fleet(1);
  const p = f.process(0);
  await f.call(p);
  p.store.inject('every', hangs);
  await f.fail(p, 3);
  await f.advance(30_000);
  const caller = new AbortController();
  const gone = f.call(p, caller.signal);
  caller.abort();
  await gone;
  await f.advance(1_000);
  expect(p.breaker.admit()).toBeInstanceOf(Permit);
});

test('L8 after a local recovery the failures of that outage count no more', async () => {
  const f = fleet(1);
  const p = f.process(0);
  await f.call(p);
  p.store.inject('every', throttles);
  await f.fail(p, 3);
  await f.advance(10_000);
  expect(await f.call(p)).toBe('ok');
  await f.fail(p, 2);
  expect(await f.call(p)).toBe('ok');
  expect(p.breaker.state.state).toBe('closed');
});

test('L8 a store call that fails after its budget is told once', async () => {
  const f = fleet(1);
  const p = f.process(0);
  p.store.inject('load', async () => {
    await new Promise<void>((resolve) => f.clock.setTimer(resolve, 2_000));
    throw new Error('socket hang up');
  });
  void f.call(p);
  await f.advance(3_000);
  expect(p.storeErrors).toHaveLength(1);
});

test.each([
  ['all of the store', 5],
  ['its writes', 5],
  ['all of the store', 1],
  ['all of the store, from the start,', 1],
] as const)(
  'L8 the store comes back before the dependency does: the fleet opens as one (%s was away, processes: %i)',
  async (what, n) => {
    const f = fleet(n);
    if (!what.includes('start')) for (const process of f.processes) await f.call(process);
    const verbs =
      what === 'its writes' ? (['report', 'transition', 'lease', 'settle'] as const) : ('every' as const);
    const mend = f.processes.map((p) => p.store.inject(verbs, hangs));
    f.dependency.mode = 'down';
    const calls = async (seconds: number) => {
      for (let i = 0; i < seconds; i++) {
        const outcomes = f.processes.map((process) => f.call(process));
        await f.advance(1_000);
        await Promise.all(outcomes);
      }
    };
    await calls(40);
    expect((await f.record()).state).toBe('closed');
    for (const undo of mend) undo();
    await calls(180);
    expect((await f.record()).state).toBe('open');
    for (const process of f.processes) expect(process.breaker.state.state).toBe('open');
    expect(f.committed().length).toBeGreaterThan(0);
  },
);

test('L8 processes that opened themselves while the fleet was open probe as one again when the store is back', async () => {
  const f = fleet(5, { breaker: { maxResetTimeout: '10s' } });
  const calls = async (seconds: number) => {
    for (let i = 0; i < seconds; i++) {
      await Promise.all(f.processes.map((process) => f.call(process)));
      await f.advance(1_000);
    }
  };
  await calls(2);
  await f.fail(f.process(0), 3);
  f.dependency.mode = 'down';
  await calls(7);
  const mend = f.processes.map((p) => p.store.inject('every', throws(new Error('gone'))));
  // Each of them recovers alone, and opens alone again.
  f.dependency.mode = 'up';
  await calls(40);
  f.dependency.mode = 'down';
  await calls(5);
  expect(f.processes.map((p) => p.breaker.state.state)).toEqual(Array(5).fill('local-open'));
  for (const undo of mend) undo();
  await calls(12);
  f.dependency.calls = 0;
  await calls(60);
  expect(f.dependency.calls, 'one probe per open time of 10 s, of all processes').toBeLessThanOrEqual(7);
  expect(f.processes.map((p) => p.breaker.state.state)).toEqual(Array(5).fill('open'));
});

test.each([
  ['forced-closed', 'all of the store', 'closed'],
  ['disabled', 'all of the store', 'closed'],
  ['forced-closed', 'its writes', 'closed'],
  ['forced-closed', 'all of the store', 'open'],
] as const)(
  'L8 a process protects itself after a %s that nobody can settle (%s is away, below it: %s)',
  async (mode, what, below) => {
    const f = fleet(1);
    const p = f.process(0);
    await f.call(p);
    if (below === 'open') await f.fail(p, 3);
    await f.operator(p).setStates({ payments: { mode, reason: 'test', forMs: 5_000 } });
    const verbs =
      what === 'its writes' ? (['report', 'transition', 'lease', 'settle'] as const) : ('every' as const);
    const mend = p.store.inject(verbs, throws(new Error('gone')));
    f.dependency.mode = 'down';
    f.dependency.calls = 0;
    for (let i = 0; i < 4; i++) {
      expect(await f.call(p), 'the operator said so').toBe('failed');
      await f.advance(1_000);
    }
    await f.advance(6_000);
    const outcomes = [];
    for (let i = 0; i < 6; i++) outcomes.push(await f.call(p));
    expect(outcomes).toEqual(['failed', 'failed', 'failed', 'rejected', 'rejected', 'rejected']);
    mend();
    f.dependency.mode = 'up';
    for (let i = 0; i < 20; i++) {
      await f.call(p);
      await f.advance(1_000);
    }
    expect((await f.record()).state).toBe('closed');
    expect(p.breaker.state.state).toBe('closed');
    expect(await f.call(p)).toBe('ok');
  },
);

test('L3 a lease that no longer covers a call goes back, and the call is not made', async () => {
  const f = fleet(2, { breaker: { timeout: '10s' } });
  const [a, b] = [f.process(0), f.process(1)];
  await f.call(b);
  await f.fail(a, 3);
  await f.advance(11_001);
  // The grant is committed, but its answer comes 3 s later: 8 s are left for a call that may take 10.
  a.store.inject('transition', late(3_000, f.clock));
  f.dependency.calls = 0;
  const first = f.call(a);
  await f.advance(3_500);
  expect(await first).toBe('rejected');
  expect(await f.call(a)).toBe('rejected');
  expect(f.dependency.calls).toBe(0);
  await f.idle();
  // It went back, so that nobody waits for its end.
  await f.advance(5_000);
  expect(await f.call(b)).toBe('ok');
  expect(f.dependency.calls).toBe(1);
});

test('L8 a store that takes no write: an open circuit recovers for each process alone, and for the fleet when it can', async () => {
  const f = fleet(2);
  for (const p of f.processes) await f.call(p);
  await f.fail(f.process(0), 3);
  await f.idle();
  const healed = f.processes.map((p) =>
    p.store.inject(['transition', 'report', 'lease', 'settle'], throttles),
  );
  f.dependency.calls = 0;
  let ok = 0;
  for (let second = 0; second < 120; second++) {
    await f.advance(1_000);
    for (const p of f.processes) if ((await f.call(p)) === 'ok') ok += 1;
  }
  // 10 s of open time, 31 s of a lease; then all calls go, but for a moment per refresh.
  expect(ok).toBeGreaterThan(100);
  expect((await f.record()).state).toBe('open');
  for (const heal of healed) heal();
  for (let second = 0; second < 20; second++) {
    await f.advance(1_000);
    for (const p of f.processes) await f.call(p);
  }
  expect((await f.record()).state).toBe('closed');
  for (const p of f.processes) expect(p.breaker.state.state).toBe('closed');
});

test('L8 a store that takes no write while the dependency stays down: each process probes with backoff', async () => {
  const f = fleet(2);
  for (const p of f.processes) await f.call(p);
  await f.fail(f.process(0), 3);
  await f.idle();
  for (const p of f.processes) p.store.inject(['transition', 'report', 'lease', 'settle'], throttles);
  f.dependency.mode = 'down';
  f.dependency.calls = 0;
  for (let second = 0; second < 300; second++) {
    await f.advance(1_000);
    for (const p of f.processes) await f.call(p);
  }
  expect(f.dependency.calls).toBeGreaterThan(2);
  expect(f.dependency.calls).toBeLessThan(20);
});

test('L8, L13 a clock that is set back keeps no process open by itself, nor its local probe', async () => {
  for (const probing of [false, true]) {
    const f = fleet(1, { skewsMs: [0] });
    const p = f.process(0);
    await f.call(p);
    p.store.inject('every', throws(new Error('gone')));
    await f.fail(p, 3);
    if (probing) {
      await f.advance(10_000);
      const hung = f.begin(p);
      await f.idle();
      expect(hung.started).toBe(true);
    }
    expect(await f.call(p)).toBe('rejected');
    p.clock.skewMs -= 3_600_000;
    expect(await f.call(p), `with a probe under way: ${probing}`).toBe('ok');
    expect(p.breaker.state.state).toBe('closed');
  }
});

test('L8, L12 what a process decided by a clock that was ahead lasts no longer once it learns the store’s time', async () => {
  const f = fleet(1, { skewsMs: [60_000] });
  const p = f.process(0);
  const mend = p.store.inject('every', throws(new Error('gone')));
  await f.fail(p, 3);
  mend();
  await f.advance(12_000);
  expect(await f.call(p)).toBe('ok');
  expect(p.breaker.state.state).toBe('closed');
});
