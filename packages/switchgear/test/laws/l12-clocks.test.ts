/** L12: the clocks of processes differ by up to a minute; decisions use the store's. */

import { expect, test, vi } from 'vitest';
import { throttles } from '../../src/testing/index.ts';
import { fleet } from './fleet.ts';

const SKEWS_MS = [0, 60_000, -60_000, 37_123, -59_001];

test('L12 clocks a minute apart: trip, one probe, close, at the store’s times', async () => {
  const f = fleet(5, { skewsMs: SKEWS_MS });
  for (const process of f.processes) await f.call(process);
  for (let i = 0; i < 3; i++) await f.fail(f.process(i), 2);
  const open = await f.record();
  expect(open.state).toBe('open');
  expect(Math.abs(open.sinceMs - f.clock.now())).toBeLessThanOrEqual(1_000);

  // Nobody goes before the deadline, bound included; one goes soon after.
  await f.advance(5_000);
  for (const process of f.processes) await f.call(process);
  await f.idle();
  f.dependency.calls = 0;
  for (let ms = 5_000; ms < 9_000; ms += 500) {
    for (const process of f.processes) expect(await f.call(process)).toBe('rejected');
    await f.advance(500);
  }
  expect(f.dependency.calls).toBe(0);
  await f.advance(2_000);
  const held = f.processes.map((process) => f.begin(process));
  await f.idle();
  expect(held.filter((call) => call.started)).toHaveLength(1);
  await held.find((call) => call.started)?.succeed();
  await f.idle();
  expect((await f.record()).state).toBe('closed');
  await f.advance(6_000);
  for (const process of f.processes) {
    await f.call(process);
    await f.idle();
    expect(await f.call(process)).toBe('ok');
  }
  expect(f.committed()).toEqual(await f.history());
});

for (const taker of [1, 2])
  test(`L12 a clock ${taker === 1 ? 'ahead' : 'behind'} takes no lease over before its end, and does within the bound after`, async () => {
    const f = fleet(3, { skewsMs: SKEWS_MS, breaker: { leaseDuration: '10s' } });
    for (const process of f.processes) await f.call(process);
    await f.fail(f.process(0), 3);
    await f.advance(10_600);
    const hung = f.begin(f.process(0));
    await f.idle();
    expect(hung.started).toBe(true);
    let tookOverMs = 0;
    const startMs = f.clock.now();
    while (!tookOverMs && f.clock.now() - startMs < 30_000) {
      await f.advance(250);
      f.dependency.calls = 0;
      await f.call(f.process(taker));
      await f.idle();
      if (f.dependency.calls > 0) tookOverMs = f.clock.now() - startMs;
    }
    expect(tookOverMs).toBeGreaterThanOrEqual(10_000);
    expect(tookOverMs).toBeLessThanOrEqual(10_000 + 2_000 + 5_000 + 1_000);
  });

test('L12 evidence of processes with different clocks meets in the same window', async () => {
  const f = fleet(3, { skewsMs: [0, 60_000, -60_000], breaker: { failureWindow: '10s' } });
  for (const process of f.processes) await f.call(process);
  for (const process of f.processes) await f.fail(process, 2);
  expect(await f.record()).toMatchObject({ state: 'open', transition: { failures: 6 } });
});

test('L12 a process that has not learnt the store’s time trips nobody but itself', async () => {
  const f = fleet(2, { skewsMs: [-60_000, 0] });
  const p = f.process(0);
  p.store.inject('load', throttles);
  await f.fail(p, 5);
  expect(p.breaker.state.state).toBe('local-open');
  expect((await f.record()).state).toBe('closed');
  expect(p.store.calls).toMatchObject({ transition: 0, lease: 0, report: 0 });
});

test('L12 an answer that teaches no time, being slow, lets a process trip and lease nothing for the fleet', async () => {
  const f = fleet(2, { breaker: { failureWindow: '10m' } });
  const p = f.process(0);
  const slow = vi.spyOn(p.store, 'now').mockReturnValue(undefined);
  await f.call(p);
  await f.fail(p, 5);
  expect(p.breaker.state.state).toBe('local-open');
  expect((await f.record()).state).toBe('closed');
  await f.fail(f.process(1), 3);
  await f.advance(10_000);
  for (let i = 0; i < 5; i++) {
    await f.call(p);
    await f.advance(3_000);
  }
  expect(p.store.calls).toMatchObject({ transition: 0, lease: 0 });
  expect((await f.record()).state).toBe('open');

  slow.mockRestore();
  await f.call(p);
  await f.idle();
  expect((await f.record()).state).toBe('closed');
});

test('L12 many outages under skewed clocks: at most one probe at a time, and all in agreement at the end', async () => {
  const f = fleet(5, { skewsMs: SKEWS_MS, breaker: { leaseDuration: '5s' } });
  for (const process of f.processes) await f.call(process);
  for (let round = 0; round < 3; round++) {
    f.dependency.mode = 'down';
    for (let i = 0; i < 40; i++) {
      await Promise.all(f.processes.map((process) => f.call(process)));
      await f.advance(700);
    }
    // From here to the close every call is a probe.
    f.dependency.latencyMs = 1_500;
    f.dependency.peak = 0;
    for (let i = 0; i < 40; i++) {
      for (const process of f.processes) void f.call(process);
      await f.advance(700);
    }
    expect(f.dependency.peak).toBeLessThanOrEqual(1);
    f.dependency.latencyMs = 0;
    f.dependency.mode = 'up';
    for (let i = 0; i < 200; i++) {
      await Promise.all(f.processes.map((process) => f.call(process)));
      await f.advance(700);
    }
    for (const process of f.processes) expect(process.breaker.state.state).toBe('closed');
  }
  expect(f.committed()).toEqual(await f.history());
});
