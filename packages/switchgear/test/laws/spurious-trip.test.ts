/** What meets no policy when it comes, or only by what nobody told, must not trip the circuit. */

import { expect, test } from 'vitest';
import { type Fleet, fleet, type Process } from './fleet.ts';

async function slow(f: Fleet, process: Process): Promise<void> {
  f.dependency.latencyMs = 1_500;
  const call = f.call(process);
  await f.advance(1_500);
  await call;
  f.dependency.latencyMs = 0;
}

test('L2 a harmless burst does not trip the circuit once the successes around it have aged out', async () => {
  const f = fleet(1, { breaker: { maxConcurrent: false } });
  const p = f.process(0);
  for (let second = 0; second < 150; second++) {
    for (let i = 0; i < 20; i++) await f.call(p);
    if (second === 30) await f.fail(p, 20);
    await f.advance(1_000);
    expect((await f.record()).state, `second ${second}`).toBe('closed');
  }
});

test('one failure each of many processes that were well trips nothing: nobody knows the calls of the others', async () => {
  const f = fleet(20);
  for (const process of f.processes) await f.call(process);
  for (const process of f.processes) await f.fail(process, 1);
  const { state, evidence } = f.process(19).breaker.state;
  expect(state).toBe('closed');
  expect(evidence).toMatchObject({ calls: 40, failures: 20, isolated: 20 });
});

test('those that fail again trip it', async () => {
  const f = fleet(20);
  for (const process of f.processes) await f.call(process);
  // A dependency that is dead: the first failure of each is isolated, the next are not.
  for (const process of f.processes.slice(0, 3)) await f.fail(process, 2);
  expect(await f.record()).toMatchObject({ state: 'open', transition: { calls: 9, failures: 6 } });
});

test('failures of processes that have just begun count at once: nothing says that the dependency was ever well', async () => {
  const f = fleet(3);
  for (const process of f.processes) await f.fail(process, 1);
  expect((await f.record()).state).toBe('open');
});

test('a process on its own counts all its calls', async () => {
  const f = fleet(1);
  await f.call(f.process(0));
  await f.fail(f.process(0), 3);
  expect(await f.record()).toMatchObject({ state: 'open', transition: { calls: 4, failures: 3 } });
});

test('with failureRatio 0 failures are counted, whatever they stand beside', async () => {
  const f = fleet(3, { breaker: { failureRatio: 0 } });
  for (const process of f.processes) await f.call(process);
  for (const process of f.processes) await f.fail(process, 1);
  expect((await f.record()).state).toBe('open');
});

test('who was there when the circuit recovered knows of a good call, who begins later does not', async () => {
  const f = fleet(4);
  await f.fail(f.process(0), 3);
  for (const process of f.processes) await process.gear.warm();
  await f.advance(12_000);
  expect(await f.call(f.process(1))).toBe('ok');
  for (const process of f.processes) await process.gear.warm();
  for (const process of f.processes) await f.fail(process, 1);
  expect((await f.record()).state).toBe('closed');
  for (const id of [4, 5, 6]) await f.fail(f.start(id), 1);
  expect((await f.record()).state).toBe('open');
});

test('a circuit that was cleared has not recovered, and who knew of a good call still does', async () => {
  const f = fleet(4);
  for (const process of f.processes.slice(1)) await f.call(process);
  await f.process(0).gear.warm();
  await f.operator(f.process(0)).clearStates(['payments'], { by: 'ann', reason: 'drill' });
  for (const process of f.processes) await process.gear.warm();
  for (const process of f.processes) await f.fail(process, 1);
  const { evidence } = f.process(3).breaker.state;
  expect(evidence).toMatchObject({ failures: 4, isolated: 3 });
});

test('slow calls of some processes hide no failures of others', async () => {
  const f = fleet(30, { breaker: { slowCallDuration: '1s' } });
  for (const process of f.processes) await f.call(process);
  for (const process of f.processes.slice(10)) await slow(f, process);
  for (const process of f.processes.slice(0, 10)) await f.fail(process, 2);
  expect(await f.record()).toMatchObject({ state: 'open', transition: { reason: 'failures' } });
});

test('slow calls likewise: one of each process is isolated', async () => {
  const f = fleet(6, { breaker: { slowCallDuration: '1s', slowCallRatio: 0.5 } });
  for (const process of f.processes) await f.call(process);
  for (const process of f.processes) await slow(f, process);
  expect((await f.record()).state).toBe('closed');
  for (const process of f.processes.slice(0, 3)) await slow(f, process);
  expect(await f.record()).toMatchObject({ state: 'closed' });
  for (const process of f.processes.slice(0, 3)) await slow(f, process);
  expect(await f.record()).toMatchObject({ state: 'open', transition: { reason: 'slow-calls' } });
});
