/** L3: at most `halfOpenMaxProbes` unexpired leases in the whole fleet; each ends by verdict, cancel or expiry. */

import { expect, test } from 'vitest';
import { first, late, losesReply, throttles } from '../../src/testing/index.ts';
import { type Fleet, fleet, Gate, outcome, type Process } from './fleet.ts';

/** `f` at the end of the open time. */
async function atDeadline(f: Fleet): Promise<void> {
  await Promise.all(f.processes.map((process) => f.call(process)));
  await f.fail(f.process(0), 3);
  await f.advance(10_000);
  f.dependency.calls = 0;
  f.dependency.peak = 0;
}

for (const push of [false, true])
  for (const latencyMs of [0, 20])
    test(`L3, peers C3 F1 O3 of 50 processes at the deadline one reaches the dependency (push ${push}, store ${latencyMs} ms)`, async () => {
      const f = fleet(50, { push });
      await atDeadline(f);
      if (latencyMs) for (const { store } of f.processes) store.inject('every', late(latencyMs, f.clock));
      const calls = f.processes.flatMap((process) => [f.begin(process), f.begin(process)]);
      await f.advance(1_000);
      expect(calls.filter((call) => call.started)).toHaveLength(1);

      // And so it stays until its verdict.
      const more = f.processes.map((process) => f.begin(process));
      await f.advance(20_000);
      expect(more.filter((call) => call.started)).toHaveLength(0);
      expect(await Promise.all(more.map((call) => call.outcome))).toEqual(Array(50).fill('rejected'));
      await calls.find((call) => call.started)?.succeed();
      await f.advance(1_000);
      expect((await f.record()).state).toBe('closed');
    });

test('L3 as many probes as allowed, no more, over the whole fleet', async () => {
  const f = fleet(20, { breaker: { halfOpenMaxProbes: 3, halfOpenSuccessThreshold: 3 } });
  await atDeadline(f);
  // A slot is tried only after a refresh showed it free: several rounds.
  const calls = [];
  for (let round = 0; round < 4; round++) {
    calls.push(...f.processes.map((process) => f.begin(process)));
    await f.advance(5_000);
  }
  expect(calls.filter((call) => call.started)).toHaveLength(3);
  for (const call of calls.filter((call) => call.started)) await call.succeed();
  await f.idle();
  expect((await f.record()).state).toBe('closed');
});

test('L3, peers O2 K1 Y1 a hung prober wedges nobody: another probes a lease and 2 s later', async () => {
  const f = fleet(2);
  await atDeadline(f);
  const hung = f.begin(f.process(0));
  await f.idle();
  expect(hung.started).toBe(true);
  // Nobody waits for its verdict.
  expect(await f.call(f.process(1))).toBe('rejected');
  expect(await f.call(f.process(0))).toBe('rejected');
  await f.advance(31_000 + 1_999);
  expect(await f.call(f.process(1))).toBe('rejected');
  await f.advance(1);
  expect(await f.call(f.process(1))).toBe('ok');
  await f.idle();
  expect((await f.record()).state).toBe('closed');
});

test('L3 the lease covers the timeout of the call', async () => {
  const f = fleet(2, { breaker: { timeout: '2s' } });
  await atDeadline(f);
  f.dependency.mode = 'silent';
  const probe = f.call(f.process(0));
  await f.advance(1_999);
  expect(await f.record()).toMatchObject({ state: 'half-open', leases: [{ by: 'process-0' }] });
  await f.advance(1);
  expect(await probe).toBe('failed');
  await f.idle();
  expect(await f.record()).toMatchObject({ state: 'open', transition: { reason: 'probe-failed' } });
});

for (const verdict of ['succeed', 'fail'] as const)
  test(`L3 a probe that ${verdict}s after its lease has expired changes nothing`, async () => {
    const f = fleet(2);
    await atDeadline(f);
    const slow = f.begin(f.process(0));
    await f.advance(31_000);
    const before = await f.record();
    await slow[verdict]();
    await f.idle();
    expect(await f.record()).toEqual(before);
    expect(before.state).toBe('half-open');
  });

for (const verdict of ['succeed', 'fail'] as const)
  test(`L3, peers P1 C9 F2 a prober that was replaced and then ${verdict}s changes nothing`, async () => {
    const f = fleet(2);
    await atDeadline(f);
    const slow = f.begin(f.process(0));
    await f.advance(33_000);
    const replacement = f.begin(f.process(1));
    await f.idle();
    expect(replacement.started).toBe(true);
    await slow[verdict]();
    await f.idle();
    expect(await f.record()).toMatchObject({
      state: 'half-open',
      successes: 0,
      leases: [{ by: 'process-1' }],
    });
    await replacement.fail();
    await f.idle();
    expect(await f.record()).toMatchObject({ state: 'open', epoch: { number: 3 } });
  });

