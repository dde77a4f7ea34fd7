/** L12 with real processes: clocks of one fleet that differ by up to two minutes. */

import { expect } from 'vitest';
import { CLOCK_BOUND_MS, type OpenHead } from '../../src/core/record.ts';
import { test } from './fleet.ts';

const SKEWS_MS = [0, 60_000, -60_000];
const OPEN_MS = 2_000;

test('L12: clocks a minute fast and slow: one trip, one probe at a time, closed again', async ({ fleet }) => {
  const f = await fleet(12, {
    breaker: { resetTimeout: OPEN_MS, jitter: 0, halfOpenSuccessThreshold: 3 },
    gear: { cacheTtl: '500ms' },
    skewMs: (at) => SKEWS_MS[at % SKEWS_MS.length] as number,
  });
  // Answered once the store's time is known, however slow its first answers are.
  for (const { clockErrorMs } of await f.all('warm'))
    expect(Math.abs(clockErrorMs)).toBeLessThan(CLOCK_BOUND_MS);
  f.dependency.status = undefined;
  const failing = f.all('call');
  await f.arrived(12);
  const beforeMs = Date.now();
  for (const arrival of f.dependency.arrivals) arrival.answer(503);
  await failing;
  await f.all('settle');
  expect(await f.history()).toEqual(['1 closed → open']);
  const { openUntilMs } = (await f.record()) as OpenHead;
  expect(openUntilMs).toBeGreaterThan(beforeMs + OPEN_MS - CLOCK_BOUND_MS);
  expect(openUntilMs).toBeLessThan(Date.now() + OPEN_MS + CLOCK_BOUND_MS);

  for (const { state } of await f.all('warm')) expect(state).toBe('open');
  f.dependency.forget();
  await f.all('startCalling');
  for (let probes = 1; probes <= 3; probes++) {
    await f.arrived(probes);
    const probe = f.dependency.arrivals[probes - 1];
    const others = f.processes.filter(({ index }) => index !== probe?.by);
    await f.more('rejected', 5, others);
    expect(f.dependency.arrivals).toHaveLength(probes);
    if (probes === 3) f.dependency.status = 200;
    probe?.answer(200);
  }
  await f.more('ok', 3);
  expect((f.dependency.arrivals[0]?.atMs ?? 0) - openUntilMs).toBeGreaterThan(-CLOCK_BOUND_MS);
  await f.all('stopCalling');
  const all = ['1 closed → open', '2 open → half-open', '3 half-open → closed'];
  expect(await f.history()).toEqual(all);
  expect(await f.committed()).toEqual(all);
});
