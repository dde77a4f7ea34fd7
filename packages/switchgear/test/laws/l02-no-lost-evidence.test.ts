/** L2: every acknowledged report counts exactly once; one whose fate is unknown is not sent again. */

import { expect, test } from 'vitest';
import { total } from '../../src/core/evidence.ts';
import { first, late, losesReply, throttles } from '../../src/testing/index.ts';
import { fleet, outcome, refused } from './fleet.ts';

test('L2, peers C2 forty processes that fail at once trip the circuit, and no failure is counted twice', async () => {
  const f = fleet(40);
  const calls = f.processes.map((process) => f.begin(process));
  await f.idle();
  let counted = 0;
  let refusedAsStale = 0;
  for (const { store } of f.processes)
    store.inject('report', async ({ run }) => {
      const answer = await run();
      if (answer.accepted) counted++;
      else refusedAsStale++;
      return answer;
    });
  for (const call of calls) void call.fail();
  await f.idle();

  expect(await f.record()).toMatchObject({ state: 'open', epoch: { number: 1 } });
  expect(counted).toBeGreaterThanOrEqual(3);
  expect(counted + refusedAsStale).toBe(40);
  expect((await f.record()).transition?.failures).toBeGreaterThanOrEqual(3);
  expect(f.committed()).toEqual(['1 closed → open']);
});

test('L2 a report that was refused as stale brings the newer state with it', async () => {
  const f = fleet(2);
  await f.call(f.process(0));
  await f.fail(f.process(1), 3);
  expect(f.process(0).breaker.state.state).toBe('closed');
  await f.fail(f.process(0), 1);
  expect(f.process(0).breaker.state.state).toBe('open');
  expect(f.process(0).store.calls).toMatchObject({ report: 1, load: 1, transition: 0 });
  expect(await f.call(f.process(0))).toBe('rejected');
});

test('L2 after the trip a process sends what it had in flight and what it starts before its next refresh; nothing more', async () => {
  const f = fleet(2);
  await f.call(f.process(0));
  await f.fail(f.process(1), 3);
  await f.advance(4_999);
  expect(await f.call(f.process(0)), 'before the refresh').toBe('ok');
  await f.advance(1);
  expect(await f.call(f.process(0)), 'starts the refresh, does not wait for it').toBe('ok');
  await f.idle();
  expect(await f.call(f.process(0))).toBe('rejected');
});

test('L2 with push a process sends nothing after the trip', async () => {
  const f = fleet(2, { push: true });
  await f.call(f.process(0));
  await f.fail(f.process(1), 3);
  expect(await f.call(f.process(0))).toBe('rejected');
});

test('L2 a report whose reply was lost is not sent again, and stays evidence of its own', async () => {
  const f = fleet(2, { breaker: { failureThreshold: 5 } });
  const p = f.process(0);
  p.store.inject('report', first(1, losesReply));
  await f.fail(p, 1);
  await f.fail(p, 1);
  const counts = total((await f.record()).evidence, f.clock.now(), { bucketMs: 6_000, buckets: 10 });
  expect(counts.failures).toBe(2);
  // Two of its own count with three more, whatever became of the report.
  await f.fail(p, 3);
  expect(await f.record()).toMatchObject({ state: 'open', transition: { failures: 5 } });
});

test('L2 successes since the last report ride on the next failure', async () => {
  const f = fleet(1, { breaker: { failureThreshold: 9 } });
  const p = f.process(0);
  for (let i = 0; i < 7; i++) await f.call(p);
  await f.fail(p, 1);
  const window = { bucketMs: 6_000, buckets: 10 };
  expect(total((await f.record()).evidence, f.clock.now(), window)).toMatchObject({ calls: 8, failures: 1 });
});

test('L2 a store that refuses a report is spared for a moment; what it refused goes with the next report, once', async () => {
  const f = fleet(1, { breaker: { failureThreshold: 9 } });
  const p = f.process(0);
  const window = { bucketMs: 6_000, buckets: 10 };
  const counted = async () => total((await f.record()).evidence, f.clock.now(), window);
  p.store.inject('report', first(1, throttles));
  await f.fail(p, 3);
  expect(p.store.calls.report).toBe(1);
  expect(await counted()).toMatchObject({ failures: 0 });
  await f.advance(1_001);
  await f.fail(p, 1);
  expect(p.store.calls.report).toBe(2);
  expect(await counted()).toMatchObject({ calls: 4, failures: 4 });
});

