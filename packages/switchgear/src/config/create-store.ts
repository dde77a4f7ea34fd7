import { ConfigurationError } from '../errors.ts';
import type { OperatorStore } from '../store/contract.ts';
import { MemoryStore } from '../store/memory/memory-store.ts';
import { redisClient } from './redis-client.ts';
import { addressProblems, parseAddress } from './store-address.ts';

/**
 * The store at an address, for calls and for operators, so that changing the store is a change of configuration. Loads the SDK that it needs, and
 * only that one; opens no connection.
 *
 * @param address `memory:` or `dynamodb://<table>?region=…&endpoint=…&partitionKey=…&sortKey=…&keyPrefix=…&ttlAttribute=…`,
 *   each setting optional; `sortKey=` for a table without one; `redis://<user>:<password>@<host>:<port>/<database>?prefix=…` or
 *   `rediss://…` with TLS, for a Cluster with `cluster=true` and any of its nodes. Redis takes ioredis, or `redis` where that is missing.
 * @throws ConfigurationError (`INVALID_CONFIGURATION`) with every problem, and without the values: an address may hold secrets.
 */
export async function createStore(address: string): Promise<OperatorStore> {
  const problems = addressProblems(address);
  if (problems.length) throw new ConfigurationError(problems.map((problem) => `store address: ${problem}`));
  const parsed = parseAddress(address);
  if (parsed.scheme === 'memory') return new MemoryStore();
  if (parsed.scheme === 'redis') {
    const { prefix, ...address } = parsed;
    const { RedisStore } = await import('../store/redis/index.ts');
    return new RedisStore({ client: await redisClient(address), ...(prefix && { prefix }) });
  }
  const { tableName, settings } = parsed;
  const { DynamoDBOperatorStore } = await import('../store/dynamodb/index.ts');
  return new DynamoDBOperatorStore({
    tableName,
    ...settings,
    ...(settings.sortKey === '' && { sortKey: null }),
  });
}
