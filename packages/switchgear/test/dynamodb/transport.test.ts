/** What passes the seam, with the real SDK against servers that misbehave and transports that fail. */

import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DynamoDBClient, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { NOTHING } from '../../src/core/evidence.ts';
import { rootRecord } from '../../src/core/record.ts';
import { Operator } from '../../src/operate/index.ts';
import { fromAttribute, toItem } from '../../src/store/dynamodb/attributes.ts';
import { DynamoDBOperatorStore, DynamoDBStore } from '../../src/store/dynamodb/index.ts';
import type { DynamoDBTransport, Item, Operation, Operations } from '../../src/store/dynamodb/transport.ts';
import { headFields } from '../../src/store/record-fields.ts';
import { Switchgear } from '../../src/switchgear.ts';

const WINDOW = { bucketMs: 6_000, buckets: 10 };
const ROOT = rootRecord('payments', WINDOW);
/** A base that is in the table already, so that a report is one request. */
const KNOWN = { ...ROOT, sinceMs: 1_790_000_000_000 };
const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
const region = 'eu-central-1';

function evidenceNow() {
  return {
    [Math.floor(Date.now() / WINDOW.bucketMs)]: { ...NOTHING, calls: 1, failures: 1 },
  };
}

describe('the AWS SDK behind the seam', () => {
  const requests: string[] = [];
  let server: Server;
  let endpoint: string;
  let answer: (request: IncomingMessage, response: ServerResponse) => void;

  beforeEach(async () => {
    requests.length = 0;
    server = createServer((request, response) => {
      requests.push(String(request.headers['x-amz-target']).replace('DynamoDB_20120810.', ''));
      request.resume().on('end', () => answer(request, response));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });

  afterEach(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });

  function fails(status: number, type: string) {
    answer = (_, response) => {
      response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' });
      response.end(JSON.stringify({ __type: `com.amazonaws.dynamodb.v20120810#${type}`, message: 'no' }));
    };
  }

  const clients = {
    'the store’s own client': () => new DynamoDBStore({ tableName: 'circuits', endpoint, region }),
    'a client that retries 5 times': () =>
      storeOn(new DynamoDBClient({ endpoint, region, credentials, maxAttempts: 5 })),
    'a client in adaptive mode': () =>
      storeOn(new DynamoDBClient({ endpoint, region, credentials, maxAttempts: 5, retryMode: 'adaptive' })),
    'a client that caches its middleware': () =>
      storeOn(new DynamoDBClient({ endpoint, region, credentials, cacheMiddleware: true })),
  };
  function storeOn(client: DynamoDBClient) {
    return new DynamoDBStore({ tableName: 'circuits', client });
  }

  beforeEach(() => {
    process.env.AWS_ACCESS_KEY_ID = 'local';
    process.env.AWS_SECRET_ACCESS_KEY = 'local';
  });
  afterEach(() => {
    delete process.env.AWS_ACCESS_KEY_ID;
    delete process.env.AWS_SECRET_ACCESS_KEY;
  });

  describe.each(Object.entries(clients))('L2 an ADD goes out once through %s', (_, make) => {
    test.each([
      ['throttled', 400, 'ProvisionedThroughputExceededException', 'refused'],
      ['failed inside', 500, 'InternalServerError', 'unknown'],
      ['unavailable', 503, 'ServiceUnavailable', 'unknown'],
    ])('%s', async (_, status, type, fate) => {
      fails(status, type);
      const store = make();
      await expect(store.report(KNOWN, evidenceNow())).rejects.toMatchObject({ code: 'STORE_FAILED', fate });
      expect(requests).toEqual(['UpdateItem']);
      await store.close();
    });

    test('connection cut after the request', async () => {
      answer = (request) => request.socket.destroy();
      const store = make();
      await expect(store.report(KNOWN, evidenceNow())).rejects.toMatchObject({ fate: 'unknown' });
      expect(requests).toEqual(['UpdateItem']);
      await store.close();
    });
  });

  test('the owner of a client still gets its own errors, also where it caches middleware', async () => {
    fails(500, 'InternalServerError');
    const client = new DynamoDBClient({
      endpoint,
      region,
      credentials,
      cacheMiddleware: true,
      maxAttempts: 1,
    });
    const own = () => client.send(new UpdateItemCommand({ TableName: 'orders', Key: { id: { S: '1' } } }));
    await expect(storeOn(client).report(KNOWN, evidenceNow())).rejects.toThrow();
    await expect(own()).rejects.toMatchObject({ name: 'InternalServerError' });
    client.destroy();
  });

  test('a read is tried again: after a thaw the kept-alive connection is dead', async () => {
    answer = (request) => {
      answer = (_, response) => {
        response.writeHead(200, { 'content-type': 'application/x-amz-json-1.0' });
        response.end(JSON.stringify({ Responses: { circuits: [] }, UnprocessedKeys: {} }));
      };
      request.socket.destroy();
    };
    const store = new DynamoDBStore({ tableName: 'circuits', endpoint, region });
    expect(await store.load(['payments'], () => WINDOW)).toEqual([ROOT]);
    expect(requests).toEqual(['BatchGetItem', 'BatchGetItem']);
    await store.close();
  });

  test('a missing table is named with its region', async () => {
    fails(400, 'ResourceNotFoundException');
    const store = new DynamoDBStore({ tableName: 'circuits', endpoint, region });
    const failure = store.load(['payments'], () => WINDOW);
    await expect(failure).rejects.toThrow(/table "circuits" in eu-central-1.*create the table/);
    await store.close();
  });

  test('L12 the offset comes from the Date of the answers, within a second', async () => {
    const aheadMs = 45_000;
    answer = (_, response) => {
      const date = new Date(Date.now() + aheadMs).toUTCString();
      response.writeHead(200, { 'content-type': 'application/x-amz-json-1.0', date });
      response.end(JSON.stringify({ Responses: { circuits: [] }, UnprocessedKeys: {} }));
    };
    const store = new DynamoDBStore({ tableName: 'circuits', endpoint, region });
    expect(store.now()).toBeUndefined();
    await store.load(['payments'], () => WINDOW);
    expect(Math.abs((store.now() ?? 0) - Date.now() - aheadMs)).toBeLessThanOrEqual(1_000);
    await store.close();
  });

  test('L12 what comes before the request goes out makes the offset no worse', async () => {
    let nowMs = 1_790_000_000_000;
    const store = new DynamoDBStore({
      tableName: 'circuits',
      client: new DynamoDBClient({
        endpoint,
        region,
        credentials: async () => {
          nowMs += 60_000;
          return credentials;
        },
      }),
      clock: { ...systemClock, now: () => nowMs },
    });
    answer = (_, response) => {
      const date = new Date(nowMs).toUTCString();
      response.writeHead(200, { 'content-type': 'application/x-amz-json-1.0', date });
      response.end(JSON.stringify({ Responses: { circuits: [] }, UnprocessedKeys: {} }));
    };
    await store.load(['payments'], () => WINDOW);
    expect(Math.abs((store.now() ?? 0) - nowMs)).toBeLessThanOrEqual(1_000);
    await store.close();
  });
});

describe('L12 where an answer took long, it is open when in that time it was stamped', () => {
  const START_MS = 1_790_000_000_400;

  /** A service whose clock is the machine's; each answer takes `waitMs` before it is stamped and `stallMs` after. */
  function service(waits: [waitMs: number, stallMs: number][]) {
    let nowMs = START_MS;
    const sent: Operations['UpdateItem']['input'][] = [];
    let Attributes = toItem(headFields({ ...ROOT, sinceMs: START_MS }));
    const transport: DynamoDBTransport = {
      async send<O extends Operation>(operation: O, input: Operations[O]['input'], sending: () => void) {
        if (operation === 'UpdateItem') {
          const write = input as Operations['UpdateItem']['input'];
          sent.push(write);
          const set = Object.entries(write.ExpressionAttributeValues ?? {});
          Attributes = {
            ...Attributes,
            ...Object.fromEntries(set.map(([key, value]) => [key.slice(1), value])),
          };
        }
        sending();
        const [waitMs, stallMs] = waits.shift() ?? [0, 0];
        nowMs += waitMs;
        const dateMs = Math.floor(nowMs / 1_000) * 1_000;
        nowMs += stallMs;
        return { output: { Attributes } as Operations[O]['output'], dateMs };
      },
    };
    const clock = { ...systemClock, now: () => nowMs };
    return { sent, clock, store: new DynamoDBStore({ tableName: 'circuits', transport, clock }) };
  }
  const load = (store: DynamoDBStore) => store.load(['payments'], () => WINDOW);

  test.each([
    ['in line, for a socket or before the server', [3_000, 0]],
    ['after the stamp, in a server or a process that stalls', [0, 3_000]],
  ] as [string, [number, number]][])('%s: the next quick one tells the time', async (_, slow) => {
    const { store, clock } = service([slow, [20, 20]]);
    await load(store);
    expect(store.now()).toBeUndefined();
    await load(store);
    expect(Math.abs((store.now() ?? 0) - clock.now())).toBeLessThanOrEqual(1_000);
  });

  test('answers that all take long tell it together', async () => {
    const { store, clock } = service(Array.from({ length: 8 }, () => [1_370, 0]));
    for (let answers = 0; answers < 8; answers++) await load(store);
    expect(Math.abs((store.now() ?? 0) - clock.now())).toBeLessThanOrEqual(1_000);
  });

  test('a trip is written by a time that is known: after a slow first answer the report’s own tells it', async () => {
    const { sent, clock, store } = service([[3_000, 0]]);
    const gear = new Switchgear({ store, clock });
    const payments = gear.breaker('payments');
    const refused = Object.assign(new Error('down'), { code: 'ECONNREFUSED' });
    for (let i = 0; i < 3; i++)
      await expect(payments.execute(() => Promise.reject(refused))).rejects.toBe(refused);
    await gear.flush();
    const trips = sent.filter(({ ExpressionAttributeValues: values }) => values?.[':openUntilMs']);
    expect(trips.length).toBeGreaterThan(0);
    for (const { ExpressionAttributeValues } of trips)
      expect(
        Math.abs(Number(fromAttribute(ExpressionAttributeValues?.[':sinceMs'])) - clock.now()),
      ).toBeLessThanOrEqual(1_000);
    await gear.close();
  });
});

describe('failures of any transport', () => {
  function failing(failure: unknown): DynamoDBOperatorStore {
    const transport: DynamoDBTransport = { send: () => Promise.reject(failure) };
    return new DynamoDBOperatorStore({ tableName: 'circuits', transport });
  }

  function service(name: string, httpStatusCode: number) {
    return Object.assign(new Error('no'), { name, $metadata: { httpStatusCode } });
  }

  test.each([
    [service('ThrottlingException', 400), 'refused', /ThrottlingException/],
    [service('AccessDeniedException', 400), 'refused', /UpdateItem.*allow this operation/],
    [service('ValidationException', 400), 'refused', /partitionKey and sortKey/],
    [Object.assign(new Error('none'), { name: 'CredentialsProviderError' }), 'refused', /credentials/],
    [Object.assign(new Error('none'), { code: 'ERR_MODULE_NOT_FOUND' }), 'refused', /install @aws-sdk/],
    [service('InternalServerError', 500), 'unknown', /InternalServerError/],
    [Object.assign(new Error('reset'), { code: 'ECONNRESET' }), 'unknown', /reset \(ECONNRESET\)/],
    ['a string', 'unknown', /a string/],
    [undefined, 'unknown', /undefined/],
  ])('%s: %s', async (failure, fate, message) => {
    const report = failing(failure).report(KNOWN, evidenceNow());
    await expect(report).rejects.toMatchObject({ name: 'StoreError', fate });
    await expect(report).rejects.toThrow(message);
  });

  test('of a step before the write leave its fate in no doubt', async () => {
    // The directory entry of a new circuit is written first.
    await expect(failing(new Error('reset')).report(ROOT, evidenceNow())).rejects.toMatchObject({
      fate: 'refused',
    });
    const disable = { mode: 'disabled', by: 'ana', reason: 'drill' } as const;
    await expect(failing(new Error('reset')).override('payments', disable)).rejects.toMatchObject({
      fate: 'refused',
    });
  });
});

test('operators’ acts that begin together share one read', async () => {
  const sent: Operation[] = [];
  const transport: DynamoDBTransport = {
    async send<O extends Operation>(operation: O) {
      sent.push(operation);
      return { output: {} as Operations[O]['output'], dateMs: Date.now() };
    },
  };
  const operator = new Operator({
    store: new DynamoDBOperatorStore({ tableName: 'circuits', transport }),
    by: 'ana',
  });
  const reads = () => sent.splice(0).filter((operation) => operation === 'BatchGetItem').length;
  const names = Array.from({ length: 150 }, (_, i) => `c${i}`);
  await operator.setStates(
    Object.fromEntries(names.map((name) => [name, { mode: 'disabled', reason: 'drill' }])),
  );
  expect(reads()).toBe(2);
  await operator.clearStates(names, { reason: 'over' });
  expect(reads()).toBe(2);
  await operator.getStates(names);
  expect(reads()).toBe(2);
});

describe('reads in batches', () => {
  /** Answers reads as `process` says; keeps what was asked for. */
  function reading(process: (keys: readonly Item[], call: number) => readonly Item[]) {
    const asked: (readonly Item[])[] = [];
    const waits: number[] = [];
    const transport: DynamoDBTransport = {
      async send<O extends Operation>(_: O, input: Operations[O]['input']) {
        const { Keys = [] } = (input as Operations['BatchGetItem']['input']).RequestItems.circuits ?? {};
        const left = process(Keys, asked.push(Keys));
        const UnprocessedKeys = left.length > 0 ? { circuits: { Keys: left } } : {};
        return { output: { Responses: { circuits: [] }, UnprocessedKeys } as Operations[O]['output'] };
      },
    };
    const clock = {
      ...systemClock,
      setTimer(run: () => void, ms: number) {
        waits.push(ms);
        queueMicrotask(run);
        return { cancel() {} };
      },
    };
    return { asked, waits, store: new DynamoDBStore({ tableName: 'circuits', transport, clock }) };
  }

  test('hold 100 keys at most, each once', async () => {
    const { asked, store } = reading(() => []);
    const names = Array.from({ length: 250 }, (_, i) => `c${i % 230}`);
    expect((await store.load(names, () => WINDOW)).map(({ name }) => name)).toEqual(names);
    expect(asked.map((keys) => keys.length)).toEqual([100, 100, 30]);
  });

  test('ask again for what was not processed, and only for that', async () => {
    const { asked, waits, store } = reading((keys, call) => (call === 1 ? keys.slice(2) : []));
    await store.load(['a', 'b', 'c'], () => WINDOW);
    expect(asked.map((keys) => keys.map((key) => key.PK))).toEqual([
      [{ S: 'CIRCUIT#a' }, { S: 'CIRCUIT#b' }, { S: 'CIRCUIT#c' }],
      [{ S: 'CIRCUIT#c' }],
    ]);
    expect(waits).toEqual([20]);
  });

  describe('fail apart', () => {
    const names = Array.from({ length: 250 }, (_, i) => `c${i}`);
    const has = (keys: readonly Item[], name: string) =>
      keys.some((key) => fromAttribute(key.PK) === `CIRCUIT#${name}`);
    const throttled = Object.assign(new Error('too much'), {
      name: 'ThrottlingException',
      $metadata: { httpStatusCode: 400 },
    });
    const load = async (process: Parameters<typeof reading>[0], loaded: readonly string[] = names) => {
      const told: unknown[] = [];
      const { store } = reading(process);
      const records = await store.load(loaded, () => WINDOW, { unreadable: (error) => told.push(error) });
      return { told, missing: loaded.filter((_, at) => records[at] === undefined) };
    };

    test('a batch that is throttled costs the others nothing, and is told once', async () => {
      const { told, missing } = await load((keys) => {
        if (has(keys, 'c150')) throw throttled;
        return [];
      });
      expect(missing).toEqual(names.slice(100, 200));
      expect(told).toEqual([
        expect.objectContaining({ fate: 'refused', message: expect.stringContaining('ThrottlingException') }),
      ]);
    });

    test('keys that are left unprocessed cost the others of their batch nothing', async () => {
      const { told, missing } = await load((keys) => keys.filter((key) => has([key], 'c7')));
      expect(missing).toEqual(['c7']);
      expect(told).toEqual([
        expect.objectContaining({ fate: 'refused', message: expect.stringContaining('left unprocessed') }),
      ]);
    });

    test('a later request for what was left that fails, too', async () => {
      const { missing } = await load((keys, call) => {
        if (call > 3) throw throttled;
        return keys.filter((key) => has([key], 'c7'));
      });
      expect(missing).toEqual(['c7']);
    });

    test.each([
      ['one batch', names.slice(0, 3)],
      ['all batches', names],
    ])('where nothing could be read, %s, the load does not answer', async (_, all) => {
      const process = () => {
        throw throttled;
      };
      await expect(load(process, all)).rejects.toMatchObject({ fate: 'refused' });
    });

    test('who does not ask to be told gets all or nothing', async () => {
      const { store } = reading((keys) => keys.filter((key) => has([key], 'c7')));
      await expect(store.load(names, () => WINDOW)).rejects.toMatchObject({ fate: 'refused' });
    });

    test('L8 the circuits of the other batches are as the fleet has them, those of the failed one protect themselves', async () => {
      const { store } = reading((keys) => {
        if (has(keys, 'c150')) throw throttled;
        return [];
      });
      const gear = new Switchgear({ store });
      const told: unknown[] = [];
      gear.onStoreError((error, verb) => told.push([verb, (error as Error).message]));
      await gear.warm(names);
      expect(told).toEqual([['load', expect.stringContaining('ThrottlingException')]]);
      expect(gear.breaker('c7').circuit.record).toBeDefined();
      const refused = Object.assign(new Error('down'), { code: 'ECONNREFUSED' });
      const call = () => gear.breaker('c150').execute(() => Promise.reject(refused));
      for (let i = 0; i < 3; i++) await expect(call()).rejects.toBe(refused);
      await expect(call()).rejects.toMatchObject({ code: 'CIRCUIT_OPEN', state: 'local-open' });
      await gear.close();
    });
  });

  test('give up soon: a missing key must not read as a missing circuit', async () => {
    const { asked, waits, store } = reading((keys) => keys);
    await expect(store.load(['a'], () => WINDOW)).rejects.toMatchObject({ fate: 'refused' });
    expect(asked).toHaveLength(4);
    expect(waits).toEqual([20, 50, 100]);
  });
});

test('options that cannot be right are refused, all at once', () => {
  expect(() => new DynamoDBStore({ tableName: '', partitionKey: '' })).toThrow(/tableName.*\n.*partitionKey/);
  expect(() => new DynamoDBStore({} as { tableName: string })).toThrow(/tableName is undefined/);
  expect(() => new DynamoDBStore(undefined as never)).toThrow(/tableName is undefined/);
  const wrong = { tableName: 'orders', partitonKey: 'pk', keyPrefix: 5, sortKey: false } as never;
  expect(() => new DynamoDBStore(wrong)).toThrow(
    /partitonKey is not an option, did you mean partitionKey\?[\s\S]*sortKey is false[\s\S]*keyPrefix is 5/,
  );
  const sparse = { tableName: 'orders', sortKey: null, ttlAttribute: undefined, region } as never;
  expect(() => new DynamoDBStore(sparse)).not.toThrow();
});
