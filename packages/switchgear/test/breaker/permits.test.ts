import { expect, test, vi } from 'vitest';
import { Permit } from '../../src/permit.ts';
import { fleet, refused } from '../laws/fleet.ts';
import { run } from '../program.ts';

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

test('L3 the permit of a probe names its lease, as it stands in the record; any other has none', async () => {
  const f = fleet(1);
  const p = f.process(0);
  const ordinary = await p.breaker.acquire();
  expect(ordinary.lease).toBeUndefined();
  ordinary.cancel();
  await f.fail(p, 3);
  await f.advance(10_000);
  const probe = await p.breaker.acquire();
  expect(probe.lease).toMatchObject({ id: expect.any(String), by: 'process-0' });
  expect(await f.record()).toMatchObject({ state: 'half-open', leases: [probe.lease] });
  await probe.success();
});

test('a permit holds its place in the bulkhead until it is given back or lapses', async () => {
  const f = fleet(1, { breaker: { maxConcurrent: 1, maxQueue: 0, leaseDuration: '3s' } });
  const { breaker } = f.process(0);
  await breaker.acquire();
  await expect(breaker.acquire()).rejects.toMatchObject({ code: 'BULKHEAD_FULL' });
  await f.advance(3_000);
  const permit = await breaker.acquire();
  permit.cancel();
  expect(breaker.admit()).toBeInstanceOf(Permit);
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

test('admit answers at once, once the store was read: with a permit, or with the error while open', async () => {
  const f = fleet(1);
  const p = f.process(0);
  const first = p.breaker.admit();
  expect(first).toBeInstanceOf(Promise);
  await ((await first) as Permit).success();
  const permit = p.breaker.admit() as Permit;
  expect(permit).toBeInstanceOf(Permit);
  await permit.success();
  await f.fail(p, 3);
  const loads = p.store.calls.load;
  const [a, b] = [p.breaker.admit(), p.breaker.admit()];
  expect(a).toMatchObject({ code: 'CIRCUIT_OPEN', retryAfterMs: 10_000, lastFailure: 'ECONNREFUSED' });
  // Each caller's own, with its own stack: what one adds to it is not the other's.
  expect(a).not.toBe(b);
  expect((a as Error).stack).toContain('permits.test.ts');
  expect(p.store.calls.load).toBe(loads);
});

test('admit at the deadline asks the store: one process probes, the others are refused at once', async () => {
  const f = fleet(2);
  const [a, b] = [f.process(0), f.process(1)];
  for (const process of f.processes) await f.call(process);
  await f.fail(a, 3);
  await f.advance(10_000);
  const probe = a.breaker.admit();
  expect(probe).toBeInstanceOf(Promise);
  await expect(a.breaker.admit()).rejects.toMatchObject({ code: 'CIRCUIT_OPEN' });
  const permit = (await probe) as Permit;
  expect(await f.call(b)).toBe('rejected');
  expect(a.breaker.admit()).toMatchObject({ code: 'CIRCUIT_OPEN', state: 'half-open' });
  await permit.success();
  await f.idle();
  expect((await f.record()).state).toBe('closed');
});

test('admit takes a place in the bulkhead, and a place in line where there is none', async () => {
  const f = fleet(1, { breaker: { maxConcurrent: 1 } });
  const { breaker } = f.process(0);
  await (await breaker.acquire()).success();
  for (let i = 0; i < 5; i++) {
    const permit = breaker.admit() as Permit;
    const next = breaker.admit();
    expect(next).toBeInstanceOf(Promise);
    permit.cancel();
    ((await next) as Permit).cancel();
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
  const ended: string[] = [];
  const stop = p.gear.onCall(({ outcome }) => ended.push(outcome));
  await expect(p.breaker.acquire({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  expect(ended).toEqual(['ignored']);
  stop();
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

const REAL = `
  import { MemoryStore, Switchgear } from './index.ts';
  const gear = new Switchgear({ store: new MemoryStore() });
  const never = new Promise(() => {});
`;

test('a process that never gives its permit back ends all the same', () => {
  const program = `${REAL}
    const breaker = gear.breaker('payments', { maxConcurrent: 1, leaseDuration: '1h', timeout: '30m' });
    const permit = await breaker.acquire();
    process.on('exit', () => process.stdout.write(\`ended with \${permit.constructor.name}\`));`;
  expect(run(program)).toEqual({ stdout: 'ended with Permit', stderr: '', status: 0 });
});

test('a call that hangs on nothing else still gets its timeout, and who waits in line gets a word', () => {
  const program = `${REAL}
    const breaker = gear.breaker('payments', { timeout: '50ms', leaseDuration: '1h' });
    const line = gear.breaker('mail', { maxConcurrent: 1, queueTimeout: '50ms' });
    await line.acquire();
    const codes = await Promise.all([breaker.execute(() => never), line.acquire()].map((call) => call.catch(({ code }) => code)));
    process.stdout.write(codes.join());`;
  expect(run(program)).toEqual({ stdout: 'CALL_TIMEOUT,BULKHEAD_FULL', stderr: '', status: 0 });
});
