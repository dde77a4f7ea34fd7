/** The rights that the constructs grant are exactly those that the code asks for: recorded, and compared. */

import { AsyncLocalStorage } from 'node:async_hooks';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { OperatorStore } from 'switchgear';
import {
  createTable,
  DynamoDBOperatorStore,
  type DynamoDBStoreOptions,
  type Item,
} from 'switchgear/dynamodb';
import { conformance } from 'switchgear/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CircuitBreakerTable, type CircuitLayout } from '../../src/index.ts';
import { allowed, newFunction, newStack, templateOf } from '../stack.ts';
import { localClient } from './local.ts';

/** Which verbs a role uses. */
const VERBS: Readonly<Record<'use' | 'read' | 'operate', readonly string[]>> = {
  use: ['load', 'report', 'settle', 'transition', 'lease', 'filed'],
  read: ['load', 'list', 'history', 'acts'],
  operate: ['load', 'list', 'history', 'acts', 'override', 'policy', 'clear', 'check'],
};

const LAYOUTS: Readonly<Record<string, CircuitLayout>> = {
  'single table': {},
  'no sort key': { partitionKey: 'id', sortKey: null, keyPrefix: 'cb/', ttlAttribute: 'expires-at' },
};

describe.each(Object.entries(LAYOUTS))('%s', (_, layout) => {
  const { partitionKey = 'PK', keyPrefix = 'CIRCUIT#' } = layout;
  /** What each verb has asked for. */
  const asked = new Map<string, Set<string>>();
  const during = new AsyncLocalStorage<string>();
  let aheadMs = 0;
  let client: DynamoDBClient;

  beforeAll(async () => {
    client = localClient(() => Date.now() + aheadMs);
    const options = { ...layout, tableName: `rights-${crypto.randomUUID()}`, client };
    await createTable(client, options);
    client.middlewareStack.add((next, { commandName = '' }) => (args) => {
      const verb = during.getStore() ?? 'no verb';
      const rights = asked.get(verb) ?? new Set();
      asked.set(verb, rights);
      for (const key of partitionsOf(args.input, partitionKey))
        rights.add(
          `dynamodb:${commandName.replace('Command', '')} on ${key === undefined ? 'the table' : patternOf(key)}`,
        );
      return next(args);
    });
    const rig = () => ({
      store: labelled(options, during),
      advance: (ms: number) => {
        aheadMs += ms;
      },
      close: () => {},
    });
    for (const { run } of conformance(rig)) await run();
    await rig().store.check?.();
  });
  afterAll(() => client.destroy());

  function patternOf(key: string): string {
    const patterns = [`DIRECTORY#${keyPrefix}`, `HISTORY#${keyPrefix}*`, `${keyPrefix}*`];
    const found = patterns.find((pattern) => key.startsWith(pattern.replace('*', '')));
    return found ?? `${key}, which is nobody's`;
  }

  test.each(Object.entries(VERBS))('%s', (role, verbs) => {
    const stack = newStack();
    const table = new CircuitBreakerTable(stack, 'Circuits', layout);
    const grantee = newFunction(stack, 'Function');
    if (role === 'use') table.grantUse(grantee);
    else if (role === 'read') table.grantRead(grantee);
    else table.grantOperate(grantee);
    const wanted = new Set(verbs.flatMap((verb) => [...(asked.get(verb) ?? [])]));
    expect(allowed(templateOf(stack))).toEqual([...wanted].sort());
  });

  test('every verb was recorded, and none went unrecorded', () => {
    expect([...asked.keys()].sort()).toEqual([...new Set(Object.values(VERBS).flat())].sort());
  });
});

/** A store whose requests know for which verb they are. */
function labelled(options: DynamoDBStoreOptions, during: AsyncLocalStorage<string>): OperatorStore {
  return new Proxy(new DynamoDBOperatorStore(options), {
    get: (store, verb: string) => {
      const value: unknown = Reflect.get(store, verb);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]) => during.run(verb, () => value.apply(store, args));
    },
  });
}

interface Request {
  readonly Key?: Item;
  readonly RequestItems?: Readonly<Record<string, { readonly Keys?: readonly Item[] }>>;
  readonly ExpressionAttributeValues?: Item;
}

/** Partition keys that a request touches; `undefined` where it is about the table. */
function partitionsOf(input: unknown, partitionKey: string): (string | undefined)[] {
  const { Key, RequestItems, ExpressionAttributeValues } = input as Request;
  const textOf = (item: Item, name: string) => (item[name] as { S: string }).S;
  if (Key) return [textOf(Key, partitionKey)];
  if (RequestItems)
    return Object.values(RequestItems).flatMap(({ Keys = [] }) =>
      Keys.map((key) => textOf(key, partitionKey)),
    );
  return [ExpressionAttributeValues ? textOf(ExpressionAttributeValues, ':pk') : undefined];
}
