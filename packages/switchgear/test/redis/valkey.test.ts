/** The same contract, scripts, push and words on Valkey. docs/decisions/0016 says where there is none, and whose clock moves here. */

import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, inject, it, test, vi } from 'vitest';
import { startRedis } from '../../../../scripts/services.mjs';
import { NOTHING, slotAt, total } from '../../src/core/evidence.ts';
import { rootRecord } from '../../src/core/record.ts';
import { RedisStore } from '../../src/store/redis/index.ts';
import { conformance } from '../../src/testing/index.ts';
import { CLIENTS, command, listening, newPrefix, type Servers } from './servers.ts';

/** libfaketime and Valkey's allocator cannot start together, so the scripts ask a clock that a key moves on. */
vi.mock('../../src/store/redis/lua.generated.ts', async (original) => {
  const { SCRIPTS } = (await original()) as { SCRIPTS: Record<string, { sha1: string; text: string }> };
  const clock = `local function clock()
local time, ahead = redis.call('TIME'), tonumber(redis.call('GET', 'ahead') or 0)
local ms = time[1] * 1000 + math.floor(time[2] / 1000) + ahead
return { math.floor(ms / 1000), ms % 1000 * 1000 }
end
`;
  const moved = Object.entries(SCRIPTS).map(([verb, script]) => {
    const text = clock + script.text.replaceAll("redis.call('TIME')", 'clock()');
    return [verb, { sha1: createHash('sha1').update(text).digest('hex'), text }];
  });
  return { SCRIPTS: Object.fromEntries(moved) };
});

const WINDOW = { bucketMs: 60_000, buckets: 10 };
const { 'ioredis 6': ioredis, 'node-redis': nodeRedis } = CLIENTS;

const program = inject('valkeyServer');
const title = program ? 'Valkey' : 'Valkey, which no package source of this machine has';
describe.skipIf(!program)(title, () => {
  let server: Awaited<ReturnType<typeof startRedis>>;
  let servers: Servers;
  beforeAll(async () => {
    server = await startRedis({ program });
    let aheadMs = 0;
    const advance = async (ms: number) => {
      aheadMs += ms;
      await command(server.port, 'SET', 'ahead', String(aheadMs));
    };
    servers = { ports: [server.port], advance, stop: () => server.stop() };
  });
  afterAll(() => server.stop());

  it('is Valkey', async () => {
    expect(await command(server.port, 'INFO', 'server')).toMatch(/^server_name:valkey/m);
  });

  describe.each(Object.entries({ ioredis, nodeRedis }))('%s', (_, client) => {
    let store: RedisStore;
    let other: RedisStore;
    beforeAll(async () => {
      const options = { client: client(server.port), prefix: newPrefix() };
      store = new RedisStore(options);
      other = await listening(options, servers);
    });
    afterAll(() => Promise.all([store.close(), other.close()]));
    const rig = () => ({ store, other, advance: (ms: number) => servers.advance(ms), close: () => {} });

    // What the makers of clients do otherwise shows on Redis.
    const cases = client === ioredis ? conformance(rig, { pushes: true }) : [];
    for (const { name, law, run } of cases) test(`${name} (${law})`, run);

    it('has no problems, and tells of a change', async () => {
      expect(await store.check()).toEqual([]);
      const told = new Promise<string>((resolve) => other.subscribe(({ name }) => resolve(name)));
      await store.override('payments', { mode: 'disabled', by: 'ana', reason: 'test' });
      expect(await told).toBe('payments');
    });

    it('counts on after SCRIPT FLUSH', async () => {
      const slot = slotAt(store.now() ?? 0, WINDOW.bucketMs);
      const report = () =>
        store.report(rootRecord('flushed', WINDOW), {
          [slot]: { ...NOTHING, calls: 1, failures: 1 },
        });
      await report();
      await command(server.port, 'SCRIPT', 'FLUSH');
      const { record } = await report();
      expect(total(record.evidence, store.now() as number, record).failures).toBe(2);
    });

    it('says which commands a user may not use', async () => {
      const prefix = newPrefix();
      const rights = [
        'resetchannels',
        '~ahead',
        `~{${prefix}:*`,
        `~${prefix}:directory`,
        `&${prefix}:changes`,
        '+@all',
      ];
      await command(server.port, 'ACL', 'SETUSER', prefix, 'on', '>secret', ...rights, '-hset', '-sadd');
      const own = client(server.port, { username: prefix, password: 'secret' });
      const limited = new RedisStore({ client: own, prefix });
      expect(await limited.check()).toEqual([
        {
          severity: 'error',
          what: expect.stringMatching(/^HSET, SADD: /),
          mend: expect.stringContaining('docs/redis.md'),
        },
      ]);
      await limited.close();
    });
  });
});
