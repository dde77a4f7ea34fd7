import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { createSentinel } from 'redis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startRedis } from '../../../../scripts/services.mjs';
import { createStore } from '../../src/config/index.ts';
import { NOTHING, slotAt } from '../../src/core/evidence.ts';
import { type CircuitRecord, rootRecord } from '../../src/core/record.ts';
import type { StoreError } from '../../src/errors.ts';
import { newId } from '../../src/id.ts';
import { type RedisClient, RedisStore } from '../../src/store/redis/index.ts';
import { openHead } from '../../src/testing/conformance/heads.ts';
import { CLUSTER_CLIENTS, cluster, command, listening, newPrefix, type Servers, until } from './servers.ts';

const WINDOW = { bucketMs: 60_000, buckets: 10 };

function report(store: RedisStore, name: string) {
  const slot = slotAt(store.now() ?? Date.now(), WINDOW.bucketMs);
  return store.report(rootRecord(name, WINDOW), {
    [slot]: { ...NOTHING, calls: 1, failures: 1 },
  });
}

/** Counts once there is an answer. */
async function failuresOf(store: RedisStore, name: string): Promise<number> {
  let records: readonly CircuitRecord[] | undefined;
  await until(async () => {
    records = await store.load([name], () => WINDOW).catch(() => undefined);
    return records !== undefined;
  });
  return Object.values(records?.[0]?.evidence ?? {}).reduce((sum, { failures }) => sum + failures, 0);
}

interface Tally {
  answered: number;
  unknown: number;
}

/** Sends reports until `happen` has come to its end. Each that was answered must be counted once, of the others none twice. */
async function reportsDuring(
  store: RedisStore,
  name: string,
  happen: (tally: Readonly<Tally>) => Promise<unknown>,
) {
  const before = await failuresOf(store, name);
  const tally: Tally = { answered: 0, unknown: 0 };
  let over = false;
  const happened = happen(tally).finally(() => {
    over = true;
  });
  const worker = async () => {
    while (!over)
      await report(store, name).then(
        () => {
          tally.answered += 1;
        },
        async (error: StoreError) => {
          if (error.fate === 'unknown') tally.unknown += 1;
          await new Promise((resolve) => setTimeout(resolve, 5));
        },
      );
  };
  await Promise.all([happened, ...Array.from({ length: 20 }, worker)]);
  const counted = (await failuresOf(store, name)) - before;
  expect(counted).toBeGreaterThanOrEqual(tally.answered);
  expect(counted).toBeLessThanOrEqual(tally.answered + tally.unknown);
  expect(tally.answered).toBeGreaterThan(0);
  return tally;
}

let servers: Servers;
beforeAll(async () => {
  servers = await cluster();
});
afterAll(() => servers.stop());

describe.each(Object.entries(CLUSTER_CLIENTS) as [string, (port: number) => RedisClient][])(
  'the Redis store on a Cluster, with %s',
  (_, client) => {
    const ownerOf = async (slot: string) => {
      for (const line of (await command(servers.ports[0], 'CLUSTER', 'NODES')).split('\n')) {
        const [id = '', address = '', , , , , , , ...ranges] = line.split(' ');
        const mine = ranges.some((range) => {
          const [from, to = from] = range.split('-').map(Number);
          return Number(slot) >= (from as number) && Number(slot) <= (to as number);
        });
        if (mine) return { id, port: Number(/:(\d+)@/.exec(address)?.[1]) };
      }
      throw new Error(`nobody has slot ${slot}`);
    };

    it('L2 a slot moves while reports arrive: each counts once', async () => {
      const prefix = newPrefix();
      const store = new RedisStore({ client: client(servers.ports[0]), prefix, push: false });
      const name = `circuit-${newId()}`;
      await report(store, name);
      const key = `{${prefix}:${name}}`;
      const slot = await command(servers.ports[0], 'CLUSTER', 'KEYSLOT', key);
      const from = await ownerOf(slot);
      const to = { port: servers.ports.find((port) => port !== from.port) as number, id: '' };
      to.id = await command(to.port, 'CLUSTER', 'MYID');
      const move = async () => {
        await command(to.port, 'CLUSTER', 'SETSLOT', slot, 'IMPORTING', from.id);
        await command(from.port, 'CLUSTER', 'SETSLOT', slot, 'MIGRATING', to.id);
        await command(from.port, 'MIGRATE', '127.0.0.1', String(to.port), '', '0', '5000', 'KEYS', key);
        for (const port of [to.port, from.port, ...servers.ports])
          await command(port, 'CLUSTER', 'SETSLOT', slot, 'NODE', to.id);
      };
      const tally = await reportsDuring(store, name, move);
      expect(tally.unknown).toBe(0);
      expect((await ownerOf(slot)).port).toBe(to.port);
      await store.close();
    });

    it('L2 CLIENT KILL on all nodes while reports arrive: none counts twice', async () => {
      const store = new RedisStore({ client: client(servers.ports[0]), prefix: newPrefix(), push: false });
      // Until one of them has taken a report along: which, and when, is up to the race.
      const kill = async (tally: Readonly<Tally>) => {
        while (tally.unknown === 0 || tally.answered === 0)
          for (const port of servers.ports) await command(port, 'CLIENT', 'KILL', 'TYPE', 'normal');
      };
      await reportsDuring(store, `circuit-${newId()}`, kill);
      await store.close();
    });

    it('push: the subscription outlives its connection', async () => {
      const prefix = newPrefix();
      const store = await listening({ client: client(servers.ports[0]), prefix }, servers);
      const name = `circuit-${newId()}`;
      const [root] = (await store.load([name], () => WINDOW)) as [CircuitRecord];
      const seen: CircuitRecord[] = [];
      store.subscribe((record) => seen.push(record));
      for (const port of servers.ports) await command(port, 'CLIENT', 'KILL', 'TYPE', 'pubsub');
      const { record } = await store.transition(root, openHead(root, store.now() as number));
      await until(() => seen.some(({ epoch }) => epoch.id === record.epoch.id));
      await store.close();
    });
  },
);

