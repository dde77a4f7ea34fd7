/** What a process knows of the server's clock, and what happens when that is set while circuits live. */

import { afterAll, beforeAll, expect, it } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { Switchgear } from '../../src/index.ts';
import { RedisStore } from '../../src/store/redis/index.ts';
import { CLIENTS, command, newPrefix, type Servers, standalone, until } from './servers.ts';
import { Wire } from './wire.ts';

const HOUR_MS = 3_600_000;
const WINDOW = { bucketMs: 6_000, buckets: 10 };
let servers: Servers;
beforeAll(async () => {
  servers = await standalone();
});
afterAll(() => servers.stop());

/** A process for which the answer to the first thing that it asks takes `ms`: its clock goes on, and nobody has to wait. */
async function slowAtFirst(ms: number) {
  const wire = await Wire.to(servers.ports[0]);
  let lateMs = 0;
  const clock = { ...systemClock, now: () => Date.now() + lateMs };
  const prefix = newPrefix();
  const store = new RedisStore({ client: CLIENTS['ioredis 6'](wire.port), prefix, push: false, clock });
  // Connected, and by a command without a time stamp: whatever is asked next is the first that could tell.
  await store.list();
  wire.holdReplies();
  const answered = until(() => wire.held > 0).then(() => {
    lateMs = ms;
    wire.releaseReplies();
  });
  return { wire, clock, prefix, store, answered };
}

/** How far `timeMs` is from the server's clock, which no test here has set yet. */
const error = (timeMs = Number.NaN) => Math.abs(timeMs - Date.now());

it('L12 an answer that took three seconds does not tell the time, the next one does', async () => {
  const { wire, store, answered } = await slowAtFirst(3_000);
  const load = () => store.load(['payments'], () => WINDOW);
  await Promise.all([load(), answered]);
  expect(store.now()).toBeUndefined();
  await load();
  expect(error(store.now())).toBeLessThanOrEqual(1_000);
  await store.close();
  await wire.close();
});

it('L12 a trip is written by a time that is known: after a slow first answer the report’s own tells it', async () => {
  const { wire, clock, prefix, store, answered } = await slowAtFirst(3_000);
  const gear = new Switchgear({ store, clock, storeTimeout: '20s' });
  const payments = gear.breaker('payments', { resetTimeout: '1h', maxResetTimeout: '1h', jitter: 0 });
  const refused = Object.assign(new Error('down'), { code: 'ECONNREFUSED' });
  const fail = () => expect(payments.execute(() => Promise.reject(refused))).rejects.toBe(refused);
  await Promise.all([fail(), answered]);
  await fail();
  await fail();
  await gear.flush();
  const trip = (field: string) => command(servers.ports[0], 'HGET', `{${prefix}:payments}`, field);
  expect(await trip('state')).toBe('open');
  expect(error(Number(await trip('sinceMs')))).toBeLessThanOrEqual(1_000);
  await gear.close();
  await wire.close();
});

it('an operator does not wait for a better clock', async () => {
  const { wire, store, answered } = await slowAtFirst(3_000);
  const request = { mode: 'forced-open', by: 'ana', reason: 'drill' } as const;
  const [{ accepted, record }] = await Promise.all([store.override('payments', request), answered]);
  expect(accepted).toBe(true);
  expect(error(record.override?.atMs)).toBeLessThanOrEqual(3_000);
  await store.close();
  await wire.close();
});

/** Two failures trip, and calls find out how the dependency is. */
async function scene() {
  const store = new RedisStore({ client: CLIENTS['ioredis 6'](servers.ports[0]), prefix: newPrefix() });
  const gear = new Switchgear({ store, cacheTtl: 200, storeTimeout: '5s' });
  const breaker = gear.breaker('payments', {
    ...{ failureThreshold: 2, failureRatio: 0, leaseDuration: '1s' },
    ...{ resetTimeout: 300, maxResetTimeout: '2s' },
  });
  const call = (act: () => Promise<unknown>) =>
    breaker.execute(act).then(
      () => 'ok',
      () => 'failed or rejected',
    );
  const fail = async () => {
    await call(() => Promise.reject(Object.assign(new Error('down'), { code: 'ECONNREFUSED' })));
    await gear.flush();
  };
  const succeed = () => call(async () => {});
  const recovered = () => until(async () => (await succeed()) === 'ok' && breaker.state.state === 'closed');
  return { gear, breaker, fail, recovered };
}

it.each([
  ['on', HOUR_MS],
  ['back', -HOUR_MS],
])(
  'set %s by an hour: an open circuit is closed again by the first calls that succeed',
  async (_, jumpMs) => {
    const { gear, breaker, fail, recovered } = await scene();
    await fail();
    await fail();
    expect(breaker.state.state).toBe('open');
    await servers.advance(jumpMs);
    await recovered();
    await gear.close();
  },
);

it('set back by an hour while a prober dies: another one probes', async () => {
  const { gear, breaker, fail, recovered } = await scene();
  await fail();
  await fail();
  // It takes the lease, and is heard of no more.
  await until(() =>
    breaker.acquire().then(
      () => true,
      () => false,
    ),
  );
  expect(breaker.state.state).toBe('half-open');
  await servers.advance(-HOUR_MS);
  await recovered();
  await gear.close();
});

it.each([
  ['on', HOUR_MS],
  ['back', -HOUR_MS],
])('set %s by an hour: failures on both sides of it trip, or the next ones do', async (_, jumpMs) => {
  const { gear, breaker, fail } = await scene();
  await fail();
  await servers.advance(jumpMs);
  await until(async () => {
    await fail();
    return breaker.state.state === 'open';
  });
  await gear.close();
});
