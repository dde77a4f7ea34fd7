/** What others do to the server, and what the owner of the model wants of it: each once took the whole store along. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startRedis } from '../../../../scripts/services.mjs';
import { type CircuitRecord, rootRecord } from '../../src/core/record.ts';
import { RedisStore } from '../../src/store/redis/index.ts';
import { openHead } from '../../src/testing/conformance/heads.ts';
import {
  CLIENTS,
  command,
  listening,
  newPrefix,
  type Servers,
  standalone,
  subscribers,
  until,
} from './servers.ts';
import { Wire } from './wire.ts';

const WINDOW = { bucketMs: 6_000, buckets: 10 };

let servers: Servers;
let port: number;
beforeAll(async () => {
  servers = await standalone();
  port = servers.ports[0];
});
afterAll(() => servers.stop());

const rootOf = async (store: RedisStore) =>
  (await store.load(['payments'], () => WINDOW))[0] as CircuitRecord;
const trip = (store: RedisStore, root: CircuitRecord) =>
  store.transition(root, openHead(root, store.now() as number));

it.each(['ioredis 6', 'ioredis 5'] as const)('%s: a model whose numbers are texts', async (maker) => {
  const client = CLIENTS[maker](port, { stringNumbers: true });
  const store = new RedisStore({ client, prefix: newPrefix(), push: false });
  expect((await store.report(rootRecord('payments', WINDOW), {})).accepted).toBe(true);
  expect(Math.abs((store.now() as number) - Date.now())).toBeLessThan(60_000);
  await store.close();
});

it.each(['ioredis 6', 'ioredis 5'] as const)(
  '%s: a keyPrefix parts fleets whose prefix is the same, what is pushed too',
  async (maker) => {
    const prefix = newPrefix();
    const [a, b] = await Promise.all(
      ['a:', 'b:'].map(async (keyPrefix) => {
        const store = new RedisStore({ client: CLIENTS[maker](port, { keyPrefix }), prefix });
        const heard: string[] = [];
        store.subscribe(({ name }) => heard.push(name));
        await until(async () => (await subscribers(servers.ports, keyPrefix + prefix)) > 0);
        return { store, heard };
      }),
    );
    await a?.store.override('payments', { mode: 'disabled', by: 'ana', reason: 'test' });
    await b?.store.override('ledger', { mode: 'disabled', by: 'ana', reason: 'test' });
    await until(() => a?.heard.length === 1 && b?.heard.length === 1);
    expect([a?.heard, b?.heard]).toEqual([['payments'], ['ledger']]);
    expect([await a?.store.list(), await b?.store.list()]).toEqual([['payments'], ['ledger']]);
    expect(await command(port, 'EXISTS', `{a:${prefix}:payments}`, `a:${prefix}:directory`)).toBe('2');
    expect(await a?.store.check()).toEqual([]);
    await Promise.all([a?.store.close(), b?.store.close()]);
  },
);

describe.each(Object.entries(CLIENTS))('%s', (maker, client) => {
  it('what happens in another database of the server is not heard in this one', async () => {
    const prefix = newPrefix();
    const third = () => client(port, maker === 'node-redis' ? { database: 3 } : { db: 3 });
    const store = await listening({ client: client(port), prefix }, servers);
    const heard: CircuitRecord[] = [];
    store.subscribe((record) => heard.push(record));
    const there = new RedisStore({ client: third(), prefix });
    const heardThere: CircuitRecord[] = [];
    there.subscribe((record) => heardThere.push(record));
    await until(async () => (await command(port, 'PUBSUB', 'NUMSUB', `${prefix}:changes:3`)).endsWith('\n1'));
    await trip(there, await rootOf(there));
    await until(() => heardThere.length > 0);
    // Comes after whatever the other database published.
    await store.override('ledger', { mode: 'disabled', by: 'ana', reason: 'test' });
    await until(() => heard.length > 0);
    expect(heard.map(({ name }) => name)).toEqual(['ledger']);
    await Promise.all([store.close(), there.close()]);
  });

  it.each([
    ['a key of another type', (key: string) => ['SET', key, 'x']],
    ['numbers beyond all measure', (key: string) => ['HSET', key, 'state', 'half-open', 'slots', '1e300']],
    ['more slots than fit into memory', (key: string) => ['HSET', key, 'state', 'half-open', 'slots', '1e7']],
  ])('%s under one circuit’s name is that circuit’s trouble alone', async (_, damage) => {
    const prefix = newPrefix();
    const store = new RedisStore({ client: client(port), prefix, push: false });
    const root = rootRecord('payments', WINDOW);
    const { record } = await store.report({ ...root, sinceMs: 1 }, {});
    const key = `{${prefix}:payments}`;
    const state = 'successesNeeded 1 leaseMs 1 successes 0 failures 0 lapses 0'.split(' ');
    await command(port, 'HSET', key, ...state);
    await command(port, ...damage(key));
    const told: unknown[] = [];
    const records = await store.load(['payments', 'ledger'], () => WINDOW, {
      unreadable: (error) => told.push(error),
    });
    expect(records.map((read) => read?.name)).toEqual([undefined, 'ledger']);
    expect(told).toEqual([expect.objectContaining({ message: expect.stringContaining('"payments"') })]);
    expect(record.name).toBe('payments');
    await store.close();
  });

  it('L7 a history that cannot be written keeps no transition from the fleet, and its fate is open', async () => {
    const prefix = newPrefix();
    const store = await listening({ client: client(port), prefix }, servers);
    const heard: CircuitRecord[] = [];
    store.subscribe((record) => heard.push(record));
    await command(port, 'SET', `{${prefix}:payments}:history`, 'x');
    const root = await rootOf(store);
    await expect(trip(store, root)).rejects.toMatchObject({
      fate: 'unknown',
      message: expect.stringMatching(/WRONGTYPE.*something else uses the keys/),
    });
    await until(() => heard.some(({ state }) => state === 'open'));
    expect((await rootOf(store)).state).toBe('open');
    await store.close();
  });

  it('a primary that becomes a replica without ending a connection is left for the new one', async () => {
    const former = await startRedis();
    const wire = await Wire.to(former.port);
    const store = new RedisStore({ client: client(wire.port), prefix: newPrefix(), push: false });
    const report = () => store.report(rootRecord('payments', WINDOW), {});
    await report();
    await command(former.port, 'REPLICAOF', '127.0.0.1', String(port));
    wire.target = port;
    await expect(report()).rejects.toMatchObject({ fate: 'refused', message: /READONLY/ });
    // The connection is over, and not everybody has been told: what was not sent is in no doubt.
    expect(await report().catch((error) => error)).not.toMatchObject({ fate: 'unknown' });
    await until(() =>
      report().then(
        () => true,
        () => false,
      ),
    );
    await Promise.all([store.close(), former.stop()]);
    await wire.close();
  });

  it('a store that was closed opens nothing', async () => {
    const name = newPrefix();
    const more = maker === 'node-redis' ? { name } : { connectionName: name };
    const store = new RedisStore({ client: client(port, more), prefix: newPrefix() });
    await store.close();
    const opened = await command(port, 'INFO', 'stats');
    const count = (info: string) => Number(/total_connections_received:(\d+)/.exec(info)?.[1]);
    store.subscribe(() => {});
    await expect(rootOf(store)).rejects.toMatchObject({ fate: 'refused', message: /store is closed/ });
    expect(await command(port, 'CLIENT', 'LIST')).not.toContain(name);
    // That of the command itself.
    expect(count(await command(port, 'INFO', 'stats'))).toBe(count(opened) + 2);
  });
});
