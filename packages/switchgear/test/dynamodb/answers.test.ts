/** Last good answers in DynamoDB, beside the circuits of the same table, over a client of the user's. */

import { type DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, expect, inject, it, vi } from 'vitest';
import { CircuitOpenError } from '../../src/errors.ts';
import { type AnswerStore, lastGoodAnswer } from '../../src/guard/index.ts';
import { createTable } from '../../src/store/dynamodb/index.ts';
import { clientOf } from './emulators.ts';

const TableName = `answers-${crypto.randomUUID()}`;
let client: DynamoDBClient;
beforeAll(async () => {
  client = clientOf(inject('dynamodbEndpoint'));
  await createTable(client, { tableName: TableName });
});
afterAll(() => client.destroy());

function answersIn(dynamodb: DynamoDBClient): AnswerStore {
  const keyOf = (key: string) => ({ PK: { S: `ANSWER#${key}` }, SK: { S: 'ANSWER' } });
  return {
    async get(key) {
      const { Item } = await dynamodb.send(new GetItemCommand({ TableName, Key: keyOf(key) }));
      return Item?.text?.S;
    },
    set: (key, text, ttlMs) => {
      const ttl = { N: String(Math.ceil((Date.now() + ttlMs) / 1_000)) };
      return dynamodb.send(
        new PutItemCommand({ TableName, Item: { ...keyOf(key), text: { S: text }, ttl } }),
      );
    },
  };
}

it('a process takes what another one knew, with the table’s TTL on it', async () => {
  const store = answersIn(client);
  const process = () => lastGoodAnswer({ maxAge: '1h', shared: { store, name: 'geo' } });
  await process().execute(() => ({ country: 'PT' }), { key: '193.0.0.1' });
  await vi.waitUntil(() => store.get('geo:193.0.0.1'));
  const rejects = () => Promise.reject(new CircuitOpenError('geo', { state: 'open', retryAfterMs: 1_000 }));
  expect(await process().execute(rejects, { key: '193.0.0.1' })).toEqual({ country: 'PT' });
  const Key = { PK: { S: 'ANSWER#geo:193.0.0.1' }, SK: { S: 'ANSWER' } };
  const { Item } = await client.send(new GetItemCommand({ TableName, Key }));
  expect(Number(Item?.ttl?.N) - Date.now() / 1_000).toBeGreaterThan(3_590);
});
