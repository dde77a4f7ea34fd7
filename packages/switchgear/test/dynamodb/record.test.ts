/** The record as it lies in the table: its size, its expiry, its counters, and what somebody else may have written there. */

import { GetItemCommand, PutItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Counts, type Evidence, NOTHING, slotAt } from '../../src/core/evidence.ts';
import { type CircuitRecord, type ClosedHead, type OpenHead, rootRecord } from '../../src/core/record.ts';
import type { DynamoDBOperatorStore } from '../../src/store/dynamodb/index.ts';
import type { AttributeValue, DynamoDBTransport, Item } from '../../src/store/dynamodb/transport.ts';
import { Bed, EMULATORS, type Emulator, LAYOUTS } from './emulators.ts';

const WINDOW = { bucketMs: 1_000, buckets: 10 };
const DAY_SEC = 86_400;
const AUTHOR = { by: 'ana', reason: 'maintenance' };

function evidenceAt(nowMs: number): Evidence {
  return {
    [slotAt(nowMs, WINDOW.bucketMs)]: { ...NOTHING, calls: 4, failures: 3 },
  };
}

function opened(base: CircuitRecord, nowMs: number): OpenHead {
  return {
    state: 'open',
    epoch: { number: base.epoch.number + 1, id: crypto.randomUUID() },
    sinceMs: nowMs,
    attempt: 0,
    ...WINDOW,
    settledOverride: base.settledOverride,
    openUntilMs: nowMs + 10_000,
    transition: { from: base.state, to: 'open', atMs: nowMs, reason: 'failures', by: 'p1' },
  };
}

/** Size of an item by the service's rules: names, and values with a byte per entry of a map. */
function sizeOf(item: Item): number {
  return Object.entries(item).reduce(
    (sum, [name, value]) => sum + Buffer.byteLength(name) + valueSize(value),
    0,
  );
}

function valueSize(value: AttributeValue): number {
  if ('S' in value) return Buffer.byteLength(value.S);
  if ('N' in value) return Math.ceil(value.N.replace(/\D/g, '').length / 2) + 1;
  return 'M' in value ? 3 + Object.keys(value.M).length + sizeOf(value.M) : 0;
}

