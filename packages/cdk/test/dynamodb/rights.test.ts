/** The rights that the constructs grant are exactly those that the code asks for: recorded, and compared. */

import { AsyncLocalStorage } from 'node:async_hooks';
import type { OperatorStore } from 'switchgear';
import {
  createTable,
  DynamoDBOperatorStore,
  type DynamoDBStoreOptions,
  type TableLayout,
} from 'switchgear/dynamodb';
import { conformance } from 'switchgear/testing';
import { beforeAll, describe, expect, test } from 'vitest';
import { CircuitBreakerTable } from '../../src/table/circuit-breaker-table.ts';
import type { Role } from '../../src/table/grants.ts';
import type { CircuitLayout } from '../../src/table/layout.ts';
import { allowed, newFunction, newStack, templateOf } from '../stack.ts';
import { Bench, fails, works } from './bench.ts';
import { localClient } from './local.ts';
import { partitionsOf } from './requests.ts';

/** Cases of the conformance suite that run at the same time. */
const LANES = 4;

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
  function note(verb: string, operation: string, input: unknown): void {
    const rights = asked.get(verb) ?? new Set();
    asked.set(verb, rights);
    for (const key of partitionsOf(input, partitionKey))
      rights.add(`dynamodb:${operation} on ${key === undefined ? 'the table' : patternOf(key)}`);
  }

  /** A store on a clock of its own, whose requests are recorded. */
  function rig(options: TableLayout) {
    let aheadMs = 0;
    const client = localClient(() => Date.now() + aheadMs);
    client.middlewareStack.add((next, { commandName = '' }) => (args) => {
      note(during.getStore() ?? 'no verb', commandName.replace('Command', ''), args.input);
      return next(args);
    });
    return {
      store: labelled({ ...options, client }, during),
      advance: (ms: number) => {
        aheadMs += ms;
      },
      close: () => client.destroy(),
    };
  }

  beforeAll(async () => {
    const options = { ...layout, tableName: `rights-${crypto.randomUUID()}` };
    const client = localClient(Date.now);
    await createTable(client, options);
    client.destroy();
    const cases = [...conformance(() => rig(options))];
    const lane = async () => {
      for (let one = cases.pop(); one; one = cases.pop()) await one.run();
    };
    const { store, close } = rig(options);
    await Promise.all([walkThroughWorkflow(), store.check?.(), ...Array.from({ length: LANES }, lane)]);
    close();
  });

  /** Trips, is refused a slot, probes, closes: every call of the table that the workflow has. */
  async function walkThroughWorkflow(): Promise<void> {
    const bench = await Bench.start(undefined, layout);
    const [machine, circuit] = [bench.machine({ policy: { halfOpenSuccessThreshold: 2 } }), 'ledger'];
    const walked = new Set<string>();
    for (const target of [fails, fails, fails, works, works, works, works]) {
      const { path } = await bench.run(machine, { circuit }, target, {
        before: (_, operation, args) => note('an execution', operation, args),
      });
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
