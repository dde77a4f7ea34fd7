/** `switchgear/redis`: circuits in Redis or Valkey. */

export type { IoredisClient, NodeRedisClient, RedisClient } from './client.ts';
export { RedisStore, type RedisStoreOptions } from './redis-store.ts';