test('L10 what a refused report did not bring, one read does, and no more until a report is taken again', async () => {
  const f = fleet(2, { breaker: { failureThreshold: 9, failureRatio: 0 } });
  const [p, other] = [f.process(0), f.process(1)];
  await f.call(p);
  await f.fail(other, 9);
  expect((await f.record()).state).toBe('open');
  const loads = p.store.calls.load;
  const remove = p.store.inject('report', throttles);
  await f.fail(p, 1);
  expect(p.breaker.state.state).toBe('open');
  expect(p.store.calls.load - loads).toBe(1);
  remove();
});

test('L10 a process whose reports are refused for long does not poll', async () => {
  const f = fleet(1, { breaker: { failureThreshold: 1_000 } });
  const p = f.process(0);
  await f.call(p);
  const remove = p.store.inject('report', throttles);
  const { load, report } = p.store.calls;
  for (let i = 0; i < 40; i++) {
    await f.fail(p, 1);
    await f.advance(100);
  }
  expect(p.store.calls.report - report).toBeGreaterThan(3);
  expect(p.store.calls.load - load).toBe(1);
  remove();
  await f.advance(1_001);
  await f.fail(p, 1);
  p.store.inject('report', throttles);
  await f.fail(p, 1);
  // And the refresh, by now.
  expect(p.store.calls.load - load).toBe(3);
});

test('L2 a report whose fate is unknown is never sent again', async () => {
  const f = fleet(1, { breaker: { failureThreshold: 9 } });
  const p = f.process(0);
  p.store.inject('report', first(1, losesReply));
  await f.fail(p, 2);
  await f.advance(1_001);
  await f.fail(p, 1);
  const window = { bucketMs: 6_000, buckets: 10 };
  expect(total((await f.record()).evidence, f.clock.now(), window)).toMatchObject({ calls: 3, failures: 3 });
});

test('L2 failures while a report is under way are coalesced into the next', async () => {
  const f = fleet(2, { breaker: { failureThreshold: 100 } });
  const p = f.process(0);
  p.store.inject('report', late(100, f.clock));
  await f.fail(p, 20);
  await f.advance(1_000);
  expect(p.store.calls.report).toBe(2);
  const window = { bucketMs: 6_000, buckets: 10 };
  expect(total((await f.record()).evidence, f.clock.now(), window).failures).toBe(20);
});

test('peers C8 only failures inside the window count', async () => {
  const f = fleet(2, { breaker: { failureThreshold: 3, failureWindow: '10s', failureRatio: 0 } });
  for (let i = 0; i < 12; i++) {
    await f.fail(f.process(i % 2), 1);
    for (let k = 0; k < 20; k++) await f.call(f.process(k % 2));
    await f.advance(5_000);
  }
  expect((await f.record()).state).toBe('closed');
  await f.fail(f.process(0), 2);
  expect((await f.record()).state).toBe('open');
});

test('peers S5 successes of other processes do not forgive failures: half of many calls failing trips', async () => {
  const f = fleet(4);
  for (let round = 0; round < 2; round++)
    for (const process of f.processes) {
      await f.call(process);
      await f.fail(process, 1);
    }
  expect((await f.record()).state).toBe('open');
});

test('peers G5 a function that throws synchronously is counted like one that rejects', async () => {
  const f = fleet(1);
  for (let i = 0; i < 3; i++)
    await outcome(
      f.process(0).breaker.execute(() => {
        throw refused();
      }),
    );
  await f.idle();
  expect((await f.record()).state).toBe('open');
});

test('L2 what met no policy when it failed does not meet one later, for want of successes that have left the window', async () => {
  const f = fleet(1, { breaker: { failureRatio: 0.5 } });
  const p = f.process(0);
  for (let i = 0; i < 4; i++) await f.call(p);
  await f.advance(30_000);
  // Evidence of its own alone: the store never gets it.
  p.store.inject('report', throttles);
  await f.fail(p, 3);
  expect(p.breaker.state.state).toBe('closed');
  for (let i = 0; i < 12; i++) {
    await f.advance(5_000);
    if (i > 4) await p.gear.warm();
  }
  expect(p.breaker.state.state).toBe('closed');
  expect(p.store.calls.transition).toBe(0);
});
