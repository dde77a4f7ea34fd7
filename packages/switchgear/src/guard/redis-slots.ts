/** Slots of a fleet in Redis or Valkey, over a client of the user's. */

import type { SlotStore } from './fleet-bulkhead.ts';

/**
 * Leases are the members of a sorted set, by the time of their end: Redis' own clock, so that those of processes do not matter.
 *
 * KEYS  1  the set
 * ARGV  1  id of the lease   2  limit   3  length of the lease, milliseconds
 * Returns 1 where it was taken, 0 where all are.
 */
const TAKE = `
local key, id, limit, lease = KEYS[1], ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', key, '-inf', now)
if redis.call('ZCARD', key) >= limit then return 0 end
redis.call('ZADD', key, now + lease, id)
if redis.call('PTTL', key) < lease then redis.call('PEXPIRE', key, lease) end
return 1`;

/** KEYS 1 the set · ARGV 1 id of the lease. Returns how many it freed. */
const GIVE = `return redis.call('ZREM', KEYS[1], ARGV[1])`;

/** Runs a script with one key. */
export type RunScript = (script: string, key: string, args: string[]) => Promise<unknown>;

/**
 * Slots for `fleetBulkhead` in Redis, one key per name. After a failover slots that were not replicated are free: more calls than
 * allowed may run then, for one lease.
 *
 * @param run over ioredis `(script, key, args) => redis.eval(script, 1, key, ...args)`, over node-redis
 * `(script, key, args) => redis.eval(script, { keys: [key], arguments: args })`.
 * @param prefix begins each key. Default `switchgear:slots`.
 */
export function redisSlots(run: RunScript, prefix = 'switchgear:slots'): SlotStore {
  return {
    take: async (name, id, limit, leaseMs) =>
      Number(await run(TAKE, `${prefix}:${name}`, [id, String(limit), String(leaseMs)])) === 1,
    give: (name, id) => run(GIVE, `${prefix}:${name}`, [id]),
  };
}
