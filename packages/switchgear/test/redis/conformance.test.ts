import { afterAll, beforeAll, describe, test } from 'vitest';
import { type RedisClient, RedisStore } from '../../src/store/redis/index.ts';
import { conformance } from '../../src/testing/index.ts';
import {
  CLIENTS,
  CLUSTER_CLIENTS,
  cluster,
  listening,
  newPrefix,
  type Servers,
  standalone,
} from './servers.ts';

type Make = (port: number) => RedisClient;

describe.each([
  ['one server', standalone, CLIENTS],
  ['a Cluster of three', cluster, CLUSTER_CLIENTS],
] as [string, () => Promise<Servers>, Record<string, Make>][])(
  'the Redis store keeps the contract on %s',
  (_, start, clients) => {
    let servers: Servers;
    beforeAll(async () => {
      servers = await start();
    });
    afterAll(() => servers.stop());

    describe.each(Object.entries(clients))('%s', (_, client) => {
      let store: RedisStore;
      let other: RedisStore;
      beforeAll(async () => {
        const options = { client: client(servers.ports[0]), prefix: newPrefix() };
        store = new RedisStore(options);
        other = await listening(options, servers);
      });
      afterAll(() => Promise.all([store.close(), other.close()]));

      // Names are the cases' own, so all share the stores.
      const rig = () => ({ store, other, advance: (ms: number) => servers.advance(ms), close: () => {} });
      for (const { name, law, run } of conformance(rig, { pushes: true })) test(`${name} (${law})`, run);
    });
  },
);
