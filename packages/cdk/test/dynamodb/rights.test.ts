/** The rights that the constructs grant are exactly those that the code asks for: recorded, and compared. */

import { AsyncLocalStorage } from 'node:async_hooks';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { OperatorStore } from 'switchgear';
import { createTable, DynamoDBOperatorStore, type DynamoDBStoreOptions } from 'switchgear/dynamodb';
import { conformance } from 'switchgear/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CircuitBreakerTable, type CircuitLayout } from '../../src/index.ts';
import type { Role } from '../../src/table/grants.ts';
import { allowed, newFunction, newStack, templateOf } from '../stack.ts';
import { Bench, fails, works } from './bench.ts';
import { localClient } from './local.ts';
import { partitionsOf } from './requests.ts';

/** Which verbs a role uses. */
const VERBS: Readonly<Record<Role, readonly string[]>> = {
  use: ['load', 'report', 'settle', 'transition', 'lease', 'filed'],
  read: ['load', 'list', 'history', 'acts'],
  operate: ['load', 'list', 'history', 'acts', 'override', 'policy', 'clear', 'check'],
  alarm: ['load', 'override'],
  workflow: ['an execution'],
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

  function record(from: DynamoDBClient, verbOf: () => string): void {
    from.middlewareStack.add((next, { commandName = '' }) => (args) => {
      const rights = asked.get(verbOf()) ?? new Set();
      asked.set(verbOf(), rights);
      for (const key of partitionsOf(args.input, partitionKey))
        rights.add(
          `dynamodb:${commandName.replace('Command', '')} on ${key === undefined ? 'the table' : patternOf(key)}`,
        );
      return next(args);
    });
  }

  beforeAll(async () => {
    client = localClient(() => Date.now() + aheadMs);
    const options = { ...layout, tableName: `rights-${crypto.randomUUID()}`, client };
    await createTable(client, options);
    record(client, () => during.getStore() ?? 'no verb');
    const rig = () => ({
      store: labelled(options, during),
      advance: (ms: number) => {
        aheadMs += ms;
      },
      close: () => {},
    });
    for (const { run } of conformance(rig)) await run();
    await rig().store.check?.();
    await walkThroughWorkflow();
  });
  afterAll(() => client.destroy());

  /** Trips, is refused a slot, probes, closes: every call of the table that the workflow has. */
  async function walkThroughWorkflow(): Promise<void> {
    const bench = await Bench.start(undefined, layout);
    record(bench.client, () => 'an execution');
    const [machine, circuit] = [bench.machine({ policy: { halfOpenSuccessThreshold: 2 } }), 'ledger'];
    const walked = new Set<string>();
    for (const target of [fails, fails, fails, works, works, works, works]) {
      const { path } = await bench.run(machine, { circuit }, target);
      for (const state of path) walked.add(state);
      bench.aheadMs += 4_000;
    }
    const tasks = Object.entries(machine.States).flatMap(([name, { Type }]) => (Type === 'Task' ? name : []));
    // That one is a read like the first.
    expect(tasks.filter((name) => !walked.has(name))).toEqual(['Read again']);
    bench.close();
  }

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
    else if (role === 'operate') table.grantOperate(grantee);
    else table.grantRole(grantee, role as Role);
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
