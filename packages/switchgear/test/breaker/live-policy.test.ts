/** Settings that are stored with a circuit take the place of the code's, without a deploy. */

import { expect, test } from 'vitest';
import type { PolicyValues } from '../../src/operate/index.ts';
import { throttles } from '../../src/testing/index.ts';
import { fleet, type Process } from '../laws/fleet.ts';

const reason = 'the provider is fragile today';

/** What a process does by itself once per `cacheTtl`, while it makes calls. */
async function refresh(f: ReturnType<typeof fleet>, ...processes: Process[]) {
  await f.advance(5_500);
  for (const process of processes) await f.call(process);
  await f.idle();
}

for (const push of [false, true])
  test(`a stored policy is taken over ${push ? 'at once, by push' : 'at the next refresh'}, and its removal gives back the code's`, async () => {
    const f = fleet(2, { push });
    const [p, operator] = [f.process(0), f.operator(f.process(1))];
    await f.call(p);
    await operator.setPolicy('payments', { failureThreshold: 5, resetTimeout: '30s' }, { reason });
    if (!push) {
      expect(p.breaker.options.failureThreshold).toBe(3);
      await refresh(f, p);
    }
    expect(p.breaker.options).toMatchObject({ failureThreshold: 5, resetTimeout: 30_000, quorum: 1 });
    expect(p.breaker.state.policy).toMatchObject({ by: 'process-1', reason, version: 1 });
    await f.fail(p, 4);
    expect(await f.call(p)).toBe('ok');
    await f.fail(p, 1);
    expect(await f.record()).toMatchObject({ state: 'open', openUntilMs: f.clock.now() + 30_000 });

    await operator.clearStates(['payments'], { reason });
    await operator.setPolicy('payments', null, { reason });
    await refresh(f, p);
    expect(p.breaker.options).toEqual(p.breaker.circuit.code);
    await f.fail(p, 3);
    expect((await f.record()).state).toBe('open');
  });

test('a threshold that is lowered counts what was there before: the next look trips', async () => {
  const f = fleet(2, { breaker: { failureThreshold: 10 } });
  await f.fail(f.process(0), 4);
  await f.operator(f.process(1)).setPolicy('payments', { failureThreshold: 4 }, { reason });
  await f.idle();
  expect(await f.record()).toMatchObject({ state: 'open', transition: { by: 'process-1' } });
});

test('processes with different code and one stored policy decide alike', async () => {
  const f = fleet(1, { breaker: { failureThreshold: 2, leaseDuration: '40s' } });
  const other = f.start(1, { failureThreshold: 100, leaseDuration: '50s' });
  const values = { failureThreshold: 6, leaseDuration: '9s', halfOpenMaxProbes: 2 } satisfies PolicyValues;
  await f.operator(other).setPolicy('payments', values, { reason });
  await f.call(f.process(0));
  await f.fail(f.process(0), 1);
  for (const process of [f.process(0), other]) {
    expect(process.breaker.options).toMatchObject({ failureThreshold: 6, leaseDuration: 9_000 });
    await f.fail(process, 3);
  }
  expect((await f.record()).state).toBe('open');
  await f.advance(10_000);
  f.begin(other);
  await f.idle();
  expect(await f.record()).toMatchObject({ state: 'half-open', leaseMs: 9_000, leases: [{}, null] });
});

test('code can pin a setting, or all of them', async () => {
  const f = fleet(1, { breaker: { pinned: ['failureThreshold'] } });
  const all = f.start(1, { pinned: true });
  const [p] = f.processes as [Process];
  await f.operator(p).setPolicy('payments', { failureThreshold: 9, quorum: 2 }, { reason });
  await f.call(all);
  expect(p.breaker.options).toMatchObject({ failureThreshold: 3, quorum: 2 });
  expect(all.breaker.options).toEqual(all.breaker.circuit.code);
  expect([p.storeErrors, all.storeErrors]).toEqual([[], []]);
  // What is pinned is the code's to say, so that a later version may store what it likes.
  await f.memory.policy('payments', { failureThreshold: 'by moon' }, { by: 'ana', reason });
  await refresh(f, p);
  expect([p.breaker.options.failureThreshold, p.storeErrors]).toEqual([3, []]);
});

test('a process that is open by itself goes by new settings from its next step on', async () => {
  const f = fleet(2, { push: true, breaker: { quorum: 2 } });
  const [p, operator] = [f.process(0), f.operator(f.process(1))];
  await f.call(p);
  await f.fail(p, 3);
  expect(p.breaker.state).toMatchObject({ state: 'local-open', retryAfterMs: 10_000 });
  await operator.setPolicy('payments', { resetTimeout: '30s', halfOpenSuccessThreshold: 2 }, { reason });
  // What has begun stays as it was begun.
  await f.advance(10_000);
  await f.fail(p, 1);
  expect(p.breaker.state).toMatchObject({ state: 'local-open', retryAfterMs: 60_000 });
  await f.advance(60_000);
  expect(await f.call(p)).toBe('ok');
  expect(p.breaker.state.state).toBe('local-open');
  expect(await f.call(p)).toBe('ok');
  expect(p.breaker.state.state).toBe('closed');
});

