/** The slots of a fleet in a real Redis: never more than allowed, whoever races, and none lost. */

import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fleetBulkhead, type RunScript, redisSlots } from '../../src/guard/index.ts';
import { command, newPrefix, type Servers, standalone, until } from './servers.ts';

let servers: Servers;
let port: number;
beforeAll(async () => {
  servers = await standalone();
  port = servers.ports[0];
});
afterAll(() => servers.stop());

const OVER: Record<string, () => Promise<{ run: RunScript; close(): unknown }>> = {
  ioredis: async () => {
    const redis = new Redis({ host: '127.0.0.1', port });
    const run: RunScript = (script, key, args) => redis.eval(script, 1, key, ...args);
    return { run, close: () => redis.disconnect() };
  },
  'node-redis': async () => {
    const redis = await createClient({ socket: { host: '127.0.0.1', port } }).connect();
    const run: RunScript = (script, key, args) => redis.eval(script, { keys: [key], arguments: args });
    return { run, close: () => redis.destroy() };
  },
};

describe.each(Object.entries(OVER))('over %s', (_, connect) => {
  it('a dozen processes that race hold no more slots than allowed, and give all back', async () => {
    const prefix = newPrefix();
    const processes = await Promise.all(Array.from({ length: 12 }, connect));
    let running = 0;
    let most = 0;
    let refused = 0;
    const call = async () => {
      most = Math.max(most, ++running);
      // The first five stay until they are five, and somebody has found no slot.
      await until(() => most >= 5 && refused > 0);
      running--;
    };
    await Promise.all(
      processes.map(async ({ run }) => {
        const guard = fleetBulkhead(redisSlots(run, prefix), {
          name: 'payments',
          maxConcurrent: 5,
          timeout: '30s',
        });
        for (let i = 0; i < 40; i++)
          await guard.execute(call).catch((error: { code?: string }) => {
            if (error.code !== 'BULKHEAD_FULL') throw error;
            refused++;
          });
      }),
    );
    expect(most).toBe(5);
    expect(refused).toBeGreaterThan(0);
    await until(async () => Number(await command(port, 'EXISTS', `${prefix}:payments`)) === 0);
    for (const { close } of processes) await close();
  });

  it('a lease that nobody gives back ends by Redis’ own clock, and the key with its last lease', async () => {
    const prefix = newPrefix();
    const { run, close } = await connect();
    const slots = redisSlots(run, prefix);
    expect(await slots.take('payments', 'long', 2, 60_000)).toBe(true);
    expect(await slots.take('payments', 'short', 2, 30)).toBe(true);
    expect(await slots.take('payments', 'third', 2, 30)).toBe(false);
    // A short lease does not shorten the life of a key that holds a long one.
    expect(Number(await command(port, 'PTTL', `${prefix}:payments`))).toBeGreaterThan(50_000);
    await until(() => slots.take('payments', 'fourth', 2, 60_000));
    expect(await slots.take('payments', 'fifth', 2, 60_000)).toBe(false);
    expect(await slots.give('payments', 'stranger')).toBe(0);
    expect(await slots.give('payments', 'long')).toBe(1);
    expect(await slots.take('payments', 'fifth', 2, 60_000)).toBe(true);
    await close();
  });
});
