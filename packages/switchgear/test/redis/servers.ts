/** Redis servers for the tests: alone and as a Cluster, with clocks that can be moved on, and clients of both makers. */

import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Cluster, Redis } from 'ioredis';
import { Cluster as Cluster5, Redis as Redis5 } from 'ioredis5';
import { createClient, createCluster } from 'redis';
import { startRedis } from '../../../../scripts/services.mjs';
import { RedisStore, type RedisStoreOptions } from '../../src/store/redis/index.ts';

const run = promisify(execFile);
const HOST = '127.0.0.1';
/** Of a Cluster. */
const SLOTS = 16_384;

/** One server or several that share a clock. */
export interface Servers {
  readonly ports: readonly [number, ...number[]];
  /** Moves the servers' clock on, or back. */
  advance(ms: number): Promise<void>;
  stop(): Promise<void>;
}

async function start(args: readonly (readonly string[])[]): Promise<Servers & { folder: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'switchgear-redis-'));
  const clockFile = join(folder, 'clock');
  let aheadMs = 0;
  await writeFile(clockFile, '+0');
  const servers = await Promise.all(
    args.map((own) => startRedis({ args: ['--dir', folder, ...own], clockFile })),
  );
  const ports = servers.map(({ port }) => port) as unknown as Servers['ports'];
  return {
    folder,
    ports,
    async advance(ms) {
      aheadMs += ms;
      await writeFile(clockFile, `${aheadMs < 0 ? '' : '+'}${aheadMs / 1_000}`);
    },
    async stop() {
      await Promise.all(servers.map(({ stop }) => stop()));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export function standalone(...args: string[]): Promise<Servers> {
  return start([args]);
}

/** Three masters. Their clock jumps in the tests, so none may take another for dead. */
export async function cluster(): Promise<Servers> {
  const own = (n: number) => [
    ...['--cluster-enabled', 'yes', '--cluster-config-file', `nodes-${n}.conf`],
    ...['--cluster-node-timeout', '86400000'],
  ];
  const servers = await start([own(0), own(1), own(2)]);
  const third = Math.ceil(SLOTS / 3);
  await Promise.all(
    servers.ports.map(async (port, n) => {
      const last = Math.min((n + 1) * third, SLOTS) - 1;
      await command(port, 'CLUSTER', 'ADDSLOTSRANGE', String(n * third), String(last));
      await command(port, 'CLUSTER', 'SET-CONFIG-EPOCH', String(n + 1));
      await command(port, 'CLUSTER', 'MEET', HOST, String(servers.ports[0]));
    }),
  );
  // A master waits for 2 s after its start before it serves.
  await servers.advance(2_500);
  for (const port of servers.ports)
    await until(async () => (await command(port, 'CLUSTER', 'INFO')).includes('cluster_state:ok'));
  return servers;
}

/** Sends one command with the server's own client. */
export async function command(port: number, ...args: string[]): Promise<string> {
  return (await run('redis-cli', ['-h', HOST, '-p', String(port), ...args])).stdout.trim();
}

/** Makers of clients, by what they make. None of the clients is connected. */
export const CLIENTS = {
  'ioredis 6': (port: number, more: object = {}) =>
    new Redis({ host: HOST, port, lazyConnect: true, ...more }),
  'ioredis 5': (port: number, more: object = {}) =>
    new Redis5({ host: HOST, port, lazyConnect: true, ...more }),
  'node-redis': (port: number, more: object = {}) => createClient({ socket: { host: HOST, port }, ...more }),
};

export const CLUSTER_CLIENTS = {
  'ioredis 6': (port: number) => new Cluster([{ host: HOST, port }], { lazyConnect: true }),
  'ioredis 5': (port: number) => new Cluster5([{ host: HOST, port }], { lazyConnect: true }),
  'node-redis': (port: number) => createCluster({ rootNodes: [{ socket: { host: HOST, port } }] }),
};

/** A prefix that no other test uses. */
export function newPrefix(): string {
  return `test-${crypto.randomUUID()}`;
}

/** A store whose subscription has begun, so that what is published from now on is heard. The only one of its prefix that listens. */
export async function listening(
  options: RedisStoreOptions & { readonly prefix: string },
  { ports }: Servers,
): Promise<RedisStore> {
  const store = new RedisStore(options);
  store.subscribe(() => {});
  await until(async () => (await subscribers(ports, options.prefix)) > 0);
  return store;
}

/** How many connections listen to the stores of this prefix. */
export async function subscribers(ports: Servers['ports'], prefix: string): Promise<number> {
  const answers = ports.map((port) => command(port, 'PUBSUB', 'NUMSUB', `${prefix}:changes`));
  return (await Promise.all(answers)).reduce((sum, text) => sum + Number(text.split('\n')[1]), 0);
}

/** Resolves once `condition` holds. The test's own time limit ends it otherwise. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 5));
}