test('L3, peers P1 a prober of an earlier half-open epoch that succeeds after the next re-opening changes nothing', async () => {
  const f = fleet(2);
  await atDeadline(f);
  const slow = f.begin(f.process(0));
  await f.advance(33_000);
  f.dependency.mode = 'down';
  expect(await f.call(f.process(1))).toBe('failed');
  await f.idle();
  const open = await f.record();
  expect(open).toMatchObject({ state: 'open', attempt: 1 });
  await slow.succeed();
  await f.idle();
  expect(await f.record()).toEqual(open);
});

test('L3, peers P6 a process that held the slot does not go on probing after another took it over', async () => {
  const f = fleet(2);
  await atDeadline(f);
  const hung = f.begin(f.process(0));
  await f.advance(33_000);
  const replacement = f.begin(f.process(1));
  await f.idle();
  expect([hung.started, replacement.started]).toEqual([true, true]);
  f.dependency.calls = 0;
  for (let i = 0; i < 10; i++) {
    expect(await f.call(f.process(0))).toBe('rejected');
    await f.advance(1_000);
  }
  expect(f.dependency.calls).toBe(0);
});

test('L3 a prober whose lease lapsed while it waited for the store does not start', async () => {
  const f = fleet(2, { breaker: { leaseDuration: '3s' } });
  await atDeadline(f);
  const p = f.process(0);
  // Frozen between the store's work and its reply: no timer runs meanwhile.
  p.store.inject(
    'transition',
    first(1, async ({ run }) => {
      const answer = await run();
      f.clock.jump(3_000);
      return answer;
    }),
  );
  expect(await f.call(p)).toBe('rejected');
  expect(f.dependency.calls).toBe(0);
  await f.advance(2_000);
  expect(await f.call(f.process(1))).toBe('ok');
});

test('L3 a prober that thaws after its lease was taken over does not start', async () => {
  const f = fleet(2, { gear: { storeTimeout: '1m' } });
  await atDeadline(f);
  const gate = new Gate();
  f.process(0).store.after('transition', () => gate.passed);
  const frozen = f.begin(f.process(0));
  await f.advance(33_000);
  const replacement = f.begin(f.process(1));
  await f.idle();
  expect(replacement.started).toBe(true);
  gate.open();
  expect(await frozen.outcome).toBe('rejected');
  expect(frozen.started).toBe(false);
});

test('L3 a lease that was granted too late for its caller serves the next call of the process', async () => {
  const f = fleet(2);
  await atDeadline(f);
  const remove = f.process(0).store.inject('transition', late(700, f.clock));
  const first = f.call(f.process(0));
  await f.advance(500);
  expect(await first).toBe('rejected');
  await f.advance(500);
  remove();
  expect(await f.call(f.process(1)), 'others respect the lease').toBe('rejected');
  expect(await f.call(f.process(0))).toBe('ok');
  await f.idle();
  expect((await f.record()).state).toBe('closed');
});

test('L3 a lease whose reply was lost serves the next call after the next refresh', async () => {
  const f = fleet(2);
  await atDeadline(f);
  f.process(0).store.inject('transition', first(1, losesReply));
  expect(await f.call(f.process(0))).toBe('rejected');
  await f.advance(5_000);
  await f.call(f.process(0));
  await f.idle();
  expect(await f.call(f.process(0))).toBe('ok');
  expect(f.committed()).toContain('2 open → half-open');
});

test('L3 three leases in a row that lapse re-open the circuit with backoff', async () => {
  const f = fleet(4, { breaker: { leaseDuration: '3s' } });
  await atDeadline(f);
  const hung = [];
  for (let i = 0; i < 3; i++) {
    hung.push(f.begin(f.process(i)));
    await f.advance(5_000);
  }
  expect(hung.map((call) => call.started)).toEqual([true, true, true]);
  expect(await f.call(f.process(3))).toBe('rejected');
  await f.idle();
  expect(await f.record()).toMatchObject({
    state: 'open',
    attempt: 1,
    transition: { reason: 'probes-lapsed' },
    openUntilMs: f.clock.now() + 20_000,
  });
});

test('L3 a lapsed lease is no verdict: the fourth prober after a success in between decides', async () => {
  const f = fleet(2, { breaker: { leaseDuration: '3s', halfOpenSuccessThreshold: 2 } });
  await atDeadline(f);
  for (let i = 0; i < 2; i++) {
    f.begin(f.process(i));
    await f.advance(5_000);
  }
  expect(await f.call(f.process(0))).toBe('ok');
  await f.idle();
  expect(await f.record()).toMatchObject({ state: 'half-open', successes: 1, lapses: 0 });
  expect(await f.call(f.process(0))).toBe('ok');
  await f.idle();
  expect((await f.record()).state).toBe('closed');
});