describe.each(Object.entries(EMULATORS))('on %s', (emulatorName, start) => {
  let emulator: Emulator;
  beforeAll(async () => {
    emulator = await start();
  });
  afterAll(() => emulator.stop());

  describe.each(Object.entries(LAYOUTS))('%s', (_, layout) => {
    let bed: Bed;
    let store: DynamoDBOperatorStore;
    let circuits = 0;
    beforeAll(async () => {
      bed = await Bed.on(emulator.endpoint, layout);
      store = bed.store();
      await store.list();
    });
    afterAll(() => bed.close());

    const newName = () => `circuit-${circuits++}`;
    const now = () => store.now() ?? Number.NaN;

    async function read(name: string): Promise<CircuitRecord> {
      const [record] = await store.load([name], () => WINDOW, { consistent: true });
      return record as CircuitRecord;
    }

    function keyOf(name: string) {
      return 'keyPrefix' in layout
        ? { id: { S: `cb/${name}` } }
        : { PK: { S: `CIRCUIT#${name}` }, SK: { S: 'STATE' } };
    }

    async function itemOf(name: string): Promise<Item> {
      const key = { TableName: bed.options.tableName, Key: keyOf(name), ConsistentRead: true };
      return ((await bed.client.send(new GetItemCommand(key))).Item ?? {}) as Item;
    }

    async function ttlOf(name: string): Promise<number | undefined> {
      const value = (await itemOf(name))['ttlAttribute' in layout ? layout.ttlAttribute : 'ttl'];
      return value && 'N' in value ? Number(value.N) : undefined;
    }

    test('L2 200 reports at once are counted exactly', async () => {
      const base = await read(newName());
      const evidence = evidenceAt(now());
      const answers = await Promise.all(Array.from({ length: 200 }, () => store.report(base, evidence)));
      expect(answers.every(({ accepted }) => accepted)).toBe(true);
      const [counts] = Object.values((await read(base.name)).evidence);
      expect(counts).toEqual({
        calls: 800,
        failures: 600,
        slow: 0,
        isolated: 0,
        isolatedSlow: 0,
        votes: 0,
      });
    });

    test('counts of zero are not written', async () => {
      const base = await read(newName());
      await store.report(base, evidenceAt(now()));
      const counters = Object.keys(await itemOf(base.name)).filter((attribute) =>
        /^[cfsijv]\d/.test(attribute),
      );
      expect(counters.map((attribute) => attribute[0]).sort()).toEqual(['c', 'f']);
    });

    test('L2 peers C1 a stale epoch is refused with the newer record', async () => {
      const root = await read(newName());
      const { record: open } = await store.transition(root, opened(root, now()));
      expect(await store.report(root, evidenceAt(now()))).toEqual({ accepted: false, record: open });
    });

    test('a transition empties buckets that its base had not seen', async () => {
      const root = await read(newName());
      await store.report(root, evidenceAt(now()));
      await bed.store().report(root, evidenceAt(now() - 3_000));
      const { record } = await store.transition(root, opened(root, now()));
      expect(record.evidence).toEqual({});
      expect(record.state).toBe('open');
    });

    test('L10 a busy record is smaller than one write unit', async () => {
      const name = 'payments-of-the-european-shop';
      let record = await read(name);
      const nowMs = now();
      record = (await store.transition(record, opened(record, nowMs))).record;
      const { openUntilMs, ...terms } = opened(record, nowMs);
      const next: ClosedHead = {
        ...terms,
        state: 'closed',
        rampMs: 30_000,
        rampFrom: 0.1,
        transition: {
          ...{ from: 'half-open', to: 'closed', atMs: nowMs, reason: 'override-ended', by: 'AAAAAAAAAAAA' },
          ...{ calls: 123_456, failures: 12_345, lastFailure: 'UND_ERR_CONNECT_TIMEOUT' },
        },
      };
      const busy = {
        calls: 123_456,
        failures: 23_456,
        slow: 34_567,
        isolated: 999,
        isolatedSlow: 0,
        votes: 4_567,
      };
      /** Up to the slot ahead of the present, as a clock may be: none has left the window when the report arrives. */
      const full = (counts: Counts) => {
        const newest = slotAt(now(), WINDOW.bucketMs) + 1;
        return Object.fromEntries(Array.from({ length: 10 }, (_, i) => [newest - i, counts]));
      };
      const sizeWith = async (counts: Counts) => {
        record = (await store.transition(record, { ...next, epoch: opened(record, nowMs).epoch })).record;
        record = (await store.report(record, full(counts))).record;
        expect(Object.keys(record.evidence)).toHaveLength(10);
        return sizeOf(await itemOf(name));
      };
      expect(await sizeWith({ ...busy, votes: 0 })).toBeLessThan(1_024);
      expect(await sizeWith({ ...busy, slow: 0 })).toBeLessThan(1_024);
      // Slow calls AND a quorum, on every bucket of a busy window, are two write units: docs/protocol.md says so.
      expect(await sizeWith(busy)).toBeLessThan(1_100);
    });

    test('a record expires a week after the last thing it says, in seconds', async () => {
      const root = await read(newName());
      const { record } = await store.report(root, evidenceAt(now()));
      const weekSec = now() / 1_000 + 7 * DAY_SEC;
      expect(Math.abs(((await ttlOf(root.name)) ?? 0) - weekSec)).toBeLessThan(5);
      const late = { ...opened(record, now()), openUntilMs: now() + 30 * DAY_SEC * 1_000 };
      await store.transition(record, late);
      expect(Math.abs(((await ttlOf(root.name)) ?? 0) - weekSec - 30 * DAY_SEC)).toBeLessThan(5);
    });

    test('L9 no TTL from the override on, until a transition has taken its end into account', async () => {
      const root = await read(newName());
      await store.report(root, evidenceAt(now()));
      const { record: forced } = await store.override(root.name, { mode: 'disabled', ...AUTHOR });
      expect(await ttlOf(root.name)).toBeUndefined();
      const reported = await store.report(forced, evidenceAt(now()));
      expect(reported.accepted).toBe(true);
      expect(await ttlOf(root.name)).toBeUndefined();
      const { record: released } = await store.override(root.name, { mode: 'release', ...AUTHOR });
      await store.report(released, evidenceAt(now()));
      expect(await ttlOf(root.name)).toBeUndefined();
      const settled = { ...opened(released, now()), settledOverride: released.override?.version ?? 0 };
      await store.transition(released, settled);
      expect(await ttlOf(root.name)).toBeGreaterThan(now() / 1_000);
    });

    test('L9 a write from before the override does not arm the TTL again', async () => {
      for (const act of [
        (base: CircuitRecord) => store.report(base, evidenceAt(now())),
        (base: CircuitRecord) => store.transition(base, opened(base, now())),
      ]) {
        const root = await read(newName());
        const { record: base } = await store.report(root, evidenceAt(now()));
        await store.override(root.name, { mode: 'forced-open', ...AUTHOR });
        const answer = await act(base);
        expect(answer.accepted).toBe(true);
        expect(answer.record.override?.mode).toBe('forced-open');
        expect(await ttlOf(root.name)).toBeUndefined();
      }
    });

    test('stored settings do not expire with a circuit that stays healthy', async () => {
      const root = await read(newName());
      const { record: base } = await store.report(root, evidenceAt(now()));
      await store.policy(root.name, { failureThreshold: 7 }, AUTHOR);
      expect((await store.report(base, evidenceAt(now()))).accepted).toBe(true);
      expect((await store.transition(base, opened(base, now()))).record.policy?.values).toEqual({
        failureThreshold: 7,
      });
      expect(await ttlOf(root.name)).toBeUndefined();
    });

    test('L9 L12 what one client has released, another whose clock is behind does not release again', async () => {
      const { name } = await read(newName());
      await store.override(name, { mode: 'forced-open', ...AUTHOR });
      const { record } = await store.override(name, { mode: 'release', ...AUTHOR });
      const transport = bed.transport();
      const late: DynamoDBTransport = {
        send: async (operation, input, sending) => {
          const { output, dateMs = Number.NaN } = await transport.send(operation, input, sending);
          return { output, dateMs: dateMs - 1_500 };
        },
      };
      const behind = bed.store({ transport: late });
      expect(await behind.override(name, { mode: 'release', ...AUTHOR })).toEqual({
        accepted: false,
        record,
      });
    });

    test('clear ends the override, arms the TTL and keeps the history', async () => {
      const root = await read(newName());
      await store.transition(root, opened(root, now()));
      await store.override(root.name, { mode: 'forced-open', ...AUTHOR });
      await store.clear([root.name], AUTHOR);
      const record = await read(root.name);
      expect(record).toMatchObject({ state: 'closed', epoch: { number: 2 }, settledOverride: 1 });
      expect(record).not.toHaveProperty('override');
      expect(await ttlOf(root.name)).toBeGreaterThan(now() / 1_000);
      expect((await store.history(root.name)).map(({ reason }) => reason)).toEqual(['cleared', 'failures']);
    });

    test('L9 an act is filed before the next one takes its place, and expires 30 days after that', async () => {
      const name = newName();
      await store.override(name, { mode: 'forced-open', forMs: 60_000, ...AUTHOR });
      const { record } = await store.policy(name, { failureThreshold: 7 }, AUTHOR);
      const atMs = record.override?.atMs as number;
      const transport = bed.transport();
      const dies: DynamoDBTransport = {
        send: async (operation, input, sending) => {
          if ('ConditionExpression' in input) throw new Error('the process died');
          return transport.send(operation, input, sending);
        },
      };
      const act = bed.store({ transport: dies }).override(name, { mode: 'release', ...AUTHOR });
      await expect(act).rejects.toThrow('the process died');

      const key =
        'keyPrefix' in layout
          ? { id: { S: `HISTORY#cb/${name}#override-000000000001` } }
          : {
              PK: { S: `CIRCUIT#${name}` },
              SK: { S: `ACT#${String(atMs).padStart(15, '0')}#000000000001#override` },
            };
      const { Item: filed = {} } = await bed.client.send(
        new GetItemCommand({ TableName: bed.options.tableName, Key: key, ConsistentRead: true }),
      );
      const ttl = filed['ttlAttribute' in layout ? layout.ttlAttribute : 'ttl']?.N;
      expect(Math.abs(Number(ttl) - now() / 1_000 - 30 * 86_400)).toBeLessThan(5);
      expect(Number(filed.override?.M?.untilMs?.N)).toBe(atMs + 60_000);
      // It is in two places now, and among the acts once.
      expect((await store.acts(name)).map(({ kind, version }) => `${kind} ${version}`).sort()).toEqual([
        'override 1',
        'policy 1',
      ]);
    });

    test('attributes that this version does not know survive a transition', async () => {
      const root = await read(newName());
      const { record } = await store.report(root, evidenceAt(now()));
      await bed.client.send(
        new UpdateItemCommand({
          TableName: bed.options.tableName,
          Key: keyOf(root.name),
          UpdateExpression: 'SET costCentre = :c',
          ExpressionAttributeValues: { ':c': { S: '4711' } },
        }),
      );
      expect((await store.transition(record, opened(record, now()))).accepted).toBe(true);
      expect((await itemOf(root.name)).costCentre).toEqual({ S: '4711' });
    });

    test.each([
      ['a newer schema', { schema: { N: '2' } }, /schema 2, this version reads up to 1/],
      ['no record at all', { colour: { S: 'red' } }, /cannot be read/],
      ['an unknown state', { state: { S: 'ajar' } }, /state/],
      ['text for a number', { attempt: { S: 'one' } }, /attempt is "one"/],
      ['a list for an override', { override: { L: [] } }, /version is undefined/],
      ['a wrong override', { override: { M: { mode: { S: 'disabled' } } } }, /version is undefined/],
      [
        'an unknown override',
        {
          override: {
            M: {
              mode: { S: 'open' },
              version: { N: '1' },
              atMs: { N: '1' },
              by: { S: 'ana' },
              reason: { S: 'x' },
            },
          },
        },
        /override.mode is open/,
      ],
      ['a wrong counter', { c1790000000: { S: 'x' } }, /c1790000000/],
    ])('%s in the item is a StoreError', async (_, attributes, message) => {
      const root = await read(newName());
      await store.report(root, evidenceAt(now()));
      const item = 'colour' in attributes ? {} : await itemOf(root.name);
      await bed.client.send(
        new PutItemCommand({
          TableName: bed.options.tableName,
          Item: { ...(item as object), ...keyOf(root.name), ...attributes } as never,
        }),
      );
      const answer = read(root.name);
      await expect(answer).rejects.toMatchObject({ code: 'STORE_FAILED' });
      await expect(answer).rejects.toThrow(message);

      const other = newName();
      const told: unknown[] = [];
      const records = await store.load([other, root.name], () => WINDOW, {
        unreadable: (error) => told.push(error),
      });
      expect(records).toEqual([rootRecord(other, WINDOW), undefined]);
      expect(told).toEqual([expect.objectContaining({ message: expect.stringMatching(message) })]);
      if ('override' in attributes) {
        await store.clear([root.name], AUTHOR);
        expect(await read(root.name)).toMatchObject({ state: 'closed', transition: { reason: 'cleared' } });
      }
    });

    test('clear ends an override that cannot be read, unless another act came in between', async () => {
      const root = await read(newName());
      await store.override(root.name, { mode: 'forced-open', ...AUTHOR });
      await bed.client.send(
        new UpdateItemCommand({
          TableName: bed.options.tableName,
          Key: keyOf(root.name),
          UpdateExpression: 'SET #o.untilMs = :text',
          ExpressionAttributeNames: { '#o': 'override' },
          ExpressionAttributeValues: { ':text': { S: '10m' } },
        }),
      );
      await expect(read(root.name)).rejects.toThrow(/untilMs is "10m"/);
      await store.clear([root.name], AUTHOR);
      const record = await read(root.name);
      expect(record).toMatchObject({ state: 'closed', settledOverride: 1 });
      expect(record).not.toHaveProperty('override');
    });

    test('the cost in requests is what the contract says', async () => {
      const sent: string[] = [];
      const sdk = bed.transport();
      const counting: DynamoDBTransport = {
        send: (operation, input, sending) => {
          sent.push(operation);
          return sdk.send(operation, input, sending);
        },
      };
      const counted = bed.store({ transport: counting });
      const name = newName();
      const [root] = await counted.load([name], () => WINDOW);
      const cost = async (act: Promise<unknown>) => {
        await act;
        return sent.splice(0).join(' ');
      };
      expect(await cost(Promise.resolve())).toBe('BatchGetItem');
      // The first write of a circuit enters it into the directory.
      expect(await cost(counted.report(root as CircuitRecord, evidenceAt(now())))).toBe(
        'UpdateItem UpdateItem',
      );
      const base = await read(name);
      expect(await cost(counted.report(base, evidenceAt(now())))).toBe('UpdateItem');
      const open = opened(base, now());
      expect(await cost(counted.transition(base, open))).toBe('UpdateItem');
      const record = await read(name);
      // Files the transition before.
      expect(await cost(counted.transition(record, opened(record, now())))).toBe('UpdateItem UpdateItem');
      // dynalite does not return the item that refused.
      const refused = emulatorName === 'dynalite' ? 'UpdateItem BatchGetItem' : 'UpdateItem';
      expect(await cost(counted.report(base, evidenceAt(now())))).toBe(refused);
      expect(await cost(counted.override(name, { mode: 'disabled', ...AUTHOR }))).toBe(
        'BatchGetItem UpdateItem',
      );
    });

    test('a record that was lost starts again, and its old epoch is refused', async () => {
      const name = newName();
      const base = { ...rootRecord(name, WINDOW), epoch: { number: 7, id: 'gone' }, sinceMs: now() };
      const answer = await store.report(base, evidenceAt(now()));
      expect(answer).toEqual({ accepted: false, record: rootRecord(name, WINDOW) });
      expect(await itemOf(name)).toEqual({});
    });
  });
});
