/** What the options of a policy do to a fleet: ramp, shadow, Retry-After, slow calls, streaks, ratio, backoff. */

import { expect, test } from 'vitest';
import { throttles } from '../../src/testing/index.ts';
import { fleet, outcome, refused } from '../laws/fleet.ts';

test('ramp: the admitted share rises from rampFrom to all, at no cost', async () => {
  const f = fleet(2, { breaker: { rampDuration: '10s', rampFrom: 0.2 } });
  const p = f.process(0);
  await f.fail(p, 3);
  await f.advance(10_000);
  expect(await f.call(p)).toBe('ok');
  await f.idle();
  expect(p.breaker.state.state).toBe('ramp');
  for (const [ms, share] of [
    [0, 0.2],
    [2_500, 0.4],
    [2_500, 0.6],
    [2_500, 0.8],
  ] as const) {
    await f.advance(ms);
    f.chance.next = share - 0.01;
    expect(await f.call(p), `below ${share}`).toBe('ok');
    f.chance.next = share + 0.01;
    await expect(
      p.breaker.execute(() => 1),
      `above ${share}`,
    ).rejects.toMatchObject({ state: 'ramp' });
  }
  await f.advance(2_500);
  f.chance.next = 0.999;
  expect(await f.call(p)).toBe('ok');
  expect(p.breaker.state.state).toBe('closed');
  expect(p.store.calls).toMatchObject({ report: 2, lease: 0, settle: 1, transition: 3 });
});

test('ramp: a relapse in the ramp opens for longer', async () => {
  const f = fleet(1, { breaker: { rampDuration: '30s', rampFrom: 0.5 } });
  const p = f.process(0);
  await f.fail(p, 3);
  await f.advance(10_000);
  expect(await f.call(p)).toBe('ok');
  await f.advance(10_000);
  await f.fail(p, 3);
  expect(await f.record()).toMatchObject({ state: 'open', attempt: 1, openUntilMs: f.clock.now() + 20_000 });
});

test('backoff: each failed probe doubles the open time, up to maxResetTimeout; it is forgiven after that long closed', async () => {
  const f = fleet(1, { breaker: { maxResetTimeout: '60s' } });
  const p = f.process(0);
  await f.fail(p, 3);
  for (const openMs of [10_000, 20_000, 40_000, 60_000, 60_000]) {
    expect(await f.record()).toMatchObject({ state: 'open', openUntilMs: f.clock.now() + openMs });
    await f.advance(openMs);
    await f.fail(p, 1);
  }
  await f.advance(60_000);
  expect(await f.call(p)).toBe('ok');
  await f.advance(60_000);
  await f.call(p);
  await f.fail(p, 3);
  expect(await f.record()).toMatchObject({ state: 'open', attempt: 0, openUntilMs: f.clock.now() + 10_000 });
});

test('jitter lengthens the open time by up to its share', async () => {
  const f = fleet(1, { breaker: { jitter: 0.5 } });
  f.chance.next = 0.5;
  await f.fail(f.process(0), 3);
  expect(await f.record()).toMatchObject({ openUntilMs: f.clock.now() + 12_500 });
});

for (const [asked, openMs] of [
  ['45', 45_000],
  ['100000', 300_000],
] as const)
  test(`Retry-After ${asked} opens for ${openMs / 1_000} s`, async () => {
    const f = fleet(1);
    const { breaker } = f.process(0);
    const throttled = Object.assign(new Error('slow down'), {
      response: { status: 429, headers: new Headers({ 'retry-after': asked }) },
    });
    for (let i = 0; i < 3; i++) await outcome(breaker.execute(() => Promise.reject(throttled)));
    await f.idle();
    expect(await f.record()).toMatchObject({
      state: 'open',
      openUntilMs: f.clock.now() + openMs,
      transition: { lastFailure: 'HTTP 429' },
    });
    await expect(breaker.execute(() => 1)).rejects.toMatchObject({ retryAfterMs: openMs });
  });

test('a Retry-After that is over when the circuit opens says nothing', async () => {
  const f = fleet(2, { push: true, breaker: { failureRatio: 0 } });
  const [p, other] = [f.process(0), f.process(1)];
  await f.call(other);
  const limited = Object.assign(new Error('limited'), {
    response: { status: 429, headers: new Headers({ 'retry-after': '2' }) },
  });
  await outcome(p.breaker.execute(() => Promise.reject(limited)));
  // The other one brings the evidence and cannot commit what is due: the first does.
  other.store.inject('transition', throttles);
  await f.fail(other, 2);
  await f.advance(6_000);
  await f.call(p);
  await f.idle();
  expect(await f.record()).toMatchObject({ state: 'open', transition: { by: 'process-0' } });
  expect(p.breaker.state.retryAfterMs).toBe(10_000);
});

test('slow calls trip by their own ratio, and callers keep their results', async () => {
  const f = fleet(2, { breaker: { slowCallDuration: '1s', failureThreshold: 3 } });
  f.dependency.latencyMs = 1_000;
  for (let i = 0; i < 3; i++) {
    const calls = [f.call(f.process(i % 2))];
    await f.advance(1_000);
    expect(await Promise.all(calls)).toEqual(['ok']);
  }
  await f.idle();
  expect(await f.record()).toMatchObject({ state: 'open', transition: { reason: 'slow-calls' } });
  // A slow probe is no recovery.
  await f.advance(10_000);
  const probe = f.call(f.process(0));
  await f.advance(1_000);
  expect(await probe).toBe('ok');
  await f.idle();
  expect(await f.record()).toMatchObject({ state: 'open', attempt: 1 });
});

