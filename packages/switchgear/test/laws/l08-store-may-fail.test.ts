/** L8: the store may fail. Callers get their own results within the budget, protection stays, and all converge after. */

import { expect, test } from 'vitest';
import {
  type Fault,
  first,
  hangs,
  late,
  losesReply,
  stale,
  throttles,
  throws,
} from '../../src/testing/index.ts';
import { type Fleet, fleet, outcome, type Process, refused } from './fleet.ts';

const BUDGET_MS = 500;

const FAULTS: Record<string, (f: Fleet) => Fault> = {
  throws: () => throws(new Error('no credentials')),
  'throws synchronously': () => () => {
    throw new TypeError('undefined is not a function');
  },
  hangs: () => hangs,
  throttles: () => throttles,
  'answers 2 s late': (f) => late(2_000, f.clock),
  'loses replies': () => losesReply,
};

/** Calls, moving the clock until the call has ended; how it ended and how long it took. */
async function timed(f: Fleet, process: Process): Promise<{ outcome: string; tookMs: number }> {
  const startMs = f.clock.now();
  let ended: string | undefined;
  void f.call(process).then((how) => {
    ended = how;
  });
  for (;;) {
    await f.idle();
    if (ended !== undefined) return { outcome: ended, tookMs: f.clock.now() - startMs };
    if (f.clock.now() - startMs > 60_000) throw new Error('the call hangs');
    await f.advance(10);
  }
}

for (const [name, fault] of Object.entries(FAULTS)) {
  test(`L8 a store that ${name} from the start: calls go on, protection is local, the state converges`, async () => {
    const f = fleet(2);
    const p = f.process(0);
    const remove = p.store.inject('every', fault(f));
    for (let i = 0; i < 50; i++) {
      const { outcome, tookMs } = await timed(f, p);
      expect(outcome).toBe('ok');
      expect(tookMs).toBeLessThanOrEqual(BUDGET_MS);
      await f.advance(250);
    }

    f.dependency.mode = 'down';
    const outcomes: string[] = [];
    f.dependency.calls = 0;
    for (let i = 0; i < 20; i++) {
      const { outcome, tookMs } = await timed(f, p);
      expect(tookMs).toBeLessThanOrEqual(BUDGET_MS);
      outcomes.push(outcome);
    }
    // At the ratio of 0.1 fifty healthy calls delay the trip a little.
    expect(outcomes.filter((how) => how === 'failed').length).toBeLessThanOrEqual(8);
    expect(outcomes.at(-1)).toBe('rejected');

    f.dependency.mode = 'up';
    await f.advance(10_000);
    for (let i = 0; i < 10; i++) {
      await timed(f, p);
      await f.advance(1_000);
    }
    expect((await timed(f, p)).outcome).toBe('ok');

    remove();
    await converged(f);
    expect(await timed(f, p)).toEqual({ outcome: 'ok', tookMs: 0 });
    expect(f.committed()).toEqual(await f.history());
  });

  test(`L8 a store that ${name} midway: own evidence opens this process, which probes by itself, one at a time`, async () => {
    const f = fleet(2);
    const p = f.process(0);
    for (const process of f.processes) await f.call(process);
    const remove = p.store.inject('every', fault(f));

    f.dependency.mode = 'down';
    f.dependency.calls = 0;
    for (let i = 0; i < 10; i++) expect((await timed(f, p)).tookMs).toBeLessThanOrEqual(BUDGET_MS);
    expect(f.dependency.calls).toBe(3);

    // Still down at its first probes: it stays open for longer each time, and never sends more than one.
    f.dependency.calls = 0;
    for (let i = 0; i < 60; i++) {
      const calls = [timed(f, p), timed(f, p), timed(f, p)];
      for (const { tookMs } of await Promise.all(calls)) expect(tookMs).toBeLessThanOrEqual(BUDGET_MS);
      await f.advance(500);
    }
    expect(f.dependency.peak).toBe(1);
    expect(f.dependency.calls).toBeGreaterThanOrEqual(1);
    expect(f.dependency.calls).toBeLessThanOrEqual(3);

    f.dependency.mode = 'up';
    for (let i = 0; i < 90; i++) {
      await timed(f, p);
      await f.advance(1_000);
    }
    expect((await timed(f, p)).outcome).toBe('ok');
    remove();
    await converged(f);
    expect(f.committed()).toEqual(await f.history());
  });
}

/** Both processes come to see what the store has, and it is closed. */
async function converged(f: Fleet): Promise<void> {
  for (let i = 0; i < 120; i++) {
    for (const process of f.processes) await timed(f, process);
    await f.advance(1_000);
  }
  const record = await f.record();
  expect(record.state).toBe('closed');
  for (const process of f.processes)
    expect(process.breaker.state).toMatchObject({ state: 'closed', epoch: record.epoch });
}

test('L8, peers C6 a state that was not read is never written back', async () => {
  const f = fleet(2);
  await f.fail(f.process(1), 3);
  const before = await f.record();
  f.process(0).store.inject('load', throttles);
  expect(await f.call(f.process(0)), 'fails open').toBe('ok');
  await f.idle();
  expect(await f.record()).toEqual(before);
  expect(f.process(0).store.calls).toMatchObject({ report: 0, transition: 0, settle: 0, lease: 0 });
});

