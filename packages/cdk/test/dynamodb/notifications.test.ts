/** The filter of the notices, on records of a real stream. */

import { UpdateTableCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { noticeTemplate, transitionPatterns } from '../../src/notifications/transition-filter.ts';
import { resolveLayout } from '../../src/table/layout.ts';
import { matches } from '../events/matches.ts';
import { Bench, fails, works } from './bench.ts';
import { ask } from './local.ts';

let bench: Bench;
beforeAll(async () => {
  bench = await Bench.start();
  await bench.client.send(
    new UpdateTableCommand({
      TableName: bench.tableName,
      StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' },
    }),
  );
});
afterAll(() => bench.close());

async function streams(operation: string, body: object): Promise<Record<string, unknown>> {
  return (await ask(operation, body, 'DynamoDBStreams_20120810')) as Record<string, unknown>;
}

interface StreamRecord {
  readonly eventName: string;
  readonly dynamodb: { readonly NewImage?: Record<string, never> };
}

async function records(): Promise<StreamRecord[]> {
  const { Streams } = await streams('ListStreams', { TableName: bench.tableName });
  const { StreamArn } = (Streams as { StreamArn: string }[])[0] as { StreamArn: string };
  const { StreamDescription } = await streams('DescribeStream', { StreamArn });
  const all: StreamRecord[] = [];
  for (const { ShardId } of (StreamDescription as { Shards: { ShardId: string }[] }).Shards) {
    const start = { StreamArn, ShardId, ShardIteratorType: 'TRIM_HORIZON' };
    let { ShardIterator } = await streams('GetShardIterator', start);
    for (let more = true; more && ShardIterator; ) {
      const answer = await streams('GetRecords', { ShardIterator });
      const found = answer.Records as StreamRecord[];
      all.push(...found);
      more = found.length > 0;
      ShardIterator = answer.NextShardIterator;
    }
  }
  return all;
}

test('of all that happens to circuits, each change of state is told, once', async () => {
  const machine = bench.machine({ policy: { halfOpenSuccessThreshold: 2 } });
  const run = (circuit: string, target = fails) => bench.run(machine, { circuit }, target);
  for (let i = 0; i < 4; i++) await run('payments');
  bench.aheadMs += 11_000;
  await run('payments');
  bench.aheadMs += 30_000;
  await run('payments', works);
  await bench.override('payments', 'forced-closed');
  await bench.override('payments', 'release');
  // The library's idea of the time is good to a second.
  bench.aheadMs += 2_000;
  await bench.store.policy('payments', { failureThreshold: 5 }, { by: 'ana', reason: 'test' });
  await run('payments', works);
  await run('payments', works);
  // Its first record is that of an override that ended.
  await bench.override('ledger', 'forced-open', 1);
  bench.aheadMs += 2_000;
  await run('ledger', works);

  const patterns = transitionPatterns();
  const told = (await records()).filter((record) => patterns.some((pattern) => matches(pattern, record)));
  const notices = told.map((record) => notice(record));
  const of = (key: string) =>
    notices.filter((one) => one.key === key).map(({ epoch, from, to }) => `${epoch} ${from} → ${to}`);
  expect(of('CIRCUIT#payments')).toEqual(await bench.history('payments'));
  expect(of('CIRCUIT#payments')).toHaveLength(5);
  expect(of('CIRCUIT#ledger')).toEqual(['1 closed → half-open']);
  expect(new Set(notices.map(({ id }) => id)).size).toBe(notices.length);
  expect(notices[0]).toMatchObject({
    reason: 'failures',
    by: expect.stringMatching(/^workflow\//),
    atMs: expect.stringMatching(/^\d{13}$/),
  });
});

/** What the pipe makes of a record. */
function notice(record: StreamRecord): Record<string, string> {
  return Object.fromEntries(
    Object.entries(noticeTemplate(resolveLayout())).map(([name, path]) => {
      const keys = path.replace(/^<\$\.|>$/g, '').split('.');
      const value = keys.reduce<unknown>((part, key) => Reflect.get(Object(part), key), record);
      expect(typeof value, name).toBe('string');
      return [name, value as string];
    }),
  );
}

test.each([
  {},
  {
    eventName: 'REMOVE',
    dynamodb: { Keys: { PK: { S: 'CIRCUIT#a' }, SK: { S: 'STATE' } }, OldImage: { state: { S: 'open' } } },
  },
  {
    eventName: 'MODIFY',
    dynamodb: {
      Keys: { PK: { S: 'ORDER#1' }, SK: { S: 'STATE' } },
      OldImage: { state: { S: 'open' } },
      NewImage: { state: { S: 'closed' } },
    },
  },
  {
    eventName: 'MODIFY',
    dynamodb: {
      Keys: { PK: { S: 'CIRCUIT#a' }, SK: { S: 'OTHER' } },
      OldImage: { state: { S: 'open' } },
      NewImage: { state: { S: 'closed' } },
    },
  },
  {
    eventName: 'INSERT',
    dynamodb: { Keys: { PK: { S: 'CIRCUIT#a' }, SK: { S: 'STATE' } }, NewImage: { state: { S: 'closed' } } },
  },
  {
    eventName: 'MODIFY',
    dynamodb: { Keys: { PK: { S: 'CIRCUIT#a' }, SK: { S: 'STATE' } }, NewImage: { state: { S: 'closed' } } },
  },
])('%j is not told', (record) => {
  expect(transitionPatterns().some((pattern) => matches(pattern, record))).toBe(false);
});
