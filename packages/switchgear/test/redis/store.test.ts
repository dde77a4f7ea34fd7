import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GENERATED, generateLua } from '../../../../scripts/generate-lua.mjs';
import { createStore } from '../../src/config/index.ts';
import { NOTHING, slotAt } from '../../src/core/evidence.ts';
import { type CircuitRecord, rootRecord } from '../../src/core/record.ts';
import { ConfigurationError } from '../../src/errors.ts';
import { newId } from '../../src/id.ts';
import { RedisStore } from '../../src/store/redis/index.ts';
import { closedHead, halfOpenHead, leaseAt, openHead } from '../../src/testing/conformance/heads.ts';
import {
  CLIENTS,
  CLUSTER_CLIENTS,
  command,
  listening,
  newPrefix,
  type Servers,
  standalone,
  until,
} from './servers.ts';

const WINDOW = { bucketMs: 6_000, buckets: 10 };
const DAY_MS = 86_400_000;
const ANA = { by: 'ana', reason: 'test' };

let servers: Servers;
let port: number;
beforeAll(async () => {
  servers = await standalone();
  port = servers.ports[0];
});
afterAll(() => servers.stop());

it('the generated scripts are those of lua/: run `node scripts/generate-lua.mjs`', async () => {
  expect(await readFile(GENERATED, 'utf8')).toBe(generateLua());
});

it('an unreadable record concerns its own circuit; clear ends an override that cannot be read', async () => {
  const prefix = newPrefix();
  const store = new RedisStore({ client: CLIENTS['ioredis 6'](port), prefix, push: false });
  const load = (options = {}) => store.load(['payments', 'ledger'], () => WINDOW, options);
  await store.override('payments', { mode: 'forced-open', ...ANA });
  await command(port, 'HSET', `{${prefix}:payments}`, 'override', '{"version":1}');
  await expect(load()).rejects.toThrow(/payments.*cannot be read/);
  const told: unknown[] = [];
  expect(await load({ unreadable: (error: unknown) => told.push(error) })).toEqual([
    undefined,
    rootRecord('ledger', WINDOW),
  ]);
  expect(told).toEqual([expect.objectContaining({ code: 'STORE_FAILED' })]);
  await store.clear(['payments'], ANA);
  const [record] = await load();
  expect(record).toMatchObject({ state: 'closed', settledOverride: 1, transition: { reason: 'cleared' } });
  expect(record).not.toHaveProperty('override');
  await store.close();
});