test('L3, peers G6 a permit that is never given back costs one lease', async () => {
  const f = fleet(2, { breaker: { leaseDuration: '3s' } });
  await atDeadline(f);
  await f.process(0).breaker.acquire();
  expect(await f.call(f.process(1))).toBe('rejected');
  await f.advance(5_000);
  expect(await f.call(f.process(1))).toBe('ok');
  await f.idle();
  expect((await f.record()).state).toBe('closed');
});

test('L3 no further probe starts between a verdict and the transition that it calls for', async () => {
  const f = fleet(2);
  await atDeadline(f);
  const probe = f.begin(f.process(0));
  await f.idle();
  // The prober's transition takes its time; both processes know the failure meanwhile.
  const gate = new Gate();
  f.process(0).store.before('transition', () => gate.passed);
  await probe.fail();
  await f.idle();
  expect(await f.record()).toMatchObject({ state: 'half-open', failures: 1 });
  const own = f.begin(f.process(0));
  await f.idle();
  expect(own.started).toBe(false);
  expect(await own.outcome).toBe('rejected');
  gate.open();
  await f.idle();
  expect((await f.record()).state).toBe('open');
});

test('L3 a prober that died between its verdict and the transition leaves nothing undone', async () => {
  const f = fleet(2);
  await atDeadline(f);
  const probe = f.begin(f.process(0));
  await f.idle();
  f.process(0).store.inject('transition', () => new Promise(() => {}));
  await probe.succeed();
  await f.idle();
  expect(await f.record()).toMatchObject({ state: 'half-open', successes: 1 });
  // Whoever reads it next commits it.
  await settled(f, f.process(1));
  expect(await f.record()).toMatchObject({ state: 'closed', transition: { by: 'process-1' } });
});

async function settled(f: Fleet, process: Process): Promise<void> {
  await f.advance(5_000);
  await outcome(process.breaker.execute(() => f.dependency.call()));
  await f.idle();
}

test('L3 a verdict that comes after its lease costs no store call', async () => {
  const f = fleet(1);
  await atDeadline(f);
  const slow = f.begin(f.process(0));
  await f.advance(31_000);
  const before = { ...f.process(0).store.calls };
  await slow.succeed();
  await f.idle();
  expect(f.process(0).store.calls).toEqual(before);
});

test('L3 a process that cannot read at the deadline does not write either', async () => {
  const f = fleet(2);
  const p = f.process(1);
  for (const process of f.processes) await f.call(process);
  await f.fail(f.process(0), 3);
  await f.advance(6_000);
  await f.call(p);
  await f.advance(4_000);
  const before = { ...p.store.calls };
  p.store.inject('load', throttles);
  expect(await f.call(p)).toBe('rejected');
  expect(p.store.calls).toMatchObject({ transition: before.transition, lease: before.lease });
});

test('L3 a process that finds the circuit closed when it would probe goes ahead', async () => {
  const f = fleet(2);
  const [a, b] = [f.process(0), f.process(1)];
  for (const process of f.processes) await f.call(process);
  await f.fail(a, 3);
  await f.advance(6_000);
  expect(await f.call(b)).toBe('ok');
  await f.idle();
  expect(await f.call(b)).toBe('rejected');
  await f.advance(4_000);
  expect(await f.call(a)).toBe('ok');
  await f.idle();
  expect(await f.call(b)).toBe('ok');
});

test('L3 while one transition is under way nothing starts another', async () => {
  const f = fleet(2, { breaker: { failureRatio: 0 } });
  const p = f.process(0);
  for (const process of f.processes) await f.call(process);
  await f.fail(f.process(1), 2);
  await f.advance(4_900);
  p.store.inject('transition', late(400, f.clock));
  await f.fail(p, 1);
  await f.advance(100);
  await f.call(p);
  await f.idle();
  expect(p.store.calls).toMatchObject({ load: 2, transition: 1 });
  await f.advance(1_000);
  expect(p.store.calls.transition).toBe(1);
});

test('L3 a lease that the store leaves unanswered is not asked for again by the next call, but after a refresh', async () => {
  const f = fleet(2, { breaker: { halfOpenMaxProbes: 2, halfOpenSuccessThreshold: 2 } });
  await atDeadline(f);
  f.begin(f.process(1));
  await f.idle();
  const p = f.process(0);
  await f.advance(5_500);
  p.store.inject(
    'lease',
    first(1, () => new Promise<never>(() => {})),
  );
  const call = f.call(p);
  await f.advance(500);
  expect(await call).toBe('rejected');
  for (let i = 0; i < 3; i++) expect(await f.call(p)).toBe('rejected');
  expect(p.store.calls.lease).toBe(1);
  await f.advance(5_500);
  await f.call(p);
  await f.idle();
  expect(await f.call(p)).toBe('ok');
  expect(p.store.calls.lease).toBe(2);
});
