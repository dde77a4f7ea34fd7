/** L5: the trip that won sets the deadline; nothing moves it. */

import { expect, test } from 'vitest';
import { fleet } from './fleet.ts';

test('L5, peers P3 twenty processes whose calls time out over 29 s open the circuit once, with one deadline', async () => {
  const f = fleet(20, { breaker: { failureThreshold: 2, resetTimeout: '60s' } });
  const calls = f.processes.flatMap((process) => [f.begin(process), f.begin(process)]);
  await f.idle();
  await calls[0]?.fail();
  await calls[1]?.fail();
  await f.idle();
  const open = await f.record();
  expect(open).toMatchObject({ state: 'open', openUntilMs: f.clock.now() + 60_000 });
  for (const call of calls.slice(2)) {
    await f.advance(725);
    await call.fail();
  }
  await f.idle();
  expect(await f.record()).toEqual(open);
  expect(f.committed()).toEqual(['1 closed → open']);
  for (const process of f.processes)
    expect(process.breaker.state).toMatchObject({ state: 'open', sinceMs: open.sinceMs });
});

test('L5 rejected calls do not move the deadline', async () => {
  const f = fleet(1);
  await f.fail(f.process(0), 3);
  for (let ms = 0; ms < 10_000; ms += 100) {
    expect(await f.call(f.process(0))).toBe('rejected');
    await f.advance(100);
  }
  expect(await f.call(f.process(0))).toBe('ok');
});
