/** L6: a rejection, an ignored error, a caller's own abort and a full bulkhead give the permit back with no verdict. */

import { expect, test } from 'vitest';
import { fleet, outcome } from './fleet.ts';

async function halfOpening(options = {}) {
  const f = fleet(2, { breaker: options });
  await f.call(f.process(1));
  await f.fail(f.process(0), 3);
  await f.advance(10_000);
  return f;
}

const EMPTY = { state: 'half-open', successes: 0, failures: 0, lapses: 0, leases: [null] };

test('L6, peers O1 an ignored error of a probe is no verdict, and the slot is free again', async () => {
  const f = await halfOpening();
  const probe = f.begin(f.process(0));
  await f.idle();
  const notFound = Object.assign(new Error('no such order'), { status: 404 });
  expect(await probe.fail(notFound)).toBe('failed');
  await f.idle();
  expect(await f.record()).toMatchObject(EMPTY);
  expect(await f.call(f.process(0))).toBe('ok');
  await f.idle();
  expect((await f.record()).state).toBe('closed');
});

for (const timeout of [false, '5s'] as const)
  test(`L6, peers Y1 a caller that aborts its probe gives no verdict (timeout ${timeout})`, async () => {
    const f = await halfOpening({ timeout });
    const abort = new AbortController();
    const reason = new Error('the client has gone');
    const probe = f.process(0).breaker.execute(() => new Promise(() => {}), { signal: abort.signal });
    await f.idle();
    expect(await f.record()).toMatchObject({ leases: [{ by: 'process-0' }] });
    abort.abort(reason);
    await expect(probe).rejects.toBe(reason);
    await f.idle();
    expect(await f.record()).toMatchObject(EMPTY);
    expect(await f.call(f.process(0))).toBe('ok');
  });

test('L6 a caller that aborts while the store is asked for a lease gives the slot back and starts nothing', async () => {
  const f = await halfOpening();
  const abort = new AbortController();
  f.process(0).store.after('transition', () => abort.abort());
  const probe = f.begin(f.process(0), abort.signal);
  expect(await probe.outcome).toBe('failed');
  expect(probe.started).toBe(false);
  await f.idle();
  expect(await f.record()).toMatchObject(EMPTY);
});

test('L6 a full bulkhead takes no lease', async () => {
  const f = await halfOpening({ maxConcurrent: 1, maxQueue: 0 });
  const probe = f.begin(f.process(0));
  await f.idle();
  await expect(f.process(0).breaker.execute(() => f.dependency.call())).rejects.toMatchObject({
    code: expect.stringMatching(/BULKHEAD_FULL|CIRCUIT_OPEN/),
  });
  expect(await f.record()).toMatchObject({ state: 'half-open', failures: 0, leases: [{ by: 'process-0' }] });
  await probe.succeed();
  await f.idle();
  expect((await f.record()).state).toBe('closed');
});

test('L6 rejections, ignored errors, aborts and full bulkheads are no evidence', async () => {
  const f = fleet(1, { breaker: { maxConcurrent: 2, maxQueue: 0, failureThreshold: 1 } });
  const p = f.process(0);
  for (let i = 0; i < 20; i++) {
    await outcome(
      p.breaker.execute(() => {
        throw new TypeError('undefined is not a function');
      }),
    );
    const abort = new AbortController();
    const held = [f.begin(p, abort.signal), f.begin(p, abort.signal)];
    await f.idle();
    await expect(p.breaker.execute(() => f.dependency.call())).rejects.toMatchObject({
      code: 'BULKHEAD_FULL',
    });
    abort.abort();
    await Promise.all(held.map((call) => call.outcome));
  }
  await f.idle();
  expect(p.breaker.state.state).toBe('closed');
  expect(p.store.calls).toMatchObject({ report: 0, transition: 0 });
});

test('L6 a permit that is cancelled in half-open frees the slot', async () => {
  const f = await halfOpening();
  const permit = await f.process(0).breaker.acquire();
  permit.cancel();
  await f.idle();
  expect(await f.record()).toMatchObject(EMPTY);
});

test('L6 a cancel frees the slot of a lease at once, also where the probe was lent by a lapsed one', async () => {
  const f = await halfOpening({ leaseDuration: '3s' });
  f.begin(f.process(0));
  await f.advance(5_000);
  const permit = await f.process(1).breaker.acquire();
  permit.cancel();
  await f.idle();
  expect(await f.record()).toMatchObject({ ...EMPTY, lapses: 1 });
});
