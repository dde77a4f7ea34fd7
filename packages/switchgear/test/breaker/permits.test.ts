import { expect, test, vi } from 'vitest';
import { fleet, refused } from '../laws/fleet.ts';

test('a permit counts what its holder says, once', async () => {
  const f = fleet(1);
  const { breaker } = f.process(0);
  const good = await breaker.acquire();
  await good.success();
  await good.failure(refused());
  const bad = await breaker.acquire();
  await bad.failure(refused());
  await bad.failure(refused());
  await bad.success();
  const none = await breaker.acquire();
  none.cancel();
  await none.failure(refused());
  await f.idle();
  expect(breaker.state.evidence).toMatchObject({ calls: 2, failures: 1 });
});

test('permit.failure judges as execute does: a 404 is no failure', async () => {
  const f = fleet(1, { breaker: { failureThreshold: 1 } });
  const { breaker } = f.process(0);
  await (await breaker.acquire()).failure(Object.assign(new Error('not found'), { status: 404 }));
  expect(breaker.state.state).toBe('closed');
  await (await breaker.acquire()).failure(refused());
  await f.idle();
  expect(breaker.state.state).toBe('open');
});

test('permit.success is a verdict: isFailure has no result to judge', async () => {
  const isFailure = vi.fn(() => true);
  const f = fleet(1, { breaker: { isFailure } });
  const { breaker } = f.process(0);
  await (await breaker.acquire()).success();
  expect(isFailure).not.toHaveBeenCalled();
  await (await breaker.acquire()).failure(refused());
  await f.idle();
  expect(breaker.state.evidence).toMatchObject({ calls: 2, failures: 1 });
});

test('using: a permit that was not settled is cancelled at the end of its block', async () => {
  const f = fleet(2, { breaker: { maxConcurrent: 1, maxQueue: 0 } });
  const p = f.process(0);
  await f.fail(p, 3);
  await f.advance(10_000);
  {
    using _permit = await p.breaker.acquire();
    expect(await f.record()).toMatchObject({ leases: [{ by: 'process-0' }] });
  }
  await f.idle();
  expect(await f.record()).toMatchObject({ state: 'half-open', leases: [null], failures: 0 });
  {
    using permit = await p.breaker.acquire();
    await permit.success();
  }
  await f.idle();
  expect((await f.record()).state).toBe('closed');
});

test('a permit holds its place in the bulkhead until it is given back or lapses', async () => {
  const f = fleet(1, { breaker: { maxConcurrent: 1, maxQueue: 0, leaseDuration: '3s' } });
  const { breaker } = f.process(0);
  await breaker.acquire();
  await expect(breaker.acquire()).rejects.toMatchObject({ code: 'BULKHEAD_FULL' });
  expect(breaker.tryAcquire()).toBeUndefined();
  await f.advance(3_000);
  const permit = await breaker.acquire();
  permit.cancel();
  expect(breaker.tryAcquire()).toBeDefined();
});

test('acquire rejects while open, and leaks no place', async () => {
  const f = fleet(1, { breaker: { maxConcurrent: 1, maxQueue: 0 } });
  const p = f.process(0);
  await f.fail(p, 3);
  for (let i = 0; i < 5; i++)
    await expect(p.breaker.acquire()).rejects.toMatchObject({ code: 'CIRCUIT_OPEN' });
  await f.advance(10_000);
  expect(await f.call(p)).toBe('ok');
});

test('tryAcquire answers at once: nothing at a cold start, a permit after it, an error while open', async () => {
  const f = fleet(1);
  const p = f.process(0);
  expect(p.breaker.tryAcquire()).toBeUndefined();
  await f.idle();
  const permit = p.breaker.tryAcquire();
  expect(permit).toBeDefined();
  await permit?.success();
  await f.fail(p, 3);
  expect(() => p.breaker.tryAcquire()).toThrow(expect.objectContaining({ code: 'CIRCUIT_OPEN' }));
});

test('tryAcquire at the deadline: the first attempt asks for the lease, the next one gets it, nobody else does', async () => {
  const f = fleet(2);
  const [a, b] = [f.process(0), f.process(1)];
  for (const process of f.processes) await f.call(process);
  await f.fail(a, 3);
  await f.advance(10_000);
  expect(a.breaker.tryAcquire()).toBeUndefined();
  await f.idle();
  expect(await f.call(b)).toBe('rejected');
  const permit = a.breaker.tryAcquire();
  expect(permit).toBeDefined();
  expect(() => a.breaker.tryAcquire()).toThrow(expect.objectContaining({ code: 'CIRCUIT_OPEN' }));
  await permit?.success();
  await f.idle();
  expect((await f.record()).state).toBe('closed');
});

test('tryAcquire whose lease is never used costs one lease', async () => {
  const f = fleet(2, { breaker: { leaseDuration: '3s' } });
  for (const process of f.processes) await f.call(process);
  await f.fail(f.process(0), 3);
  await f.advance(10_000);
  expect(f.process(0).breaker.tryAcquire()).toBeUndefined();
  await f.advance(5_000);
  expect(await f.call(f.process(1))).toBe('ok');
});

test('tryAcquire leaks no place in the bulkhead', async () => {
  const f = fleet(1, { breaker: { maxConcurrent: 1, maxQueue: 0 } });
  const p = f.process(0);
  expect(p.breaker.tryAcquire()).toBeUndefined();
  await f.idle();
  for (let i = 0; i < 5; i++) {
    const permit = p.breaker.tryAcquire();
    expect(permit).toBeDefined();
    expect(p.breaker.tryAcquire()).toBeUndefined();
    permit?.cancel();
  }
});

test('acquire waits in line with execute, and its wait can be aborted', async () => {
  const f = fleet(1, { breaker: { maxConcurrent: 1 } });
  const { breaker } = f.process(0);
  const first = await breaker.acquire();
  const abort = new AbortController();
  const aborted = breaker.acquire({ signal: abort.signal });
  const second = breaker.acquire();
  abort.abort(new Error('gone'));
  await expect(aborted).rejects.toThrow('gone');
  first.cancel();
  (await second).cancel();
});

test('acquire with a signal that is aborted, before or while the store is asked, gives no permit and no verdict', async () => {
  const f = fleet(1, { breaker: { maxConcurrent: 1, maxQueue: 0 } });
  const p = f.process(0);
  const reason = new Error('gone');
  await expect(p.breaker.acquire({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  await f.fail(p, 3);
  await f.advance(10_000);
  const abort = new AbortController();
  p.store.after('transition', () => abort.abort(reason));
  await expect(p.breaker.acquire({ signal: abort.signal })).rejects.toBe(reason);
  await f.idle();
  expect(await f.record()).toMatchObject({ state: 'half-open', leases: [null], failures: 0, successes: 0 });
  expect(await f.call(p)).toBe('ok');
});

test('a permit that was given back leaves no deadline behind', async () => {
  const f = fleet(1, { breaker: { leaseDuration: '2s' } });
  const { breaker } = f.process(0);
  const permit = await breaker.acquire();
  const lapsed = vi.spyOn(permit, 'expire');
  await permit.success();
  await f.advance(10_000);
  expect(lapsed).not.toHaveBeenCalled();
});
