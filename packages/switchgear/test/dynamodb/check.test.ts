/** `check` on the two emulators as they are, and on failures of the service as the service words them. */

import {
  CreateTableCommand,
  type DynamoDBClient,
  ScanCommand,
  UpdateTimeToLiveCommand,
} from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MemoryStore, Switchgear } from '../../src/index.ts';
import { DynamoDBStore, type Operation } from '../../src/store/dynamodb/index.ts';
import { Bed, clientOf, EMULATORS, type Emulator, LAYOUTS } from './emulators.ts';

describe.each(Object.entries(EMULATORS))('on %s', (emulatorName, start) => {
  let emulator: Emulator;
  let client: DynamoDBClient;
  beforeAll(async () => {
    emulator = await start();
    client = clientOf(emulator.endpoint);
  });
  afterAll(async () => {
    client.destroy();
    await emulator.stop();
  });
  /** dynalite cannot turn TTL on. */
  const ttlIsOff = emulatorName === 'dynalite' ? [/^TTL of table .* is off/] : [];

  test.each(Object.entries(LAYOUTS))('a table that is right has no problems: %s', async (_, layout) => {
    const bed = await Bed.on(emulator.endpoint, layout);
    const gear = new Switchgear({ store: bed.store() });
    const together = await Promise.all([gear.check(), gear.check(), bed.store().check()]);
    for (const problems of together)
      expect(problems).toEqual(
        ttlIsOff.map((what) => expect.objectContaining({ what: expect.stringMatching(what) })),
      );
    expect(await bed.store().list()).toEqual([]);
    const { Items = [] } = await bed.client.send(new ScanCommand({ TableName: bed.options.tableName }));
    expect(Items).toHaveLength(1);
    const ttl = Number(Items[0]?.['ttlAttribute' in layout ? layout.ttlAttribute : 'ttl']?.N);
    expect(ttl).toBeLessThanOrEqual(Date.now() / 1_000 + 3_601);
    await gear.close();
    bed.close();
  });

  test('a table that is not there is named with its region, once', async () => {
    const problems = await new DynamoDBStore({ tableName: 'nowhere', client }).check();
    expect(problems).toEqual([
      {
        severity: 'error',
        what: expect.stringMatching(/BatchGetItem on table "nowhere" in eu-central-1: .*ResourceNotFound/),
        mend: 'create the table, or mend tableName or region',
      },
    ]);
  });

  test.each([
    ['names', { partitionKey: 'pk' }],
    ['a sort key that the table has not', { partitionKey: 'id', sortKey: 'SK' }],
  ])('a key schema other than the table’s: %s', async (_, keys) => {
    const tableName = `circuits-${crypto.randomUUID()}`;
    await client.send(
      new CreateTableCommand({
        TableName: tableName,
        BillingMode: 'PAY_PER_REQUEST',
        KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
        AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      }),
    );
    const [problem, ...more] = await new DynamoDBStore({ tableName, client, ...keys }).check();
    expect(problem).toMatchObject({
      severity: 'error',
      mend: expect.stringMatching(/partitionKey and sortKey/),
    });
    expect(more).toEqual([]);
  });

  test('a process whose clock is off', async () => {
    const bed = await Bed.on(emulator.endpoint, {});
    const clock = { ...bed.clock, now: () => Date.now() - 90_000 };
    const problems = await bed.store({ clock }).check();
    expect(problems).toContainEqual({
      severity: 'warning',
      what: expect.stringMatching(/clock is (89|90|91) s behind the store's/),
      mend: expect.stringMatching(/NTP/),
    });
    bed.close();
  });
});

describe('TTL', () => {
  let bed: Bed;
  beforeAll(async () => {
    bed = await Bed.on(
      (await EMULATORS['DynamoDB Local']?.().then(({ endpoint }) => endpoint)) as string,
      {},
    );
  });
  afterAll(() => bed.close());

  test('of another attribute', async () => {
    expect(await bed.store({ ttlAttribute: 'expiresAt' }).check()).toEqual([
      {
        severity: 'warning',
        what: expect.stringMatching(/TTL of table .* is on for attribute "ttl"/),
        mend: 'set ttlAttribute to "ttl"',
      },
    ]);
  });

  test('off', async () => {
    const { tableName: TableName } = bed.options;
    const TimeToLiveSpecification = { AttributeName: 'ttl', Enabled: false };
    await bed.client.send(new UpdateTimeToLiveCommand({ TableName, TimeToLiveSpecification }));
    expect(await bed.store().check()).toEqual([
      {
        severity: 'warning',
        what: expect.stringMatching(/is off: records that nobody needs stay/),
        mend: 'turn it on for attribute "ttl"',
      },
    ]);
  });
});

describe('what the service refuses, in its own words', () => {
  const arn = 'arn:aws:dynamodb:eu-west-1:123456789012:table/circuits';

  /** A store whose user may do all but these. */
  async function without(...denied: Operation[]): Promise<DynamoDBStore> {
    const bed = await Bed.on(
      (await EMULATORS['DynamoDB Local']?.().then(({ endpoint }) => endpoint)) as string,
      {},
    );
    const inner = bed.transport();
    return bed.store({
      transport: {
        send: (operation, input, sending) => {
          if (!denied.includes(operation)) return inner.send(operation, input, sending);
          const message = `User: arn:aws:iam::123456789012:user/ana is not authorized to perform: dynamodb:${operation} on resource: ${arn} because no identity-based policy allows it`;
          const $metadata = { httpStatusCode: 400 };
          return Promise.reject(
            Object.assign(new Error(message), { name: 'AccessDeniedException', $metadata }),
          );
        },
      },
    });
  }

  test.each(['BatchGetItem', 'UpdateItem', 'Query'] as const)(
    'no right to %s: action and resource',
    async (operation) => {
      expect(await (await without(operation)).check()).toEqual([
        {
          severity: 'error',
          what: expect.stringContaining(operation),
          mend: `allow dynamodb:${operation} on ${arn}`,
        },
      ]);
    },
  );

  test('no rights at all are all named at once; that of TTL is a warning', async () => {
    const store = await without('BatchGetItem', 'UpdateItem', 'Query', 'DescribeTimeToLive');
    expect((await store.check()).map(({ severity, mend }) => `${severity}: ${mend}`)).toEqual([
      `error: allow dynamodb:BatchGetItem on ${arn}`,
      `error: allow dynamodb:UpdateItem on ${arn}`,
      `error: allow dynamodb:Query on ${arn}`,
      'warning: allow dynamodb:DescribeTimeToLive, or see for yourself that TTL is on for attribute "ttl"',
    ]);
  });

  test.each([
    [{ name: 'UnrecognizedClientException', $metadata: { httpStatusCode: 400 } }, /credentials/],
    [{ name: 'CredentialsProviderError' }, /give the process credentials/],
    [{ code: 'ECONNREFUSED' }, /mend the endpoint/],
    [{ name: 'Error' }, /see that region, endpoint and network/],
  ])('%o', async (failure, mend) => {
    const transport = { send: () => Promise.reject(Object.assign(new Error('no'), failure)) };
    const problems = await new DynamoDBStore({ tableName: 'circuits', transport }).check();
    expect(problems).toEqual([
      { severity: 'error', what: expect.any(String), mend: expect.stringMatching(mend) },
    ]);
  });

  test('a server that does not look at conditions', async () => {
    const transport = { send: () => Promise.resolve({ output: {}, dateMs: Date.now() }) };
    const problems = await new DynamoDBStore({ tableName: 'circuits', transport }).check();
    expect(problems[0]?.what).toMatch(/writers overwrite each other/);
  });

  test('a transport that hands over no time', async () => {
    const bed = await Bed.on(
      (await EMULATORS['DynamoDB Local']?.().then(({ endpoint }) => endpoint)) as string,
      {},
    );
    const inner = bed.transport();
    const store = bed.store({
      transport: {
        send: async (operation, input, sending) => ({
          output: (await inner.send(operation, input, sending)).output,
        }),
      },
    });
    expect(await store.check()).toEqual([
      {
        severity: 'error',
        what: expect.stringMatching(/the answers say no time/),
        mend: expect.stringMatching(/dateMs/),
      },
    ]);
    bed.close();
  });
});

test('a store that has no check has no problems', async () => {
  expect(await new Switchgear({ store: new MemoryStore() }).check()).toEqual([]);
});

test('L10 10 000 circuits refresh in 100 calls, those used since in as few as they need', async () => {
  const calls: number[] = [];
  const store = new DynamoDBStore({
    tableName: 'circuits',
    transport: {
      send: async (operation, input) => {
        if (operation !== 'BatchGetItem') throw new Error(`a healthy circuit sends no ${operation}`);
        const { RequestItems } = input as { RequestItems: Record<string, { Keys: readonly object[] }> };
        calls.push(RequestItems.circuits?.Keys.length ?? 0);
        return { output: { Responses: { circuits: [] } }, dateMs: Date.now() };
      },
    },
  });
  let aheadMs = 0;
  const clock = {
    now: () => Date.now() + aheadMs,
    setTimer(run: () => void, ms: number) {
      const handle = setTimeout(run, ms);
      return { cancel: () => clearTimeout(handle) };
    },
  };
  const gear = new Switchgear({ store, clock, cacheTtl: '5s', random: () => 0, storeTimeout: '30s' });
  const names = Array.from({ length: 10_000 }, (_, i) => `circuit-${i}`);
  const use = (some: readonly string[]) =>
    Promise.all(some.map((name) => gear.breaker(name).execute(async () => 1)));
  await gear.warm(names);
  expect(calls).toEqual(Array.from({ length: 100 }, () => 100));
  for (const used of [10_000, 9_950, 101]) {
    const some = names.slice(0, used);
    // A period begins, they are used within it, and the next one reads them.
    for (const ms of [6_000, 1_000, 6_000]) {
      calls.length = 0;
      aheadMs += ms;
      await use(some);
      await gear.flush();
    }
    expect(calls).toHaveLength(Math.ceil(used / 100));
    expect(calls.reduce((sum, keys) => sum + keys, 0)).toBe(used);
  }
});