it('createStore makes a store on a Cluster, of the address of one node', async () => {
  const store = await createStore(`redis://127.0.0.1:${servers.ports[0]}?cluster=true&prefix=${newPrefix()}`);
  const names = Array.from({ length: 20 }, (_, i) => `circuit-${i}`);
  for (const name of names) await store.override(name, { mode: 'disabled', by: 'ana', reason: 'test' });
  expect((await store.list()).sort()).toEqual(names.sort());
  await store.close?.();
});

describe('the Redis store behind Sentinel', () => {
  let folder: string;
  let primary: Awaited<ReturnType<typeof startRedis>>;
  let replica: typeof primary;
  let sentinel: typeof primary;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'switchgear-sentinel-'));
    primary = await startRedis({ args: ['--repl-diskless-sync-delay', '0'] });
    replica = await startRedis({ args: ['--replicaof', '127.0.0.1', String(primary.port)] });
    const config = join(folder, 'sentinel.conf');
    await writeFile(
      config,
      `sentinel monitor main 127.0.0.1 ${primary.port} 1\nsentinel down-after-milliseconds main 500\n`,
    );
    sentinel = await startRedis({ config, args: ['--sentinel'] });
    await until(async () => (await command(sentinel.port, 'SENTINEL', 'REPLICAS', 'main')).includes('slave'));
  });
  afterAll(async () => {
    await Promise.all([sentinel.stop(), replica.stop()]);
    await rm(folder, { recursive: true, force: true });
  });

  it('goes on with the new primary after a failover, with both makers of clients', async () => {
    const host = '127.0.0.1';
    const clients: RedisClient[] = [
      new Redis({ sentinels: [{ host, port: sentinel.port }], name: 'main', lazyConnect: true }),
      createSentinel({ name: 'main', sentinelRootNodes: [{ host, port: sentinel.port }] }),
    ];
    const prefix = newPrefix();
    const stores = clients.map((client) => new RedisStore({ client, prefix }));
    const seen = stores.map((store) => {
      const ids: string[] = [];
      store.subscribe(({ epoch }) => ids.push(epoch.id));
      return ids;
    });
    for (const store of stores) expect((await report(store, 'payments')).accepted).toBe(true);
    await command(primary.port, 'WAIT', '1', '5000');
    await primary.stop();
    await Promise.all(stores.map((store) => failuresOf(store, 'payments'))).then((counts) =>
      expect(counts).toEqual([2, 2]),
    );
    await until(async () => (await command(replica.port, 'ROLE')).startsWith('master'));
    for (const store of stores)
      await until(() =>
        report(store, 'payments').then(
          ({ accepted }) => accepted,
          () => false,
        ),
      );
    const [first] = stores as [RedisStore];
    const [base] = (await first.load(['payments'], () => WINDOW)) as [CircuitRecord];
    const { record } = await first.transition(base, openHead(base, first.now() as number));
    await until(() => seen.every((ids) => ids.includes(record.epoch.id)));
    await Promise.all(stores.map((store) => store.close()));
  });
});
