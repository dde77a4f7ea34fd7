/** L4: successes of different processes add up within their epoch. */

import { expect, test } from 'vitest';
import { fleet } from './fleet.ts';

test('L4 successes of different processes add up to the threshold', async () => {
  const f = fleet(3, { breaker: { halfOpenSuccessThreshold: 3 } });
  await f.fail(f.process(0), 3);
  for (const process of f.processes) await f.call(process);
  await f.advance(10_000);
  for (const [i, process] of f.processes.entries()) {
    expect((await f.record()).state).not.toBe('closed');
    // A slot is tried only after a refresh showed it free.
    if (i > 0) {
      await f.advance(5_000);
      await f.call(process);
      await f.idle();
    }
    if ((await f.record()).state !== 'closed') expect(await f.call(process)).toBe('ok');
    await f.idle();
    if ((await f.record()).state === 'closed') break;
  }
  expect((await f.record()).state).toBe('closed');
});

for (const n of [1, 3, 10])
  test(`L4 at the same total rate of calls ${n} processes close the circuit as fast as one`, async () => {
    const f = fleet(n, { breaker: { halfOpenSuccessThreshold: 5 } });
    for (const process of f.processes) await f.call(process);
    await f.fail(f.process(0), 3);
    await f.advance(10_000);
    const startMs = f.clock.now();
    for (let i = 0; (await f.record()).state !== 'closed' && i < 1_000; i++) {
      await f.call(f.process(i % n));
      await f.advance(100);
    }
    expect((await f.record()).state).toBe('closed');
    expect(f.clock.now() - startMs).toBeLessThanOrEqual(500 + 100 * n);
  });

test('L4, peers P4 successes before a failed probe do not count in the next epoch', async () => {
  const f = fleet(2, { breaker: { halfOpenSuccessThreshold: 3 } });
  await f.call(f.process(1));
  await f.fail(f.process(0), 3);
  await f.advance(10_000);
  expect(await f.call(f.process(0))).toBe('ok');
  expect(await f.call(f.process(0))).toBe('ok');
  expect(await f.record()).toMatchObject({ successes: 2 });
  // The first call learns of the free slot, the second takes it.
  await f.fail(f.process(1), 2);
  expect(await f.record()).toMatchObject({ state: 'open', attempt: 1, transition: { by: 'process-1' } });

  await f.advance(20_000);
  expect(await f.call(f.process(0))).toBe('ok');
  await f.idle();
  expect(await f.record()).toMatchObject({ state: 'half-open', successes: 1 });
});