describe('the keys of a circuit', () => {
  async function pttl(key: string): Promise<number> {
    return Number(await command(port, 'PTTL', key));
  }

  it('expire a week after all that the record says is over, and never while an operator’s word lies in it', async () => {
    const prefix = newPrefix();
    const store = new RedisStore({ client: CLIENTS['ioredis 6'](port), prefix, push: false });
    const name = 'payments';
    const key = `{${prefix}:payments}`;
    const near = (ms: number) => [ms - 5_000, ms + 5_000] as const;
    const expectTtl = async ([least, most]: readonly [number, number]) => {
      const ttl = await pttl(key);
      expect(ttl).toBeGreaterThan(least);
      expect(ttl).toBeLessThan(most);
    };

    const root = rootRecord(name, WINDOW);
    let { record } = await store.report(root, {
      [slotAt(Date.now(), 6_000)]: { ...NOTHING, calls: 1, failures: 1 },
    });
    await expectTtl(near(7 * DAY_MS));
    ({ record } = await store.transition(record, openHead(record, store.now() as number)));
    await expectTtl(near(7 * DAY_MS + 30_000));
    ({ record } = await store.transition(record, closedHead(record, store.now() as number)));
    await expectTtl(near(7 * DAY_MS + 15_000));
    const lease = leaseAt(store.now() as number);
    ({ record } = await store.transition(record, halfOpenHead(record, store.now() as number, lease)));
    await expectTtl(near(7 * DAY_MS + 10_000));
    expect(await pttl(`${key}:history`)).toBeGreaterThan(29 * DAY_MS);

    // closedHead has settled version 4: the fifth word is the first that counts.
    ({ record } = await store.override(name, { mode: 'disabled', ...ANA }));
    expect(await pttl(key)).toBe(-1);
    await store.settle(record, { leaseId: lease.id, slot: 0, verdict: 'success' });
    expect(await pttl(key)).toBe(-1);
    await store.clear([name], ANA);
    await expectTtl(near(7 * DAY_MS));
    const [cleared] = (await store.load([name], () => WINDOW)) as [CircuitRecord];
    await store.policy(name, { quorum: 2 }, ANA);
    await store.report(cleared, {});
    expect(await pttl(key)).toBe(-1);
    await store.close();
  });

  it('keep operators’ acts for 30 days from when the latest was replaced, the last thousand of them', async () => {
    const prefix = newPrefix();
    const store = new RedisStore({ client: CLIENTS['ioredis 6'](port), prefix, push: false });
    const key = `{${prefix}:payments}:acts`;
    await store.policy('payments', { quorum: 2 }, ANA);
    expect(await pttl(key)).toBe(-2);
    const filler = Array.from({ length: 1_000 }, () => '{"override":{}}');
    await command(port, 'LPUSH', key, ...filler);
    await store.policy('payments', { quorum: 3 }, ANA);
    expect(await pttl(key)).toBeGreaterThan(29 * DAY_MS);
    expect(Number(await command(port, 'LLEN', key))).toBe(1_000);
    // What a hand has broken is left out.
    expect((await store.acts('payments', 1_000)).map(({ version }) => version)).toEqual([2, 1]);
    await store.override('payments', { mode: 'disabled', ...ANA });
    await store.clear(['payments'], ANA);
    expect((await store.acts('payments', 1_000)).map(({ kind }) => kind)).toContain('override');
    await store.close();
  });

  it('keep to their prefix: two fleets share a server', async () => {
    const stores = [newPrefix(), newPrefix()].map(
      (prefix) => new RedisStore({ client: CLIENTS['node-redis'](port), prefix, push: false }),
    ) as [RedisStore, RedisStore];
    await stores[0].override('payments', { mode: 'disabled', ...ANA });
    expect(await stores[0].list()).toEqual(['payments']);
    expect(await stores[1].list()).toEqual([]);
    for (const store of stores) await store.close();
  });

  it.each(['', 'a{b', '}', 7])('refuses the prefix %o', (prefix) => {
    const make = () => new RedisStore({ client: CLIENTS['ioredis 6'](port), prefix: prefix as string });
    expect(make).toThrow(ConfigurationError);
  });
});

it('createStore makes a store that works, of an address', async () => {
  const prefix = newPrefix();
  const store = await createStore(`redis://127.0.0.1:${port}?prefix=${prefix}`);
  await store.override('payments', { mode: 'disabled', ...ANA });
  expect(await store.list()).toEqual(['payments']);
  expect(await command(port, 'EXISTS', `{${prefix}:payments}`)).toBe('1');
  await store.close?.();
});

describe('a record that somebody else wrote', () => {
  it.each([
    [{ schema: '2' }, /schema 2, this version reads up to 1/],
    [{ epoch: 'x' }, /epoch is "x"/],
    [{ state: 'ajar' }, /state is "ajar"/],
    [{ override: '{}' }, /version is undefined/],
    [{ transition: '{' }, /atMs is undefined/],
  ])('is refused with %o, in words', async (fields, message) => {
    const prefix = newPrefix();
    const store = new RedisStore({ client: CLIENTS['ioredis 6'](port), prefix, push: false });
    const name = `circuit-${newId()}`;
    await store.report(rootRecord(name, WINDOW), {});
    await command(port, 'HSET', `{${prefix}:${name}}`, ...Object.entries(fields).flat());
    await expect(store.load([name], () => WINDOW)).rejects.toThrow(message);
    await store.close();
  });
});

describe('the rights that docs/redis.md lists suffice', () => {
  const rights = (prefix: string) => [
    ...[`~{${prefix}:*`, `~${prefix}:directory`, '+@connection', '+info'],
    ...'+evalsha +eval +hgetall +hmget +hset +hincrby +hdel +time +persist +pexpireat +pexpire'.split(' '),
    ...'+lpush +ltrim +lrange +sadd +smembers +publish +subscribe'.split(' '),
  ];

  it.each(Object.entries(CLIENTS))('%s; without the channel nobody is told', async (_maker, client) => {
    const prefix = newPrefix();
    const user = { username: prefix, password: 'secret' };
    await command(port, 'ACL', 'SETUSER', prefix, 'on', '>secret', 'resetchannels', ...rights(prefix));
    const store = new RedisStore({ client: client(port, user), prefix, push: false });
    const { record } = await store.report(rootRecord('payments', WINDOW), {});
    const moved = await store.transition(record, openHead(record, store.now() as number));
    expect(moved.accepted).toBe(true);

    await command(port, 'ACL', 'SETUSER', prefix, `&${prefix}:changes`);
    const listener = await listening({ client: client(port, user), prefix }, servers);
    const told: string[] = [];
    listener.subscribe(({ override }) => told.push(override?.mode ?? 'none'));
    await store.override('payments', { mode: 'disabled', ...ANA });
    await until(() => told.includes('disabled'));
    await store.clear(['payments'], ANA);
    expect(await store.list()).toEqual(['payments']);
    expect(await store.history('payments')).toHaveLength(2);
    await Promise.all([store.close(), listener.close()]);
  });
});

