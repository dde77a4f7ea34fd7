/** L7: one event per committed transition in the whole fleet, told once by the process that committed it. */

import { expect, test } from 'vitest';
import { first, hangs, late, losesReply, throttles, throws } from '../../src/testing/index.ts';
import { fleet } from './fleet.ts';

for (const push of [false, true])
  test(`L7 over several outages each transition is told as committed once, and learnt by others (push ${push})`, async () => {
    const f = fleet(5, { push });
    for (let round = 0; round < 3; round++) {
      f.dependency.mode = 'down';
      for (let i = 0; i < 10; i++) {
        await Promise.all(f.processes.map((process) => f.call(process)));
        await f.advance(1_500);
      }
      f.dependency.mode = 'up';
      for (let i = 0; i < 40; i++) {
        await Promise.all(f.processes.map((process) => f.call(process)));
        await f.advance(1_500);
      }
    }
    const history = await f.history();
    expect(history.length).toBeGreaterThanOrEqual(9);
    expect(f.committed()).toEqual(history);
    for (const { changes } of f.processes) {
      const told = changes.filter(({ source }) => source !== 'local').map(({ epoch }) => epoch.number);
      expect(told, 'in order, none twice').toEqual([...new Set(told)].sort((a, b) => a - b));
    }
  });

test('L7 a lost reply: the process reads later that it won, and tells it once', async () => {
  const f = fleet(2);
  const p = f.process(0);
  p.store.inject('transition', first(1, losesReply));
  await f.fail(p, 3);
  expect(f.committed()).toEqual([]);
  await f.advance(5_000);
  await f.call(p);
  await f.idle();
  await f.call(f.process(1));
  expect(f.committed()).toEqual(['1 closed → open']);
  expect(p.changes.filter(({ source }) => source === 'committed')).toHaveLength(1);
});

test('L7 a lost reply after which others moved on: the history tells that it won', async () => {
  const f = fleet(2);
  const p = f.process(0);
  for (const process of f.processes) await f.call(process);
  p.store.inject('transition', first(1, losesReply));
  // It learns nothing until the other has probed and closed.
  const remove = p.store.inject('load', hangs);
  await f.fail(p, 3);
  expect((await f.record()).state).toBe('open');
  await f.advance(5_000);
  await f.call(f.process(1));
  await f.advance(5_000);
  expect(await f.call(f.process(1))).toBe('ok');
  await f.idle();
  expect(await f.record()).toMatchObject({ state: 'closed', epoch: { number: 3 } });

  remove();
  await f.advance(5_000);
  await f.call(p);
  await f.advance(600);
  expect(f.committed()).toEqual(await f.history());
  await f.advance(20_000);
  await f.call(p);
  await f.idle();
  expect(f.committed()).toEqual(await f.history());
});

test('L7, peers P8 no committed event for a write that failed, was throttled or lost the race', async () => {
  const f = fleet(3);
  for (const process of f.processes) await f.call(process);
  const [a, b, c] = [f.process(0), f.process(1), f.process(2)];
  a.store.inject('transition', throttles);
  await f.fail(a, 3);
  expect(f.committed()).toEqual([]);
  expect(a.changes.map(({ source, to }) => `${source} ${to}`)).toEqual(['local open']);

  // Both trip at once: one of them loses.
  b.store.inject('transition', late(50, f.clock));
  await Promise.all([f.fail(b, 3), f.fail(c, 3)]);
  await f.advance(1_000);
  expect(f.committed()).toEqual(['1 closed → open']);
});

test('L7 a transition that lost costs no look into the history', async () => {
  const f = fleet(10);
  const calls = f.processes.flatMap((process) => [f.begin(process), f.begin(process), f.begin(process)]);
  await f.idle();
  for (const call of calls) void call.fail();
  await f.idle();
  expect((await f.record()).state).toBe('open');
  await f.advance(10_000);
  for (const process of f.processes) await f.call(process);
  await f.advance(5_000);
  for (const process of f.processes) await f.call(process);
  await f.idle();
  expect(f.processes.map(({ store }) => store.calls.filed)).toEqual(Array(10).fill(0));
  expect(f.committed()).toEqual(await f.history());
});

test('L7 a transition that comes through after its budget is told once', async () => {
  const f = fleet(1);
  const p = f.process(0);
  p.store.inject('transition', first(1, late(2_000, f.clock)));
  await f.fail(p, 3);
  await f.advance(2_500);
  await f.call(p);
  await f.advance(10_000);
  await f.call(p);
  await f.idle();
  expect(f.committed()).toEqual(await f.history());
});

test('L7 an event says who, when, why, how many and what failed last', async () => {
  const f = fleet(1);
  await f.call(f.process(0));
  await f.fail(f.process(0), 3);
  expect(f.process(0).changes).toEqual([
    {
      circuit: 'payments',
      source: 'committed',
      epoch: { number: 1, id: expect.any(String) },
      from: 'closed',
      to: 'open',
      atMs: f.clock.now(),
      reason: 'failures',
      by: 'process-0',
      calls: 4,
      failures: 3,
      lastFailure: 'ECONNREFUSED',
    },
  ]);
});

