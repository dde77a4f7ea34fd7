/** Races between real processes on a real DynamoDB. What each law means is in the design; the figures are these tests'. */

import { beforeAll, describe, expect } from 'vitest';
import type { HalfOpenRecord } from '../../src/core/record.ts';
import { Fleet, soon, test } from './fleet.ts';
import type { Look, Process, Write } from './process.ts';

// Starting fifty processes is most of the work here: it is no test's time.
beforeAll(async () => {
  await (await Fleet.of(50)).end();
}, 120_000);

const sum = (looks: readonly Look[], answer: Write['answer']) =>
  looks
    .flatMap(({ writes }) => writes)
    .filter((write) => write.verb === 'report' && write.answer === answer)
    .reduce((total, { failures = 0 }) => total + failures, 0);

/**
 * Each process fails once, so none can trip on its own evidence (threshold 3): every failure goes to the store in exactly
 * one report, and no transition carries any that was not reported. So each of the 40 is exactly one of
 *   counted         its report was acknowledged as accepted: it is in the buckets that the trip was decided upon, or came
 *                   between that decision and the trip's write
 *   refused         its report was answered by a record of a newer epoch: too late for this trip
 *   unacknowledged  its report ended with an error, so the process does not know, and does not send it again
 */
test('L2 L7, peers C2 G1 P3 H2: 40 processes fail at once, threshold 3: one trip, and every failure accounted for', async ({
  fleet,
}) => {
  const f = await fleet(40, { breaker: { failureThreshold: 3 }, gear: { cacheTtl: '1m' } });
  await f.all('warm');
  f.dependency.status = undefined;
  const calls = f.all('call');
  await f.arrived(40);
  for (const arrival of f.dependency.arrivals) arrival.answer(503);
  for (const { how } of await calls) expect(how).toBe('failed');
  const looks = await f.all('settle');

  const counted = sum(looks, 'accepted');
  const refused = sum(looks, 'refused');
  const unacknowledged = sum(looks, 'none');
  expect(counted + refused + unacknowledged, `${counted} + ${refused} + ${unacknowledged}`).toBe(40);
  expect(counted).toBeGreaterThanOrEqual(3);

  const record = await f.record();
  expect(record).toMatchObject({ state: 'open', epoch: { number: 1 }, evidence: {} });
  expect(record.transition?.failures).toBeGreaterThanOrEqual(3);
  expect(record.transition?.failures).toBeLessThanOrEqual(counted + unacknowledged);
  expect(await f.history()).toEqual(['1 closed → open']);
  expect(await f.committed()).toEqual(['1 closed → open']);
  // §5: the storm does not grow with the fleet.
  for (const { writes } of looks) expect(writes.length).toBeLessThanOrEqual(2);

  for (const look of await f.all('warm')) {
    expect(look).toMatchObject({ state: 'open', epoch: record.epoch });
    expect(look.changes, 'each tells its own part once').toHaveLength(1);
  }
});

test('L1, peers C1 O1 S1: a slow success admitted before the trip leaves it open', async ({ fleet }) => {
  const f = await fleet(2, { gear: { cacheTtl: '1m' } });
  await f.all('warm');
  const [slow, other] = f.processes as [Process, Process];
  f.dependency.status = undefined;
  const call = slow.ask('call');
  await f.arrived(1);
  await f.fail(other, 3);
  const tripped = await f.record();
  expect(tripped.state).toBe('open');

  f.dependency.arrivals[0]?.answer(200);
  expect(await call).toMatchObject({ how: 'ok' });
  expect((await slow.ask('settle')).writes, 'a success is no news').toEqual([]);
  // It still believes the circuit closed. A failure would carry the success to the store: that is refused, and teaches it.
  await f.fail(slow, 1);
  expect(await slow.ask('look')).toMatchObject({ state: 'open', writes: [{ answer: 'refused' }] });
  expect(await f.record()).toEqual(tripped);
});

