/** Servers that keep their connections, accept new ones and say nothing more. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { createSentinel } from 'redis';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { startRedis } from '../../../../scripts/services.mjs';
import { type CircuitRecord, rootRecord } from '../../src/core/record.ts';
import { StoreError } from '../../src/errors.ts';
import { newId } from '../../src/id.ts';
import { type RedisClient, RedisStore } from '../../src/store/redis/index.ts';
import { openHead } from '../../src/testing/conformance/heads.ts';
import {
  CLIENTS,
  CLUSTER_CLIENTS,
  cluster,
  command,
  listening,
  newPrefix,
  type Servers,
  standalone,
  until,
} from './servers.ts';
import { Wire } from './wire.ts';

// What takes the users seconds.
vi.mock('../../src/store/redis/reconnect.ts', async (original) => ({
  ...(await original<object>()),
  CONNECT_TIMEOUT_MS: 1_000,
  ANSWER_TIMEOUT_MS: 1_000,
  HEARTBEAT_MS: 100,
  LOADING_CHECK_MS: 100,
}));

const HOST = '127.0.0.1';
const WINDOW = { bucketMs: 6_000, buckets: 10 };
const works = (act: Promise<unknown>) =>
  act.then(
    () => true,
    () => false,
  );

describe.concurrent.each(Object.entries(CLIENTS))('%s', (_, client) => {
  let servers: Servers;
  beforeAll(async () => {
    servers = await standalone();
  });
  afterAll(() => servers.stop());

  it('push: a subscription whose connection is half-dead is begun anew, and brings what was missed', async () => {
    const [port] = servers.ports;
    const wire = await Wire.to(port);
    const prefix = newPrefix();
    const store = await listening({ client: client(wire.port), prefix }, servers);
    const [root] = (await store.load(['payments'], () => WINDOW)) as [CircuitRecord];
    const seen: CircuitRecord[] = [];
    store.subscribe((record) => seen.push(record));
    wire.deafen();
    const writer = new RedisStore({ client: client(port), prefix, push: false });
    await writer.load(['payments'], () => WINDOW);
    const { record } = await writer.transition(root, openHead(root, writer.now() as number));
    await until(() => seen.some(({ epoch }) => epoch.id === record.epoch.id));
    await Promise.all([store.close(), writer.close()]);
    await wire.close();
  });

  it('commands: a connection that falls silent is given up, and a new one serves', async () => {
    const wire = await Wire.to(servers.ports[0]);
    const store = new RedisStore({ client: client(wire.port), prefix: newPrefix(), push: false });
    const load = () => store.load(['payments'], () => WINDOW);
    await until(() => works(load()));
    wire.holdReplies();
    const lost = store.report({ ...rootRecord('payments', WINDOW), sinceMs: 1 }, {});
    await until(() => wire.held > 0);
    wire.deafen();
    await expect(lost).rejects.toMatchObject({ fate: 'unknown' });
    await until(() => works(load()));
    await store.close();
    await wire.close();
  });
});

describe.concurrent.each(Object.entries(CLIENTS))('a server that loads its data, %s', (_, client) => {
  it('is said to, at once or in time, and serves afterwards', async () => {
    const slow = await standalone(
      '--enable-debug-command',
      'yes',
      '--loading-process-events-interval-bytes',
      '1024',
    );
    const [port] = slow.ports;
    const prefix = newPrefix();
    const store = new RedisStore({ client: client(port), prefix, push: false });
    const report = (to: RedisStore) => to.report({ ...rootRecord('payments', WINDOW), sinceMs: 1 }, {});
    await report(store);
    const fill = "for i = 1, 20000 do redis.call('SET', 'filler' .. i, string.rep('x', 100)) end";
    await command(port, 'EVAL', fill, '0');
    // Microseconds per key, 40 s for all: until it is told to hurry. Between every ten keys or so it answers.
    await command(port, 'CONFIG', 'SET', 'key-load-delay', '2000');
    const loaded = command(port, 'DEBUG', 'RELOAD');
    const info = () => command(port, 'INFO', 'persistence');
    await until(async () => (await info()).includes('loading:1'));

    /** What it is refused with: a busy machine may take longer to say so than is waited for here, and then it is asked again. */
    const refusal = async (by: RedisStore): Promise<unknown> => {
      const error = await report(by).catch((thrown: StoreError) => thrown);
      return error instanceof StoreError && error.fate === 'unknown' ? refusal(by) : error;
    };
    const late = new RedisStore({ client: client(port), prefix, push: false });
    for (const each of [store, late])
      expect(await refusal(each)).toMatchObject({
        fate: 'refused',
        message: expect.stringMatching(/until the server has read|has to be waited/),
      });
    expect(await late.check()).toEqual([
      expect.objectContaining({ mend: expect.stringMatching(/until the server has read|has to be waited/) }),
    ]);
    await command(port, 'CONFIG', 'SET', 'key-load-delay', '0');
    await loaded;
    await until(() => works(report(store)));
    await until(() => works(report(late)));
    await Promise.all([store.close(), late.close()]);
    await slow.stop();
  });
});