test('calls just below slowCallDuration trip nothing', async () => {
  const f = fleet(1, { breaker: { slowCallDuration: '1s' } });
  f.dependency.latencyMs = 999;
  for (let i = 0; i < 10; i++) {
    const call = f.call(f.process(0));
    await f.advance(999);
    expect(await call).toBe('ok');
  }
  expect(f.process(0).store.calls.report).toBe(0);
});

test('consecutiveFailures: a streak in one process trips although the ratio is far away', async () => {
  const f = fleet(1, { breaker: { consecutiveFailures: 5, failureRatio: 0.9, failureThreshold: 100 } });
  const p = f.process(0);
  for (let i = 0; i < 50; i++) await f.call(p);
  await f.fail(p, 4);
  await f.call(p);
  await f.fail(p, 4);
  expect((await f.record()).state).toBe('closed');
  await f.fail(p, 1);
  expect(await f.record()).toMatchObject({ state: 'open', transition: { reason: 'consecutive-failures' } });
});

test('three stray errors among many calls are noise; a tenth is not', async () => {
  const f = fleet(1);
  const p = f.process(0);
  for (let i = 0; i < 100; i++) await f.call(p);
  await f.fail(p, 11);
  expect((await f.record()).state).toBe('closed');
  await f.fail(p, 1);
  expect(await f.record()).toMatchObject({ state: 'open', transition: { calls: 112, failures: 12 } });
});

test('minCalls keeps a small sample from deciding', async () => {
  const f = fleet(2, { breaker: { minCalls: 10 } });
  await f.fail(f.process(0), 5);
  await f.fail(f.process(1), 4);
  expect((await f.record()).state).toBe('closed');
  await f.fail(f.process(1), 1);
  expect((await f.record()).state).toBe('open');
});

test('shadow: everything is decided and told, nothing is rejected', async () => {
  const f = fleet(2, { breaker: { mode: 'shadow' } });
  for (const process of f.processes) await f.call(process);
  await f.fail(f.process(0), 3);
  expect(await f.record()).toMatchObject({ state: 'open' });
  f.dependency.mode = 'down';
  for (let i = 0; i < 20; i++)
    for (const process of f.processes) {
      expect(await f.call(process)).toBe('failed');
      await f.advance(1_000);
    }
  f.dependency.mode = 'up';
  for (let i = 0; i < 40; i++)
    for (const process of f.processes) {
      expect(await f.call(process)).toBe('ok');
      await f.advance(1_000);
    }
  expect((await f.record()).state).toBe('closed');
  const history = await f.history();
  expect(history).toContain('1 closed → open');
  expect(history.at(-1)).toMatch(/half-open → closed/);
  expect(f.committed()).toEqual(history);
});

test('shadow: a successful call that would have been rejected closes nothing', async () => {
  const f = fleet(1, { breaker: { mode: 'shadow' } });
  await f.fail(f.process(0), 3);
  const before = await f.record();
  for (let i = 0; i < 9; i++) {
    expect(await f.call(f.process(0))).toBe('ok');
    await f.fail(f.process(0), 1);
    await f.advance(1_000);
  }
  expect(await f.record()).toEqual(before);
});

test('shadow: not even a forced-open rejects, nor a local trip', async () => {
  const f = fleet(1, { breaker: { mode: 'shadow' } });
  const p = f.process(0);
  await f.operator(p).setStates({ payments: { mode: 'forced-open', reason: 'drill' } });
  expect(await f.call(p)).toBe('ok');
  await f.operator(p).setStates({ payments: { mode: 'release', reason: 'drill' } });
  p.store.inject('every', () => Promise.reject(new Error('gone')));
  await f.fail(p, 5);
  expect(await f.call(p)).toBe('ok');
});

test('a probe judged by isFailure re-opens', async () => {
  const f = fleet(1, { breaker: { isFailure: (result: unknown) => result === 'bad' } });
  const p = f.process(0);
  await f.fail(p, 3);
  await f.advance(10_000);
  expect(await p.breaker.execute(() => 'bad')).toBe('bad');
  await f.idle();
  expect(await f.record()).toMatchObject({ state: 'open', attempt: 1 });
  await expect(p.breaker.execute(() => Promise.reject(refused()))).rejects.toMatchObject({
    code: 'CIRCUIT_OPEN',
  });
});

test('ramp: a process that learns of it when it would probe takes its share', async () => {
  const f = fleet(2, { breaker: { rampDuration: '60s', rampFrom: 0.5 } });
  const [a, b] = [f.process(0), f.process(1)];
  for (const process of f.processes) await f.call(process);
  await f.fail(a, 3);
  await f.advance(6_000);
  await f.call(b);
  await f.advance(4_000);
  expect(await f.call(a)).toBe('ok');
  await f.idle();
  f.chance.next = 0.4;
  expect(await f.call(b)).toBe('ok');
});
