/** Last good answers in a real Redis, over clients of the user's. */

import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { CircuitOpenError } from '../../src/errors.ts';
import { type AnswerStore, lastGoodAnswer } from '../../src/guard/index.ts';
import { command, newPrefix, type Servers, standalone, until } from './servers.ts';

let servers: Servers;
let port: number;
beforeAll(async () => {
  servers = await standalone();
  port = servers.ports[0];
});
afterAll(() => servers.stop());

const OVER: Record<string, () => Promise<{ store: AnswerStore; close(): unknown }>> = {
  ioredis: async () => {
    const redis = new Redis({ host: '127.0.0.1', port });
    const store: AnswerStore = {
      get: (key) => redis.get(key),
      set: (key, text, ttlMs) => redis.set(key, text, 'PX', ttlMs),
    };
    return { store, close: () => redis.disconnect() };
  },
  'node-redis': async () => {
    const redis = await createClient({ socket: { host: '127.0.0.1', port } }).connect();
    const store: AnswerStore = {
      get: (key) => redis.get(key),
      set: (key, text, ttlMs) => redis.set(key, text, { PX: ttlMs }),
    };
    return { store, close: () => redis.destroy() };
  },
};

for (const [client, connect] of Object.entries(OVER))
  it(`${client}: a process takes what another one knew, and Redis forgets it in time`, async () => {
    const name = newPrefix();
    const { store, close } = await connect();
    const process = () => lastGoodAnswer({ maxAge: '1h', shared: { store, name } });
    await process().execute(() => ({ country: 'PT' }), { key: '193.0.0.1' });
    await until(async () => Boolean(await store.get(`${name}:193.0.0.1`)));
    const rejects = () => Promise.reject(new CircuitOpenError('geo', { state: 'open', retryAfterMs: 1_000 }));
    expect(await process().execute(rejects, { key: '193.0.0.1' })).toEqual({ country: 'PT' });
    const ttl = Number(await command(port, 'PTTL', `${name}:193.0.0.1`));
    expect(ttl).toBeGreaterThan(3_590_000);
    expect(ttl).toBeLessThanOrEqual(3_600_000);
    await close();
  });