test('what opened a process opens the fleet only if it still would', async () => {
  const f = fleet(2, { push: true });
  const [p, operator] = [f.process(0), f.operator(f.process(1))];
  await f.call(p);
  const mend = p.store.inject('transition', throttles);
  await f.fail(p, 3);
  await operator.setPolicy('payments', { failureThreshold: 4 }, { reason });
  mend();
  await refresh(f, p);
  expect((await f.record()).state).toBe('closed');
  expect(p.breaker.state.state).toBe('local-open');
  await operator.setPolicy('payments', { failureThreshold: 3 }, { reason });
  await f.idle();
  expect((await f.record()).state).toBe('open');
});

test('the same breaker with other pins is another one', () => {
  const { gear } = fleet(1).process(0);
  gear.breaker('mail', { pinned: ['quorum'] });
  expect(gear.breaker('mail', { pinned: ['quorum'] })).toBe(gear.breaker('mail'));
  expect(() => gear.breaker('mail', {})).toThrow(/other values of: pinned/);
});

for (const [what, values] of [
  ['a setting of a later version', { failureThreshold: 5, sunspots: 3 }],
  ['a value that is out of range', { failureThreshold: 5, failureRatio: 7 }],
  ['a value of a wrong type', { failureThreshold: 'many' }],
  ['a setting that surrounds calls', { timeout: 5 }],
  ['what does not go with the code', { leaseDuration: 500 }],
] as const)
  test(`${what} leaves the code's settings in force, is told once, and reaches no caller`, async () => {
    const f = fleet(1, { breaker: { timeout: '2s' } });
    const p = f.process(0);
    await f.memory.policy('payments', values, { by: 'ana', reason });
    expect(await f.call(p)).toBe('ok');
    for (let i = 0; i < 3; i++) await refresh(f, p);
    expect(p.breaker.options).toBe(p.breaker.circuit.code);
    expect(p.storeErrors).toEqual([
      expect.objectContaining({
        code: 'STORE_FAILED',
        message: expect.stringMatching(/^stored policy of circuit "payments", version 1, is ignored: /),
      }),
    ]);
    await f.fail(p, 3);
    expect((await f.record()).state).toBe('open');
    // The store is not away because of it.
    expect(p.breaker.state.state).toBe('open');

    await f.operator(p).setPolicy('payments', { failureThreshold: 7 }, { reason });
    expect(p.breaker.options.failureThreshold).toBe(7);
  });

test('a window is cut anew with the next change of state, not before: buckets are named by their width', async () => {
  const f = fleet(2);
  await f.fail(f.process(0), 1);
  const { bucketMs } = await f.record();
  await f.operator(f.process(1)).setPolicy('payments', { failureWindow: '2s' }, { reason });
  await refresh(f, f.process(0));
  await f.fail(f.process(0), 1);
  expect((await f.record()).bucketMs).toBe(bucketMs);
  await f.fail(f.process(1), 3);
  expect(await f.record()).toMatchObject({ state: 'open', bucketMs: 1_000, buckets: 2 });
});

test('slowness can be made to count', async () => {
  const f = fleet(1);
  const p = f.process(0);
  await f.call(p);
  await f.operator(p).setPolicy('payments', { slowCallDuration: '1s' }, { reason });
  f.dependency.latencyMs = 1_500;
  for (let i = 0; i < 3; i++) {
    const call = f.call(p);
    await f.advance(1_500);
    expect(await call).toBe('ok');
  }
  await f.idle();
  expect(await f.record()).toMatchObject({ state: 'open', transition: { reason: 'slow-calls' } });
  await f.operator(p).setPolicy('payments', { slowCallDuration: false }, { reason });
  expect(p.breaker.options.slowCallDuration).toBe(Number.POSITIVE_INFINITY);
});

test('a disabled breaker takes nothing over', async () => {
  const f = fleet(1, { gear: { disabled: true } });
  await f.memory.policy('payments', { failureThreshold: 1 }, { by: 'ana', reason });
  await f.fail(f.process(0), 5);
  expect(f.process(0).breaker.options.failureThreshold).toBe(3);
});

test('L3 a lease is as long as its half-open epoch says, whatever has been stored since: probing goes on', async () => {
  const f = fleet(2, { push: true, breaker: { leaseDuration: '10s' } });
  const [p, prober] = [f.process(0), f.process(1)];
  await f.call(p);
  await f.fail(prober, 3);
  await f.advance(10_000);
  const hung = f.begin(prober);
  await f.idle();
  expect(hung.started).toBe(true);
  await f.operator(prober).setPolicy('payments', { leaseDuration: '40s' }, { reason });
  await f.advance(12_000);
  expect(await f.call(p)).toBe('ok');
  expect((await f.record()).state).toBe('closed');
});
