/** L11: with a quorum, one bad process isolates itself and nobody else. */

import { expect, test } from 'vitest';
import { fleet } from './fleet.ts';

for (const push of [false, true]) {
  test(`L11, peers P9 one sick process opens itself alone, and probes for itself (push ${push})`, async () => {
    const f = fleet(10, { push, breaker: { quorum: 2 } });
    const sick = f.process(0);
    for (const process of f.processes) await f.call(process);
    // Broken DNS: whatever it calls fails; the others are well, for half an hour.
    let sickCalls = 0;
    for (let i = 0; i < 900; i++) {
      f.dependency.mode = 'down';
      f.dependency.calls = 0;
      await f.call(sick);
      await f.call(sick);
      sickCalls += f.dependency.calls;
      f.dependency.mode = 'up';
      const others = await Promise.all(f.processes.slice(1).map((process) => f.call(process)));
      expect(others).toEqual(Array(9).fill('ok'));
      await f.advance(2_000);
    }
    expect(await f.record()).toMatchObject({ state: 'closed', epoch: { number: 0 } });
    expect(sick.breaker.state.state).toBe('local-open');
    // Three to open, then probes with growing intervals up to five minutes.
    expect(sickCalls).toBeLessThanOrEqual(3 + 15);
    expect(sickCalls).toBeGreaterThanOrEqual(3 + 5);
    expect(f.committed()).toEqual([]);

    f.dependency.mode = 'up';
    await f.advance(300_000);
    expect(await f.call(sick)).toBe('ok');
    expect(sick.breaker.state.state).toBe('closed');
  });

  test(`L11 two sick processes open the fleet (push ${push})`, async () => {
    const f = fleet(5, { push, breaker: { quorum: 2 } });
    for (const process of f.processes) await f.call(process);
    await f.fail(f.process(0), 5);
    expect((await f.record()).state).toBe('closed');
    await f.fail(f.process(1), 5);
    expect((await f.record()).state).toBe('open');
    await f.advance(5_000);
    for (const process of f.processes) {
      await f.call(process);
      await f.idle();
      expect(await f.call(process)).toBe('rejected');
      expect(process.breaker.state.state).toBe('open');
    }
  });
}

for (const [quorum, failureThreshold] of [
  [2, 3],
  [3, 3],
  [2, 10],
  [3, 10],
  [5, 8],
] as const)
  test(`L11 with quorum ${quorum} of threshold ${failureThreshold}, ${quorum - 1} never trip the fleet and ${quorum} do`, async () => {
    const f = fleet(quorum, { breaker: { quorum, failureThreshold, maxConcurrent: false } });
    for (const process of f.processes) await f.call(process);
    for (const process of f.processes.slice(1)) {
      const calls = Array.from({ length: 3 * failureThreshold }, () => f.begin(process));
      await f.idle();
      for (const call of calls) await call.fail();
      await f.idle();
    }
    expect((await f.record()).state).toBe('closed');
    await f.fail(f.process(0), failureThreshold);
    expect((await f.record()).state).toBe('open');
  });

test('L11 a process that opened itself follows the fleet when that opens, and when that closes', async () => {
  const f = fleet(3, { breaker: { quorum: 2 } });
  for (const process of f.processes) await f.call(process);
  await f.fail(f.process(0), 3);
  expect(f.process(0).breaker.state.state).toBe('local-open');
  await f.fail(f.process(1), 3);
  await f.advance(5_000);
  await f.call(f.process(0));
  await f.idle();
  expect(f.process(0).breaker.state.state).toBe('open');
  await f.advance(5_000);
  expect(await f.call(f.process(2))).toBe('ok');
  await f.advance(5_000);
  await f.call(f.process(0));
  await f.idle();
  expect(await f.call(f.process(0))).toBe('ok');
});

test('L11 a streak in one process is its vote', async () => {
  const options = { quorum: 2, failureThreshold: 10, consecutiveFailures: 3, failureRatio: 1 };
  const f = fleet(2, { breaker: options });
  for (const process of f.processes) for (let i = 0; i < 5; i++) await f.call(process);
  await f.fail(f.process(0), 3);
  expect(f.process(0).breaker.state.state).toBe('local-open');
  expect((await f.record()).state).toBe('closed');
});
