/** L14: concurrent calls on one instance are independent. */

import { expect, test } from 'vitest';
import { fleet, outcome, refused } from './fleet.ts';

test('L14, peers C4 a call that starts while another runs changes nothing for it', async () => {
  const f = fleet(1);
  const p = f.process(0);
  const a = f.begin(p);
  const b = f.begin(p);
  await f.idle();
  const c = f.begin(p);
  await f.idle();
  expect(await b.fail()).toBe('failed');
  expect(await a.succeed()).toBe('ok');
  expect(await c.succeed()).toBe('ok');
  await f.idle();
  expect(p.breaker.state.evidence).toMatchObject({ failures: 1 });
});

test('L14 callers share no results: each gets its own value or its own error', async () => {
  const f = fleet(1, { breaker: { failureThreshold: 1_000, maxConcurrent: false } });
  const p = f.process(0);
  const errors = Array.from({ length: 100 }, () => refused());
  const results = await Promise.allSettled(
    errors.map((error, i) =>
      p.breaker.execute(async () => {
        await Promise.resolve();
        if (i % 2) throw error;
        return i;
      }),
    ),
  );
  for (const [i, result] of results.entries())
    expect(result).toEqual(
      i % 2 ? { status: 'rejected', reason: errors[i] } : { status: 'fulfilled', value: i },
    );
  for (const [i, result] of results.entries())
    if (result.status === 'rejected') expect(result.reason).toBe(errors[i]);
});

test('L14 calls of one cold start are all admitted, after one read', async () => {
  const f = fleet(1, { breaker: { maxConcurrent: false } });
  const p = f.process(0);
  expect(await Promise.all(Array.from({ length: 100 }, () => f.call(p)))).toEqual(Array(100).fill('ok'));
  expect(p.store.calls.load).toBe(1);
});

test('L14 of concurrent calls at the deadline one probes, the others are rejected at once', async () => {
  const f = fleet(1, { breaker: { maxConcurrent: false } });
  const p = f.process(0);
  await f.fail(p, 3);
  await f.advance(10_000);
  const outcomes = await Promise.all(Array.from({ length: 100 }, () => f.call(p)));
  expect(outcomes.filter((how) => how === 'ok')).toHaveLength(1);
  expect(outcomes.filter((how) => how === 'rejected')).toHaveLength(99);
  await f.idle();
  // The trip, the half-opening and the closing.
  expect(p.store.calls).toMatchObject({ transition: 3, lease: 0, settle: 1 });
});

test('L14 two circuits of one process do not concern each other', async () => {
  const f = fleet(1);
  const p = f.process(0);
  await f.fail(p, 3);
  expect(await f.call(p)).toBe('rejected');
  expect(await outcome(p.gear.breaker('ledger').execute(() => 1))).toBe('ok');
});

test('L14 a call may make a call of the same breaker', async () => {
  const f = fleet(1);
  const { breaker } = f.process(0);
  expect(await breaker.execute(() => breaker.execute(() => 'inner'))).toBe('inner');
});

test('L14 a call or a permit that is over and ends again gives back no place but its own', async () => {
  const f = fleet(1, { breaker: { timeout: '1s', leaseDuration: '60s', maxConcurrent: 2, maxQueue: 0 } });
  const p = f.process(0);
  const slow = f.begin(p);
  const permit = await p.breaker.acquire();
  await f.idle();
  await f.advance(1_000);
  expect(await slow.outcome).toBe('failed');
  await permit.success();

  const running = [await p.breaker.acquire(), await p.breaker.acquire()];
  await slow.succeed();
  permit.cancel();
  await permit.failure(new Error('too late'));
  await f.idle();
  await expect(p.breaker.acquire()).rejects.toMatchObject({ code: 'BULKHEAD_FULL' });
  for (const each of running) each.cancel();
  expect(p.breaker.circuit.era.total()).toMatchObject({ calls: 2, failures: 1 });
});
