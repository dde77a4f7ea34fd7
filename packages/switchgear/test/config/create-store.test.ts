import { describe, expect, it } from 'vitest';
import { createStore } from '../../src/config/index.ts';
import { parseAddress } from '../../src/config/store-address.ts';
import { ConfigurationError } from '../../src/errors.ts';
import { DynamoDBStore } from '../../src/store/dynamodb/index.ts';
import { MemoryStore } from '../../src/store/memory/memory-store.ts';
import { RedisStore } from '../../src/store/redis/index.ts';

async function problemsOf(address: string): Promise<readonly string[]> {
  const error = await createStore(address).catch((e: unknown) => e);
  if (error instanceof ConfigurationError) return error.problems;
  throw new Error('was to be refused', { cause: error });
}

describe('createStore', () => {
  it('makes a store in memory', async () => {
    expect(await createStore('memory:')).toBeInstanceOf(MemoryStore);
  });

  it.each([
    'dynamodb://orders?region=eu-west-1',
    'dynamodb://my_Orders.v2?region=eu-west-1&endpoint=http%3A%2F%2Flocalhost%3A8000&partitionKey=pk&sortKey=',
  ])('makes a DynamoDB store of %s', async (address) => {
    const store = await createStore(address);
    expect(store).toBeInstanceOf(DynamoDBStore);
    await store.close?.();
  });

  it.each([
    'redis://cache',
    'rediss://me:p%40ss@cache.example:6380/2?prefix=orders',
    'rediss://:secret@cache?cluster=true',
  ])('makes a Redis store of %s, and connects nothing', async (address) => {
    const store = await createStore(address);
    expect(store).toBeInstanceOf(RedisStore);
    await store.close?.();
  });

  it('leaves to the client what is the client’s', () => {
    expect(parseAddress('rediss://me:p%40ss@cache:6380/2?prefix=orders&cluster=false')).toEqual({
      scheme: 'redis',
      url: 'rediss://me:p%40ss@cache:6380/2',
      cluster: false,
      prefix: 'orders',
    });
  });

  it('takes an address apart, endpoints with their own colon and slashes included', () => {
    expect(parseAddress('dynamodb://Orders?endpoint=http://localhost:8000&keyPrefix=CB%23&sortKey=')).toEqual(
      {
        scheme: 'dynamodb',
        tableName: 'Orders',
        settings: { endpoint: 'http://localhost:8000', keyPrefix: 'CB#', sortKey: '' },
      },
    );
  });

  it.each([
    ['orders', /not an address; allowed: memory: or dynamodb:\/\/<table>\?region=…/],
    ['', /not an address/],
    ['postgres://cache:6379', /postgres: is no kind of store; allowed: memory: or dynamodb:/],
    ['memory:shared', /memory: takes nothing behind it/],
    ['memory:?x=1', /memory: takes nothing behind it/],
    ['redis:', /the host is missing/],
    ['redis://cache/orders', /only a database's number and settings may follow the host/],
    ['redis://cache/99999999', /the database is out of range; allowed: 0 to 999999/],
    ['rediss://cache/1e3', /only a database's number/],
    ['redis://cache/-1', /only a database's number/],
    ['redis://cache:99999', /not an address/],
    ['redis://cache#0', /only a database's number/],
    ['redis://:50%off@cache', /password is not usable/],
    ['redis://cache?prefx=x', /a setting is unknown, did you mean prefix\?; allowed: prefix, cluster/],
    ['redis://cache?prefix=', /prefix needs exactly one value/],
    ['redis://cache?prefix=a{b', /prefix is not usable; allowed: a text without/],
    ['rediss://cache?cluster=yes', /cluster is not usable; allowed: true or false/],
    ['rediss://cache/1?cluster=true', /a Cluster has no databases but 0/],
    ['dynamodb:', /table is missing or misnamed; allowed: 3 to 255/],
    ['dynamodb://ab', /table is missing or misnamed/],
    ['dynamodb://orders:8000', /only settings may follow the table/],
    ['dynamodb://orders/x', /only settings may follow the table/],
    ['dynamodb://orders#x', /only settings may follow the table/],
    [
      'dynamodb://orders?regoin=x',
      /a setting is unknown, did you mean region\?; allowed: region, endpoint, /,
    ],
    ['dynamodb://orders?region=', /region needs exactly one value/],
    ['dynamodb://orders?region=a&region=b', /region needs exactly one value/],
    ['dynamodb://orders?endpoint=localhost', /endpoint is not usable; allowed: an http or https address/],
    ['dynamodb://orders?endpoint=ftp://x', /endpoint is not usable/],
  ])('refuses %o', async (address, problem) => {
    expect(await problemsOf(address)).toEqual([expect.stringMatching(problem)]);
  });

  it('says everything that is wrong at once', async () => {
    expect(await problemsOf('dynamodb://a/b?regoin=x&endpoint=y')).toHaveLength(4);
  });

  it.each([
    'dynamodb://AKIAHUNTER:hunter2@orders',
    'dynamodb://hunter2@orders',
    'dynamodb://orders?secretAccessKey=hunter2',
    'dynamodb://orders?hunter2',
    'dynamodb://orders?endpoint=http://me:hunter2@localhost',
    'dynamodb://orders?region=hunter2&region=hunter2',
    'redis://:hunter2@cache/hunter2',
    'redis://hunter2:hunter2@cache?hunter2=hunter2',
    'redis://cache?prefix={hunter2',
    'postgres://hunter2',
    'hunter2:x',
    'hunter2',
    'dynamodb://me:hunter2/2@orders',
    'memory:hunter2',
  ])('says nothing of a secret: %s', async (address) => {
    const problems = await problemsOf(address);
    expect(problems.join('\n')).not.toMatch(/hunter/i);
  });
});
