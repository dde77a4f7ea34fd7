/** L3, where a health check probes instead of customers: the others let it go first, and wait for it no longer than they should. */

import { expect, test } from 'vitest';
import { throttles } from '../../src/testing/index.ts';
import { fleet } from './fleet.ts';

const GRACE_MS = 60_000;

/** Two ordinary processes and a health check, at the end of the open time. */
async function atDeadline(breaker = {}) {
  const f = fleet(2, { breaker: { healthCheckGrace: GRACE_MS, ...breaker } });
  const health = f.start(2, { healthCheckGrace: GRACE_MS, ...breaker }, { prober: true });
  for (const process of [...f.processes, health]) await f.call(process);
  await f.fail(f.process(0), 3);
  await f.advance(10_000);
  return { f, health };
}

test('the health check probes at once, the others wait and then let it decide', async () => {
  const { f, health } = await atDeadline();
  for (const process of f.processes) expect(await f.call(process)).toBe('rejected');
  expect(f.process(1).breaker.state.retryAfterMs).toBe(GRACE_MS);
  expect(health.breaker.state.retryAfterMs).toBe(0);
  expect(await f.call(health)).toBe('ok');
  await f.advance(5_500);
  for (const process of f.processes) await f.call(process);
  await f.idle();
  for (const process of f.processes) expect(await f.call(process)).toBe('ok');
});

test('a dead health check delays recovery by the grace, no more', async () => {
  const { f } = await atDeadline();
  await f.advance(GRACE_MS - 1);
  for (const process of f.processes) expect(await f.call(process)).toBe('rejected');
  await f.advance(1);
  const calls = f.processes.map((process) => f.begin(process));
  await f.idle();
  expect(calls.filter(({ started }) => started)).toHaveLength(1);
});

test('one that is dead is not waited for again where several probes are needed', async () => {
  const { f } = await atDeadline({ halfOpenSuccessThreshold: 3 });
  await f.advance(GRACE_MS);
  for (let i = 0; i < 3; i++) expect(await f.call(f.process(0))).toBe('ok');
  await f.idle();
  expect((await f.record()).state).toBe('closed');
});

test('one that dies between its probes is waited for until its grace is over, counted from the first', async () => {
  const { f, health } = await atDeadline({ halfOpenSuccessThreshold: 2 });
  expect(await f.call(health)).toBe('ok');
  await f.idle();
  await f.advance(GRACE_MS - 1);
  expect(await f.call(f.process(0))).toBe('rejected');
  await f.advance(1);
  expect(await f.call(f.process(0))).toBe('ok');
  await f.idle();
  expect((await f.record()).state).toBe('closed');
});

test('it is told by a stored policy too, and holds from the next change of state on', async () => {
  const f = fleet(2);
  await f
    .operator(f.process(0))
    .setPolicy('payments', { healthCheckGrace: '1m' }, { reason: 'customers complain' });
  await f.fail(f.process(0), 3);
  expect(await f.record()).toMatchObject({ state: 'open', graceMs: GRACE_MS });
  await f.operator(f.process(0)).setPolicy('payments', null, { reason: 'over' });
  await f.advance(10_000);
  expect(await f.call(f.process(1))).toBe('rejected');
  await f.advance(GRACE_MS);
  expect(await f.call(f.process(1))).toBe('ok');
  await f.idle();
  expect(await f.record()).not.toHaveProperty('graceMs');
});

test('forced-open ends with the health check’s probe', async () => {
  const { f, health } = await atDeadline();
  const operator = f.operator(f.process(0));
  await operator.setStates({ payments: { mode: 'forced-open', reason: 'work', forMs: 100_000 } });
  await f.call(f.process(1));
  await f.advance(100_000);
  expect(await f.call(f.process(1))).toBe('rejected');
  expect(await f.call(health)).toBe('ok');
});

test('a process that is on its own waits for no health check', async () => {
  const { f } = await atDeadline();
  const p = f.process(0);
  p.store.inject('every', throttles);
  await f.advance(30_000);
  await f.call(p);
  await f.advance(1_000);
  expect(await f.call(p)).toBe('rejected');
  await f.advance(GRACE_MS);
  expect(await f.call(p)).toBe('ok');
});