test('L8 evidence that was gathered without an epoch stays local', async () => {
  const f = fleet(1);
  const p = f.process(0);
  const remove = p.store.inject('load', throttles);
  await f.fail(p, 3);
  expect(p.breaker.state.state).toBe('local-open');
  remove();
  await f.advance(5_000);
  await f.call(p);
  await f.idle();
  expect(await f.record()).toMatchObject({ state: 'closed', epoch: { number: 0 } });
  expect(p.store.calls).toMatchObject({ report: 0, transition: 0 });
});

test('L8, peers P7 a store that fails when a probe asks for its lease: the caller is rejected, not given the store’s error', async () => {
  for (const fault of [throttles, hangs, losesReply, throws(new Error('denied'))]) {
    const f = fleet(1);
    const p = f.process(0);
    await f.fail(p, 3);
    await f.advance(10_000);
    p.store.inject(['transition', 'lease'], fault);
    expect((await timed(f, p)).outcome).toBe('rejected');
  }
});

test('L8, peers P8 a trip whose write is throttled protects this process at once, and trips the fleet with its next failure', async () => {
  const f = fleet(2);
  const p = f.process(0);
  await f.call(p);
  p.store.inject('transition', first(1, throttles));
  await f.fail(p, 3);
  expect(p.breaker.state.state).toBe('local-open');
  expect(await f.call(p)).toBe('rejected');
  // The next answer of the store shows that the decision is still due.
  await f.advance(5_000);
  expect(await f.call(p)).toBe('rejected');
  await f.idle();
  expect(await f.record()).toMatchObject({ state: 'open', transition: { by: 'process-0' } });
  expect(p.breaker.state.state).toBe('open');
});

test('L8 no store call is held across the call, peers G2 B1 callers run side by side', async () => {
  const f = fleet(10);
  const underway = new Set<object>();
  for (const { store } of f.processes)
    store.inject('every', async (call) => {
      underway.add(call);
      try {
        return await call.run();
      } finally {
        underway.delete(call);
      }
    });
  const calls = f.processes.flatMap((process) => [f.begin(process), f.begin(process)]);
  await f.idle();
  expect(calls.every((call) => call.started)).toBe(true);
  expect(underway.size).toBe(0);
  expect(f.dependency.peak).toBe(20);
  await Promise.all(calls.map((call) => call.succeed()));
});

test('L8, peers G4 a record that is gone is a closed circuit', async () => {
  const f = fleet(1);
  const p = f.process(0);
  await f.fail(p, 3);
  // Another, empty store takes the place of the old one.
  p.store.inject(['load'], async ({ args: [names, window] }) =>
    names.map((name) => ({
      ...EMPTY,
      name,
      epoch: { number: 0, id: `root-${window(name).bucketMs}x${window(name).buckets}` },
    })),
  );
  await f.advance(5_000);
  await f.call(p);
  await f.idle();
  expect(await f.call(p)).toBe('ok');
});

const EMPTY = {
  state: 'closed',
  sinceMs: 0,
  attempt: 0,
  bucketMs: 6_000,
  buckets: 10,
  settledOverride: 0,
  rampMs: 0,
  rampFrom: 1,
  evidence: {},
} as const;

test('L8 a stale read of an older epoch is not believed without a consistent one', async () => {
  const f = fleet(2);
  const p = f.process(0);
  await f.call(p);
  const old = await f.record();
  await f.fail(p, 3);
  p.store.inject('load', stale([old]));
  for (let i = 0; i < 9; i++) {
    await f.advance(1_000);
    expect(await f.call(p)).toBe('rejected');
    await f.idle();
    expect(p.breaker.state.state).toBe('open');
  }
});

test('L8 a stale read of a half-open epoch lends no second probe', async () => {
  const f = fleet(2);
  for (const process of f.processes) await f.call(process);
  await f.fail(f.process(0), 3);
  await f.advance(10_000);
  const probe = f.begin(f.process(0));
  await f.idle();
  expect(await probe.fail()).toBe('failed');
  // It sees the slot free and the failure not yet counted.
  const old = await f.record();
  f.process(1).store.inject('load', stale([{ ...old, ...(await halfOpen(f)) }]));
  f.dependency.calls = 0;
  await f.call(f.process(1));
  await f.idle();
  expect(f.dependency.calls).toBe(0);
  expect(await f.record()).toMatchObject({ state: 'open', attempt: 1 });
});

async function halfOpen(f: Fleet) {
  const [entry] = (await f.memory.history('payments')).filter(({ to }) => to === 'half-open');
  return {
    state: 'half-open' as const,
    epoch: entry?.epoch ?? { number: 0, id: '' },
    successesNeeded: 1,
    leaseMs: 31_000,
    leases: [null],
    successes: 0,
    failures: 0,
    lapses: 0,
  };
}

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
  expect(p.breaker.tryAcquire()).toBeUndefined();
  await f.advance(1_000);
  expect(p.breaker.tryAcquire()).toBeDefined();
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
