/** The server's clock is set while circuits live. Set back, it keeps an open circuit open until its deadline comes again: docs/redis.md. */

import { afterAll, beforeAll, expect, it } from 'vitest';
import { Switchgear } from '../../src/index.ts';
import { RedisStore } from '../../src/store/redis/index.ts';
import { CLIENTS, newPrefix, type Servers, standalone, until } from './servers.ts';

const HOUR_MS = 3_600_000;
let servers: Servers;
beforeAll(async () => {
  servers = await standalone();
});
afterAll(() => servers.stop());

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

it('set on by an hour: an open circuit is closed again by the first calls that succeed', async () => {
  const { gear, breaker, fail, recovered } = await scene();
  await fail();
  await fail();
  expect(breaker.state.state).toBe('open');
  await servers.advance(HOUR_MS);
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