describe('wrong settings are said in words, and no write is in doubt', () => {
  const cases = Object.entries(CLIENTS).flatMap(([maker, client]) => {
    const tls = maker === 'node-redis' ? { socket: { host: '127.0.0.1', tls: true } } : { tls: {} };
    return [
      [
        maker,
        'password',
        client,
        { username: 'reader', password: 'wrong' },
        /WRONGPASS.*mend user name and password/,
      ],
      [maker, 'TLS', client, tls, /speaks TLS there/],
      [maker, 'rights', client, { username: 'reader', password: 'secret' }, /NOPERM.*allow the user/s],
    ] as const;
  });

  beforeAll(async () => {
    await command(
      port,
      'ACL',
      'SETUSER',
      'reader',
      'on',
      '>secret',
      '~*',
      '&*',
      '+@read',
      '+@connection',
      '+info',
    );
  });

  it.concurrent.each(cases)('%s: %s', async (_maker, _what, client, options, message) => {
    const socket = 'socket' in options ? { socket: { ...options.socket, port } } : {};
    const store = new RedisStore({ client: client(port, { ...options, ...socket }), prefix: newPrefix() });
    const acts = [
      store.load(['payments'], () => WINDOW),
      store.report({ ...rootRecord('payments', WINDOW), sinceMs: 1 }, {}),
    ];
    for (const { reason } of (await Promise.allSettled(acts)) as PromiseRejectedResult[])
      expect(reason).toMatchObject({ fate: 'refused', message: expect.stringMatching(message) });
    await store.close();
  });

  it('a client for one server, pointed at none', async () => {
    const store = new RedisStore({
      client: CLUSTER_CLIENTS['node-redis'](1),
      prefix: newPrefix(),
      push: false,
    });
    await expect(store.load(['payments'], () => WINDOW)).rejects.toMatchObject({ fate: 'refused' });
    await store.close();
  });

  it('something that is no client', () => {
    expect(() => new RedisStore({ client: {} as never })).toThrow(
      /client must be one of ioredis or of node-redis/,
    );
  });
});

it('memory per circuit is what docs/redis.md states', async () => {
  const prefix = newPrefix().slice(0, 'switchgear'.length);
  const store = new RedisStore({ client: CLIENTS['ioredis 6'](port), prefix, push: false });
  const usage = async (key: string) => Number(await command(port, 'MEMORY', 'USAGE', key, 'SAMPLES', '0'));
  const key = `{${prefix}:payments}`;
  const base = rootRecord('payments', WINDOW);
  const report = (buckets: number, slow: number) => {
    const newest = slotAt(store.now() ?? Date.now(), 6_000);
    const counts = { ...NOTHING, calls: 120, failures: 12, slow };
    const slots = Array.from({ length: buckets }, (_, i) => [newest - i, counts] as const);
    return store.report(base, Object.fromEntries(slots));
  };
  const measured: number[] = [];
  await report(1, 0);
  measured.push(await usage(key));
  await report(10, 0);
  measured.push(await usage(key));
  let { record } = await report(10, 3);
  measured.push(await usage(key));
  for (let step = 0; step < 10; step += 1)
    ({ record } = await store.transition(record, openHead(record, store.now() as number)));
  measured.push(await usage(key), (await usage(`${key}:history`)) / 10);
  await store.close();

  const docs = await readFile(new URL('../../../../docs/redis.md', import.meta.url), 'utf8');
  const table = docs.slice(docs.indexOf('Memory, by `MEMORY USAGE'));
  const stated = [...table.matchAll(/(?:\| |; )([\d ]+)(?= \||;)/g)].map(([, n = '']) =>
    Number(n.replace(' ', '')),
  );
  // Servers differ a little, by version and allocator.
  for (const [at, bytes] of measured.entries()) {
    expect(bytes, `${measured}`).toBeLessThan((stated[at] as number) * 1.15);
    expect(bytes, `${measured}`).toBeGreaterThan((stated[at] as number) * 0.85);
  }
});
