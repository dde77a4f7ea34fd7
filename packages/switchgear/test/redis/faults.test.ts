import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startRedis } from '../../../../scripts/services.mjs';
import { NOTHING, slotAt, total } from '../../src/core/evidence.ts';
import { type CircuitRecord, rootRecord } from '../../src/core/record.ts';
import type { StoreError } from '../../src/errors.ts';
import { newId } from '../../src/id.ts';
import { RedisStore } from '../../src/store/redis/index.ts';
import { openHead } from '../../src/testing/conformance/heads.ts';
import { CLIENTS, command, listening, newPrefix, subscribers, until } from './servers.ts';
import { Wire } from './wire.ts';

const WINDOW = { bucketMs: 60_000, buckets: 10 };

describe.each(Object.entries(CLIENTS))('the Redis store under faults of the server, with %s', (_, client) => {
  let folder: string;
  let server: Awaited<ReturnType<typeof startRedis>>;
  let wire: Wire;
  let store: RedisStore;
  let prefix: string;
  let name: string;

  /** With `data`, what was written outlives the server. */
  function start(data = true, port?: number) {
    const lasting = data ? ['--appendonly', 'yes', '--appendfsync', 'always', '--dir', folder] : [];
    const args = ['--repl-diskless-sync-delay', '0', ...lasting];
    return startRedis({ args, ...(port && { port }) });
  }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'switchgear-redis-'));
    server = await start();
  });
  afterAll(async () => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  });
  beforeEach(async () => {
    wire = await Wire.to(server.port);
    prefix = newPrefix();
    name = `circuit-${newId()}`;
    store = new RedisStore({ client: client(wire.port), prefix });
  });
  afterEach(async () => {
    await store.close();
    await wire.close();
  });

  async function read(): Promise<CircuitRecord> {
    const [record] = await store.load([name], () => WINDOW);
    return record as CircuitRecord;
  }

  function report(base: CircuitRecord = rootRecord(name, WINDOW)) {
    const slot = slotAt(store.now() ?? Date.now(), WINDOW.bucketMs);
    return store.report(base, {
      [slot]: { ...NOTHING, calls: 1, failures: 1 },
    });
  }

  const failures = (record: CircuitRecord) => total(record.evidence, store.now() as number, record).failures;

  /** Reads as soon as there is a connection again. */
  async function readAgain(): Promise<CircuitRecord> {
    for (;;) {
      const record = await read().catch(() => undefined);
      if (record) return record;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  it('survives SCRIPT FLUSH, with one EVAL per script', async () => {
    await report();
    await command(server.port, 'SCRIPT', 'FLUSH');
    let sent = '';
    wire.onRequest = (piece) => {
      sent += piece;
    };
    expect((await report()).accepted).toBe(true);
    expect((await report()).accepted).toBe(true);
    expect(sent.match(/\bEVAL\b/g)).toHaveLength(1);
    expect(sent.match(/\bEVALSHA\b/g)).toHaveLength(2);
    expect(failures(await read())).toBe(3);
  });

  it('L8 a restart with the data goes on where it was', async () => {
    const base = (await report()).record;
    const { record } = await store.transition(base, openHead(base, store.now() as number));
    await server.stop();
    server = await start(true, server.port);
    expect(await readAgain()).toEqual(record);
  });

  it('L8 a restart without the data is a closed circuit, and refuses what was derived from the lost one', async () => {
    const bare = await start(false);
    wire.target = bare.port;
    wire.cut();
    const base = (await report()).record;
    const { record } = await store.transition(base, openHead(base, store.now() as number));
    await bare.stop('SIGKILL');
    const anew = await start(false, bare.port);
    try {
      const root = await readAgain();
      expect(root).toEqual(rootRecord(name, WINDOW));
      const answer = await report(record);
      expect(answer).toEqual({
        accepted: false,
        record: { ...root, bucketMs: 1_000, buckets: 10, epoch: { number: 0, id: 'root-1000x10' } },
      });
      expect((await report(root)).accepted).toBe(true);
    } finally {
      await anew.stop();
    }
  });

  it('CLIENT PAUSE delays a report, which counts once', async () => {
    await read();
    await command(server.port, 'CLIENT', 'PAUSE', '300', 'ALL');
    expect((await report()).accepted).toBe(true);
    expect(failures(await read())).toBe(1);
  });

  it('L2 a report whose reply is lost is of unknown fate, and is never sent again', async () => {
    const { record } = await report();
    wire.holdReplies();
    const lost = report(record);
    await until(() => wire.held > 0);
    wire.cut();
    await expect(lost).rejects.toMatchObject({ code: 'STORE_FAILED', fate: 'unknown' });
    await readAgain();
    expect(failures(await read())).toBe(2);
  });

  it('L2 CLIENT KILL among many reports: each one that was answered counts once, none twice', async () => {
    await report();
    let unknown = 0;
    let acknowledged = 1;
    for (let round = 0; round < 5; round += 1) {
      const reports = Array.from({ length: 200 }, () =>
        report().then(
          () => {
            acknowledged += 1;
          },
          (error: StoreError) => {
            if (error.fate === 'unknown') unknown += 1;
          },
        ),
      );
      await Promise.all([...reports, command(server.port, 'CLIENT', 'KILL', 'TYPE', 'normal')]);
      await readAgain();
    }
    const counted = failures(await read());
    expect(counted).toBeGreaterThanOrEqual(acknowledged);
    expect(counted).toBeLessThanOrEqual(acknowledged + unknown);
  });

  it('fails at once while the server is away, says why, and is back with it', async () => {
    await report();
    await server.stop();
    // The first calls wait for the attempts to connect again.
    await until(async () => {
      const error: StoreError = await report().then(
        () => Promise.reject(new Error('was to fail')),
        (thrown) => thrown,
      );
      return error.fate === 'refused';
    });
    // Before anything from the network could come.
    const refusal = report().catch((error) => error);
    const late = new Promise((resolve) => setImmediate(resolve, 'late'));
    expect(await Promise.race([refusal, late])).toMatchObject({ code: 'STORE_FAILED', fate: 'refused' });
    server = await start(true, server.port);
    expect(failures(await readAgain())).toBe(1);
  });

  it('L8 an evicted circuit is a closed one, and an overridden one is not evicted', async () => {
    const small = await startRedis({ args: ['--maxmemory', '4mb', '--maxmemory-policy', 'volatile-ttl'] });
    try {
      wire.target = small.port;
      wire.cut();
      await store.override('held', { mode: 'forced-open', by: 'ana', reason: 'test' });
      const base = (await report()).record;
      await store.transition(base, openHead(base, store.now() as number));
      const value = 'x'.repeat(100_000);
      for (let filler = 0; (await command(small.port, 'EXISTS', `{${prefix}:${name}}`)) === '1'; filler += 1)
        await command(small.port, 'SET', `filler-${filler}`, value, 'EX', '9999999');
      expect(await read()).toEqual(rootRecord(name, WINDOW));
      expect((await report()).accepted).toBe(true);
      const [held] = await store.load(['held'], () => WINDOW);
      expect(held?.override?.mode).toBe('forced-open');
    } finally {
      await small.stop();
    }
  });

  it('L8 a replica that is promoted without the last writes is what counts from then on', async () => {
    const replica = await startRedis({ args: ['--replicaof', '127.0.0.1', String(server.port)] });
    try {
      const base = (await report()).record;
      const link = async () => command(replica.port, 'INFO', 'replication');
      await until(async () => (await link()).includes('master_link_status:up'));
      await command(server.port, 'WAIT', '1', '5000');
      await until(async () => (await command(replica.port, 'EXISTS', `{${prefix}:${name}}`)) === '1');
      await command(replica.port, 'REPLICAOF', 'NO', 'ONE');
      const lost = (await store.transition(base, openHead(base, store.now() as number))).record;
      wire.target = replica.port;
      wire.cut();
      expect(await readAgain()).toEqual(base);
      expect(await report(lost)).toEqual({ accepted: false, record: base });
      expect((await report(base)).accepted).toBe(true);
    } finally {
      await replica.stop();
    }
  });

  it('push: a lost subscription comes back and brings what was missed', async () => {
    const listener = await listening({ client: client(wire.port), prefix }, {
      ports: [server.port],
    } as never);
    try {
      const [root] = await listener.load([name], () => WINDOW);
      const seen: CircuitRecord[] = [];
      listener.subscribe((record) => seen.push(record));
      wire.target = 1;
      wire.cut();
      await until(async () => (await subscribers([server.port], prefix)) === 0);
      const writer = new RedisStore({ client: client(server.port), prefix });
      await writer.load([name], () => WINDOW);
      const { record } = await writer.transition(
        root as CircuitRecord,
        openHead(root as CircuitRecord, writer.now() as number),
      );
      await writer.close();
      expect(seen).toEqual([]);
      wire.target = server.port;
      await until(() => seen.length > 0);
      expect(seen).toEqual([record]);
    } finally {
      await listener.close();
    }
  });

  it('push: a subscriber that the server cuts off because it reads too slowly comes back and brings what was missed', async () => {
    await command(server.port, 'CONFIG', 'SET', 'client-output-buffer-limit', 'pubsub 1mb 0 0');
    const listener = await listening({ client: client(wire.port), prefix }, {
      ports: [server.port],
    } as never);
    try {
      const [root] = (await listener.load([name], () => WINDOW)) as [CircuitRecord];
      const seen: CircuitRecord[] = [];
      listener.subscribe((record) => seen.push(record));
      wire.clog();
      // Nor is there a new connection, before there is something to miss.
      wire.target = 1;
      // More than the buffers of both kernels hold.
      const flood = "for i = 1, 64 do redis.call('PUBLISH', ARGV[1], string.rep('x', 1000000)) end";
      await command(server.port, 'EVAL', flood, '0', `${prefix}:changes`);
      await until(async () => (await subscribers([server.port], prefix)) === 0);
      const writer = new RedisStore({ client: client(server.port), prefix, push: false });
      await writer.load([name], () => WINDOW);
      const { record } = await writer.transition(root, openHead(root, writer.now() as number));
      await writer.close();
      expect(seen).toEqual([]);
      wire.target = server.port;
      wire.unclog();
      await until(() => seen.some(({ epoch }) => epoch.id === record.epoch.id));
    } finally {
      await listener.close();
    }
  });

  it('L10 ten thousand circuits are read in one pipelined round trip', async () => {
    await read();
    const names = Array.from({ length: 10_000 }, (_, i) => `${name}-${i}`);
    let sent = '';
    const asked = () => sent.split('\nEVALSHA\r').length - 1;
    // No answer before the last question: whoever waits for one waits in vain.
    wire.holdReplies();
    wire.onRequest = (piece) => {
      sent += piece;
      if (asked() === names.length) wire.releaseReplies();
    };
    const records = await store.load(names, () => WINDOW);
    expect(records.map((record) => record.name)).toEqual(names);
    expect(asked()).toBe(names.length);
  });
});
