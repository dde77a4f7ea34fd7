import { ConfigurationError } from '../errors.ts';
import type { RedisClient } from '../store/redis/index.ts';

/** What an address says of the server: its URL without settings, and whether it is one node of a Cluster. */
export interface RedisAddress {
  readonly url: string;
  readonly cluster: boolean;
}

/**
 * A client for the address, not connected: of ioredis where that is installed, else of node-redis.
 * @throws ConfigurationError (`INVALID_CONFIGURATION`) if neither is.
 */
export async function redisClient({ url, cluster }: RedisAddress): Promise<RedisClient> {
  const { protocol, username, password } = new URL(url);
  const user = {
    ...(username && { username: decodeURIComponent(username) }),
    ...(password && { password: decodeURIComponent(password) }),
  };
  const tls = protocol === 'rediss:';
  const ioredis = await installed(import('ioredis'));
  if (ioredis && !cluster) return new ioredis.Redis(url, { lazyConnect: true });
  // The nodes that a Cluster tells of come without user and TLS.
  if (ioredis)
    return new ioredis.Cluster([url], {
      lazyConnect: true,
      redisOptions: { ...user, ...(tls && { tls: {} }) },
    });
  const redis = await installed(import('redis'));
  if (!redis) throw new ConfigurationError(['redis: needs a client: install ioredis or redis']);
  if (!cluster) return redis.createClient({ url });
  return redis.createCluster({
    rootNodes: [{ url }],
    defaults: { ...user, ...(tls && { socket: { tls } }) },
  });
}

async function installed<M>(module: Promise<M>): Promise<M | undefined> {
  try {
    return await module;
  } catch (error) {
    if ((error as { code?: string }).code === 'ERR_MODULE_NOT_FOUND') return undefined;
    throw error;
  }
}
