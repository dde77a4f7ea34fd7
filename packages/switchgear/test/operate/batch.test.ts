/** What operators' acts on many circuits cost: decision 15 has these numbers. */

import { expect, test } from 'vitest';
import { Operator, type StateRequest } from '../../src/operate/index.ts';
import { DynamoDBOperatorStore } from '../../src/store/dynamodb/index.ts';
import type {
  Answer,
  DynamoDBTransport,
  Item,
  Operation,
  Operations,
} from '../../src/store/dynamodb/transport.ts';
import { FakeClock } from '../../src/testing/index.ts';

const CIRCUITS = 250;
const NAMES = Array.from({ length: CIRCUITS }, (_, i) => `circuit-${i}`);
const reason = 'drill';

/**
 * A table as far as these acts need one: it keeps what is set, takes every write, and answers all requests that are under way
 * together. Each such answer is one round trip, however many requests share it.
 */
class Table implements DynamoDBTransport {
  readonly #items = new Map<string, Item>();
  readonly #clock = new FakeClock();
  #waiting: (() => void)[] = [];
  rounds = 0;
  reads = 0;
  writes = 0;

  send<O extends Operation>(operation: O, input: Operations[O]['input']): Promise<Answer<O>> {
    const output = () =>
      operation === 'UpdateItem'
        ? this.#write(input as Operations['UpdateItem']['input'])
        : this.#read(input as Operations['BatchGetItem']['input']);
    return new Promise((resolve) => {
      if (this.#waiting.length === 0) setImmediate(() => this.#answer());
      this.#waiting.push(() =>
        resolve({ output: output() as Operations[O]['output'], dateMs: this.#clock.now() }),
      );
    });
  }

  #answer(): void {
    this.rounds += 1;
    for (const each of this.#waiting.splice(0)) each();
  }

  #read({ RequestItems }: Operations['BatchGetItem']['input']): Operations['BatchGetItem']['output'] {
    this.reads += 1;
    const { Keys = [] } = RequestItems.circuits ?? {};
    expect(Keys.length).toBeLessThanOrEqual(100);
    return {
      Responses: {
        circuits: Keys.map((key) => this.#items.get(JSON.stringify(key))).filter(
          (item) => item !== undefined,
        ),
      },
    };
  }

  #write({ Key, ...update }: Operations['UpdateItem']['input']): Operations['UpdateItem']['output'] {
    this.writes += 1;
    const { UpdateExpression = '', ExpressionAttributeNames: names = {} } = update;
    const kept = Object.entries(this.#items.get(JSON.stringify(Key)) ?? Key);
    const removed = (/REMOVE (.*)/.exec(UpdateExpression)?.[1] ?? '').split(',');
    const set = Object.entries(update.ExpressionAttributeValues ?? {}).filter(([value]) =>
      new RegExp(`#${value.slice(1)} .*${value}\\b`).test(UpdateExpression),
    );
    const Attributes = Object.fromEntries([
      ...kept.filter(([name]) => !removed.some((placeholder) => names[placeholder] === name)),
      ...set.map(([value, to]) => [names[`#${value.slice(1)}`] ?? '', to] as const),
    ]);
    this.#items.set(JSON.stringify(Key), Attributes);
    return { Attributes };
  }

  /** What `act` cost. */
  async cost(act: () => Promise<unknown>) {
    this.rounds = this.reads = this.writes = 0;
    await act();
    return { rounds: this.rounds, reads: this.reads, writes: this.writes };
  }
}

test('DynamoDB: as many round trips for 250 circuits as for one, a read per 100, and writes all at the same time', async () => {
  const table = new Table();
  const store = new DynamoDBOperatorStore({ tableName: 'circuits', transport: table });
  const operator = new Operator({ store, by: 'ana' });
  const all = (request: StateRequest) => () =>
    operator.setStates(Object.fromEntries(NAMES.map((name) => [name, request])));

  expect(await table.cost(() => operator.getStates(NAMES))).toEqual({ rounds: 1, reads: 3, writes: 0 });
  // New circuits are entered into the directory first.
  const first = await table.cost(all({ mode: 'forced-open', reason }));
  expect(first).toEqual({ rounds: 3, reads: 3, writes: 2 * CIRCUITS });
  // The act before is filed first.
  const next = await table.cost(all({ mode: 'forced-closed', reason }));
  expect(next).toEqual({ rounds: 3, reads: 3, writes: 2 * CIRCUITS });
  const cleared = await table.cost(() => operator.clearStates(NAMES, { reason }));
  expect(cleared).toEqual({ rounds: 3, reads: 3, writes: 2 * CIRCUITS });
  // Nothing to file but the transition of the clear before.
  const again = await table.cost(() => operator.clearStates(NAMES, { reason }));
  expect(again).toEqual({ rounds: 3, reads: 3, writes: 2 * CIRCUITS });
  const forced = await table.cost(all({ mode: 'disabled', reason }));
  expect(forced).toEqual({ rounds: 2, reads: 3, writes: CIRCUITS });
  // What is in force, and the transition before: one after the other.
  const most = await table.cost(() => operator.clearStates(NAMES, { reason }));
  expect(most).toEqual({ rounds: 4, reads: 3, writes: 3 * CIRCUITS });
  const states = await operator.getStates(NAMES);
  expect(new Set(Object.values(states).map(({ state }) => state))).toEqual(new Set(['closed']));

  const one = [NAMES[0] as string];
  expect(await table.cost(() => operator.clearStates(one, { reason }))).toEqual({
    rounds: 3,
    reads: 1,
    writes: 2,
  });
});
