import { afterAll, beforeAll, test } from 'vitest';
import { RedisStore } from '../../src/store/redis/index.ts';
import { run, VECTORS } from '../protocol-vectors.ts';
import { CLIENTS, newPrefix, type Servers, standalone } from './servers.ts';

let servers: Servers;
let store: RedisStore;
beforeAll(async () => {
  servers = await standalone();
  const client = CLIENTS[Object.keys(CLIENTS)[0] as keyof typeof CLIENTS];
  store = new RedisStore({ client: client(servers.ports[0]), prefix: newPrefix() });
});
afterAll(async () => {
  await store.close();
  await servers.stop();
});

test.each(VECTORS)('redis: %s', (_, vector) => run(vector, store));
