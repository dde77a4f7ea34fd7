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
import { type Fleet, fleet, timed } from './fleet.ts';

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

const POISON: Record<string, object> = {
  'of a state that nobody knows': { state: 'ajar' },
  'half-open without leases': { state: 'half-open', leases: undefined },
  'without evidence': { evidence: undefined },
};

test.each(Object.entries(POISON))('L8 a record %s reaches no call, and is told', async (_, poison) => {
  const f = fleet(1);
  const p = f.process(0);
  const none = await f.record();
  p.store.inject('load', async () => [{ ...none, epoch: { number: 7, id: 'x' }, ...poison } as never]);
  expect(await f.call(p)).toBe('ok');
  expect(p.breaker.state.state).toBe('closed');
  expect(await f.fail(p, 4)).toEqual(['failed', 'failed', 'failed', 'rejected']);
  expect(p.storeErrors).toHaveLength(1);
  expect(String(p.storeErrors[0])).toContain('no record');
});