describe.concurrent('a silent primary behind Sentinel', () => {
  it.each([
    [
      'ioredis',
      (port: number) => new Redis({ sentinels: [{ host: HOST, port }], name: 'main', lazyConnect: true }),
    ],
    [
      'node-redis',
      (port: number) => createSentinel({ name: 'main', sentinelRootNodes: [{ host: HOST, port }] }),
    ],
  ] as [string, (port: number) => RedisClient][])(
    'gives way to the one that is promoted: %s',
    async (_, client) => {
      const folder = await mkdtemp(join(tmpdir(), 'switchgear-sentinel-'));
      const primary = await startRedis({ args: ['--repl-diskless-sync-delay', '0'] });
      const replica = await startRedis({ args: ['--replicaof', HOST, String(primary.port)] });
      const config = join(folder, 'sentinel.conf');
      await writeFile(
        config,
        `sentinel monitor main ${HOST} ${primary.port} 1\nsentinel down-after-milliseconds main 500\n`,
      );
      const sentinel = await startRedis({ config, args: ['--sentinel'] });
      await until(async () =>
        (await command(sentinel.port, 'SENTINEL', 'REPLICAS', 'main')).includes('slave'),
      );
      await until(async () => (await command(replica.port, 'ROLE')).includes('connected'));
      const prefix = newPrefix();
      const store = await listening({ client: client(sentinel.port), prefix }, {
        ports: [primary.port],
      } as never);
      const [root] = (await store.load(['payments'], () => WINDOW)) as [CircuitRecord];
      const seen: string[] = [];
      store.subscribe(({ epoch }) => seen.push(epoch.id));
      const frozen = Number(/process_id:(\d+)/.exec(await command(primary.port, 'INFO', 'server'))?.[1]);
      process.kill(frozen, 'SIGSTOP');
      try {
        let id = '';
        await until(async () => {
          const moved = await store.transition(root, openHead(root, Date.now())).catch(() => undefined);
          id = moved?.record.epoch.id ?? '';
          return id !== '';
        });
        expect(await command(replica.port, 'HGET', `{${prefix}:payments}`, 'epochId')).toBe(id);
        await until(() => seen.includes(id));
      } finally {
        process.kill(frozen, 'SIGCONT');
        await store.close();
        await Promise.all([primary.stop(), replica.stop(), sentinel.stop()]);
        await rm(folder, { recursive: true, force: true });
      }
    },
  );
});

describe('a Cluster with a silent node', () => {
  let servers: Servers;
  let frozen: number | undefined;
  beforeAll(async () => {
    servers = await cluster();
  });
  const thaw = () => {
    if (frozen !== undefined) process.kill(frozen, 'SIGCONT');
    frozen = undefined;
  };
  afterEach(thaw);
  afterAll(() => servers.stop());

  /** Names of circuits, the first of them on the node of `port`, the other elsewhere. */
  async function namesAround(port: number, prefix: string): Promise<[string, string]> {
    const [range] = (await command(port, 'CLUSTER', 'NODES'))
      .split('\n')
      .filter((line) => /myself/.test(line));
    const [from, to] = (range?.split(' ').at(-1) ?? '').split('-').map(Number) as [number, number];
    const found: [string?, string?] = [];
    while (!found[0] || !found[1]) {
      const name = `circuit-${newId()}`;
      const slot = Number(await command(port, 'CLUSTER', 'KEYSLOT', `{${prefix}:${name}}`));
      found[slot >= from && slot <= to ? 0 : 1] = name;
    }
    return found as [string, string];
  }

  it.each(Object.entries(CLUSTER_CLIENTS) as [string, (port: number) => RedisClient][])(
    'answers in time, serves the other nodes, and comes back: %s',
    async (_, client) => {
      const [root, , port] = servers.ports as [number, number, number];
      const prefix = newPrefix();
      const [there, elsewhere] = await namesAround(port, prefix);
      const store = new RedisStore({ client: client(root), prefix, push: false });
      const load = (name: string) => store.load([name], () => WINDOW);
      const report = (name: string) => store.report({ ...rootRecord(name, WINDOW), sinceMs: 1 }, {});
      await load(there);
      await load(elsewhere);
      frozen = Number(/process_id:(\d+)/.exec(await command(port, 'INFO', 'server'))?.[1]);
      process.kill(frozen, 'SIGSTOP');
      await expect(report(there)).rejects.toMatchObject({ code: 'STORE_FAILED' });
      await until(() => works(load(elsewhere)));
      const told: unknown[] = [];
      const together = () =>
        store.load([there, elsewhere], () => WINDOW, { unreadable: (error) => told.push(error) });
      await until(() => works(together()));
      told.length = 0;
      expect(await together()).toEqual([undefined, expect.objectContaining({ name: elsewhere })]);
      expect(told).toEqual([expect.objectContaining({ code: 'STORE_FAILED' })]);
      // Long before the silent node is given up.
      let givenUp = false;
      const silent = expect(report(there)).rejects.toMatchObject({ code: 'STORE_FAILED' });
      const end = silent.then(() => {
        givenUp = true;
      });
      const soon = store.load([there, elsewhere], () => WINDOW, { unreadable: () => {}, withinMs: 100 });
      expect(await soon).toEqual([undefined, expect.objectContaining({ name: elsewhere })]);
      expect(givenUp).toBe(false);
      await end;
      thaw();
      await until(() => works(load(there)));
      await store.close();
    },
  );
});