test('L3 L5, peers C3 F1 H1 O3: 50 processes at the end of the open time: one call reaches the dependency until its verdict', async ({
  fleet,
}) => {
  const f = await fleet(50, { breaker: { resetTimeout: '1s', backoff: 1 }, gear: { cacheTtl: '500ms' } });
  await f.open();
  await f.all('startCalling');
  for (const verdict of [503, 200]) {
    await f.arrived(1);
    const prober = f.dependency.arrivals[0]?.by;
    await f.more(
      'rejected',
      5,
      f.processes.filter(({ index }) => index !== prober),
    );
    expect(f.dependency.arrivals).toHaveLength(1);
    if (verdict === 200) f.dependency.status = 200;
    const [probe] = f.dependency.arrivals;
    if (verdict === 503) f.dependency.forget();
    probe?.answer(verdict);
  }
  await f.more('ok', 3);
  await f.all('stopCalling');
  const recovered = [
    '1 closed → open',
    '2 open → half-open',
    '3 half-open → open',
    '4 open → half-open',
    '5 half-open → closed',
  ];
  expect(await f.history()).toEqual(recovered);
  // Who was overtaken by others' news before its own answer came learns from the history that it won.
  await soon(async () => expect(await f.committed()).toEqual(recovered));
});

describe.concurrent('the prober', () => {
  const LEASE_MS = 1_000;
  const CACHE_TTL_MS = 1_000;
  const CLOCK_BOUND_MS = 2_000;
  /** A period of the refresh is at most so much longer than `cacheTtl`. */
  const REFRESH_JITTER = 1.1;
  const options = {
    // No timeout: what the prober brings after its lease is a success, not a timeout of its own.
    breaker: { resetTimeout: '1s', leaseDuration: LEASE_MS },
    gear: { cacheTtl: CACHE_TTL_MS },
  } as const;

  /** Eight processes that call all the time, and the one of them whose probe is under way. */
  async function probing(f: Fleet): Promise<Process> {
    await f.open();
    await f.all('startCalling');
    await f.arrived(1);
    const prober = f.processes.find(({ index }) => index === f.dependency.arrivals[0]?.by);
    return prober as Process;
  }

  test('L3: killed: another probes within one lease, cacheTtl and 2 s', async ({ fleet }) => {
    const f = await fleet(8, options);
    const prober = await probing(f);
    const others = f.processes.filter((process) => process !== prober);
    const killedMs = Date.now();
    await prober.kill();
    await f.arrived(2);
    const tookMs = (f.dependency.arrivals[1]?.atMs ?? Number.NaN) - killedMs;
    // One round begins the refresh, one tries the lease, one brings the call: as long as they take on this machine.
    const rounds = (await f.all('look', others)).map(({ calls }) => calls.longestRoundMs);
    const loadMs = 3 * Math.max(...rounds);
    expect(tookMs).toBeLessThan(LEASE_MS + CACHE_TTL_MS * REFRESH_JITTER + CLOCK_BOUND_MS + loadMs);
    expect(f.dependency.arrivals).toHaveLength(2);
    expect(f.dependency.peak).toBe(1);

    f.dependency.status = 200;
    f.dependency.arrivals[1]?.answer(200);
    await f.more('ok', 3, others);
    // The second one too, although its committer is dead.
    expect(await f.history()).toEqual(['1 closed → open', '2 open → half-open', '3 half-open → closed']);
  });

  test('L3 L1, peers C9 P1 P6 F2 O2: frozen past its lease and replaced: its late success changes nothing', async ({
    fleet,
  }) => {
    const f = await fleet(8, options);
    const prober = await probing(f);
    prober.freeze();
    await f.arrived(2);
    const [late, replacement] = f.dependency.arrivals;
    expect(replacement?.by).not.toBe(prober.index);
    const before = (await f.record()) as HalfOpenRecord;
    expect(before).toMatchObject({ state: 'half-open', lapses: 1 });
    expect(before.leases[0]?.by).toBe(`process-${replacement?.by}`);

    late?.answer(200);
    prober.thaw();
    await soon(async () => expect((await prober.ask('look')).calls.ok).toBe(1));
    const { writes } = await prober.ask('settle');
    expect(writes.filter(({ verb }) => verb === 'settle')).toEqual([]);
    expect(await f.record()).toEqual(before);
    expect(f.dependency.arrivals, 'nor does it let anybody else in').toHaveLength(2);

    replacement?.answer(503);
    await soon(async () => expect(await f.record()).toMatchObject({ state: 'open', epoch: { number: 3 } }));
  });
});
