/** The clients that the store takes, known by their shape: their packages are the user's choice, and one may be missing. */

import { ConfigurationError } from '../../errors.ts';
import type { RedisConnection } from './connection.ts';
import { IoredisConnection } from './ioredis-connection.ts';
import { nodeRedisConnection } from './node-redis-connection.ts';

/** `Redis` or `Cluster` of ioredis. */
export interface IoredisClient {
  readonly status: string;
  duplicate(...overrides: never[]): unknown;
}

/** What `createClient`, `createCluster` or `createSentinel` of node-redis return. */
export interface NodeRedisClient {
  readonly isOpen: boolean;
  duplicate(...overrides: never[]): unknown;
}

export type RedisClient = IoredisClient | NodeRedisClient;

/** @throws ConfigurationError (`INVALID_CONFIGURATION`) if `client` is neither. */
export function connectionOf(client: RedisClient): RedisConnection {
  const shape = Object(client) as object;
  if ('duplicate' in shape && 'status' in shape) return new IoredisConnection(client);
  if ('duplicate' in shape && 'isOpen' in shape) return nodeRedisConnection(client);
  throw new ConfigurationError(['client must be one of ioredis or of node-redis (`redis`)']);
}