test('L7 a transition that is known to have failed costs no look into the history', async () => {
  const f = fleet(2);
  const p = f.process(0);
  for (const process of f.processes) await f.call(process);
  p.store.inject('transition', first(1, throttles));
  await f.fail(p, 3);
  await f.fail(f.process(1), 3);
  await f.advance(10_000);
  await f.call(f.process(1));
  await f.advance(5_000);
  await f.call(p);
  await f.advance(5_000);
  expect(p.store.calls.filed).toBe(0);
});

test('L7 a transition of unknown fate is looked up once, and told only if it happened', async () => {
  const f = fleet(2);
  const p = f.process(0);
  for (const process of f.processes) await f.call(process);
  p.store.inject('transition', first(1, throws(new Error('socket hang up'))));
  await f.fail(p, 3);
  for (let round = 0; round < 3; round++) {
    await f.fail(f.process(1), 3);
    await f.advance(15_000);
    await f.call(p);
    await f.call(f.process(1));
    await f.advance(15_000);
    for (const process of f.processes) await f.call(process);
    await f.idle();
    for (const process of f.processes) await f.call(process);
  }
  expect(p.store.calls.filed).toBeLessThanOrEqual(1);
  expect(f.committed()).toEqual(await f.history());
});

test('L7 a failure from before the window is not told as the reason of a trip', async () => {
  const f = fleet(3, { breaker: { failureRatio: 0 } });
  const p = f.process(0);
  await f.fail(p, 1);
  await f.advance(600_000);
  for (const process of f.processes) await f.call(process);
  f.process(1).store.inject('transition', throttles);
  await f.fail(f.process(2), 1);
  await f.fail(f.process(1), 2);
  expect((await f.record()).state).toBe('closed');
  await f.advance(5_000);
  await f.call(p);
  await f.idle();
  const { transition } = await f.record();
  expect(transition).toMatchObject({ by: 'process-0', to: 'open', failures: 3 });
  expect(transition).not.toHaveProperty('lastFailure');
});

test('L7 a look into the history that fails is made again', async () => {
  const f = fleet(2);
  const p = f.process(0);
  for (const process of f.processes) await f.call(process);
  p.store.inject('transition', first(1, losesReply));
  const remove = p.store.inject('load', throttles);
  p.store.inject('filed', first(1, throttles));
  await f.fail(p, 3);
  await f.advance(5_000);
  await f.call(f.process(1));
  await f.advance(5_000);
  expect(await f.call(f.process(1))).toBe('ok');
  remove();
  for (let i = 0; i < 3; i++) {
    await f.advance(5_000);
    await f.call(p);
    await f.idle();
  }
  expect(p.store.calls.filed).toBe(2);
  expect(f.committed()).toEqual(await f.history());
});

test('L7 L10 the history is asked once at a time, however many answers come meanwhile', async () => {
  const f = fleet(2, { breaker: { failureThreshold: 3, failureRatio: 0 } });
  const [p, q] = [f.process(0), f.process(1)];
  for (const process of f.processes) await f.call(process);
  p.store.inject('transition', first(1, losesReply));
  const remove = p.store.inject(['load', 'report'], throttles);
  await f.fail(p, 3);
  await f.advance(10_000);
  expect(await f.call(q)).toBe('ok');
  remove();
  const answered = p.store.inject('filed', hangs);
  await p.gear.warm();
  expect(p.breaker.state.state).toBe('closed');
  for (let i = 0; i < 10; i++) await p.gear.warm();
  expect(p.store.calls.filed).toBe(1);
  answered();
  await f.advance(5_000);
  await f.call(p);
  await f.idle();
  expect(p.store.calls.filed).toBe(2);
  expect(f.committed()).toEqual(await f.history());
});

test('L7 a history that has moved on while it was asked for tells all the same', async () => {
  const f = fleet(2);
  const p = f.process(0);
  for (const process of f.processes) await f.call(process);
  p.store.inject('transition', first(1, losesReply));
  const remove = p.store.inject('load', throttles);
  await f.fail(p, 3);
  await f.advance(5_000);
  await f.call(f.process(1));
  await f.advance(5_000);
  remove();
  const probe = f.begin(f.process(1));
  await f.idle();
  // Asked when the circuit was half-open, answered when it has closed.
  p.store.before('filed', async () => {
    await probe.succeed();
  });
  for (let i = 0; i < 3; i++) {
    await f.call(p);
    await f.advance(5_000);
  }
  expect((await f.record()).epoch.number).toBe(3);
  expect(f.committed()).toEqual(await f.history());
});

test('L7 a store whose writes never answer makes a process remember no more than the latest of them', async () => {
  const f = fleet(2);
  const [p, q] = [f.process(0), f.process(1)];
  await f.call(p);
  const mend = p.store.inject(['transition', 'report', 'lease'], throws(new Error('no reply')));
  f.dependency.mode = 'down';
  for (let i = 0; i < 500; i++) {
    await f.call(p);
    await f.advance(5_000);
  }
  expect(p.store.calls.transition).toBeGreaterThan(100);
  mend();
  // Others move on, so that the history knows what became of them all.
  const asked: number[] = [];
  p.store.before('filed', ({ args: [, epochs] }) => void asked.push(epochs.length));
  await f.fail(q, 3);
  await f.advance(10_000);
  f.dependency.mode = 'up';
  await f.call(q);
  await p.gear.warm();
  await f.idle();
  expect(asked).toHaveLength(1);
  expect(asked[0]).toBeLessThanOrEqual(20);
});
