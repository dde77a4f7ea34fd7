/** The table as the store uses it: reads in batches, conditional updates and pages, with what each answer says about the time. */

import type { Clock } from '../../clock.ts';
import { StoreError } from '../../errors.ts';
import { ClockOffset } from '../clock-offset.ts';
import { type Change, expressions } from './change.ts';
import { conditionFailed, storeErrorOf } from './failure.ts';
import { Keys, type TableLayout } from './layout.ts';
import type { DynamoDBTransport, Item, Operation, Operations } from './transport.ts';

/** Keys that one BatchGetItem takes. */
const BATCH = 100;
/** Waits before keys that were not processed are asked for again, milliseconds. Then the read fails. */
const READ_AGAIN_MS = [20, 50, 100];
/** The `Date` header counts whole seconds. */
const DATE_RESOLUTION_MS = 1_000;

/** Stands for an item that a read brought no word of. */
export const UNREAD: Item = {};

export class Table {
  readonly keys: Keys;
  readonly name: string;
  readonly #clock: Clock;
  readonly #offset: ClockOffset;
  readonly #transport: DynamoDBTransport;
  /** Attributes that are stored under a name of the user's choice. */
  readonly attributes: Readonly<Record<'ttl', string>>;

  constructor(layout: Required<TableLayout>, transport: DynamoDBTransport, clock: Clock) {
    this.keys = new Keys(layout);
    this.#clock = clock;
    this.#offset = new ClockOffset(() => clock.now());
    this.#transport = transport;
    this.name = layout.tableName;
    this.attributes = { ttl: layout.ttlAttribute };
  }

  /** The service's time in whole milliseconds; `undefined` before an answer has told it, to ±`withinMs` where that is given. */
  now(withinMs?: number): number | undefined {
    return this.#offset.now(withinMs);
  }

  /**
   * The items of these keys, in their order; `undefined` where there is none. With `lost`, what one batch meets does not concern the others,
   * as long as there is any answer: its items are `UNREAD`, and one such failure is told.
   */
  async read(
    wanted: readonly Item[],
    consistent: boolean,
    lost?: (failure: unknown) => void,
  ): Promise<(Item | undefined)[]> {
    const ids = wanted.map((key) => this.keys.idOf(key));
    // A batch may not name a key twice.
    const distinct = [...new Map(wanted.map((key, at) => [ids[at], key])).values()];
    const found = new Map<string, Item>();
    const batches: Promise<void>[] = [];
    let failure: unknown;
    const fail = (error: unknown) => {
      failure = error;
    };
    for (let from = 0; from < distinct.length; from += BATCH)
      batches.push(this.#readBatch(distinct.slice(from, from + BATCH), consistent, found).catch(fail));
    await Promise.all(batches);
    const items = ids.map((id) => found.get(id));
    if (failure) {
      if (!lost || items.every((item) => item === UNREAD)) throw failure;
      lost(failure);
    }
    return items;
  }

  async #readBatch(wanted: readonly Item[], consistent: boolean, found: Map<string, Item>): Promise<void> {
    let request: Operations['BatchGetItem']['input']['RequestItems'] = {
      [this.name]: { Keys: wanted, ConsistentRead: consistent },
    };
    try {
      for (const waitMs of [...READ_AGAIN_MS, undefined]) {
        const { Responses = {}, UnprocessedKeys = {} } = await this.send('BatchGetItem', {
          RequestItems: request,
        });
        for (const item of Object.values(Responses).flat()) found.set(this.keys.idOf(item), item);
        request = UnprocessedKeys;
        if (Object.keys(request).length === 0) return;
        if (waitMs) await new Promise<void>((resolve) => this.#clock.setTimer(resolve, waitMs));
      }
      throw new StoreError(
        `BatchGetItem on table "${this.name}": throttled, keys left unprocessed`,
        'refused',
      );
    } finally {
      for (const { Keys } of Object.values(request))
        for (const key of Keys) found.set(this.keys.idOf(key), UNREAD);
    }
  }

  /**
   * Writes an item if all conditions hold. `accepted` is false where they do not; the item is then the one that refused,
   * or absent. Unconditional writes bring no item.
   */
  async update(key: Item, change: Change): Promise<{ accepted: boolean; item: Item | undefined }> {
    try {
      const { Attributes } = await this.send('UpdateItem', {
        TableName: this.name,
        Key: key,
        ...expressions(change, this.attributes),
        ...(change.when && { ReturnValues: 'ALL_NEW', ReturnValuesOnConditionCheckFailure: 'ALL_OLD' }),
      });
      return { accepted: true, item: Attributes };
    } catch (thrown) {
      const failure = conditionFailed(thrown);
      if (!failure) throw thrown;
      // dynalite leaves out the item that refused. Elsewhere its absence means that there is none, which is rare.
      return { accepted: false, item: failure.Item ?? (await surely(this.read([key], true)))[0] };
    }
  }

  /** Sends a request and learns the time of its answer. @throws StoreError, or what `conditionFailed` knows. */
  async send<O extends Operation>(
    operation: O,
    input: Operations[O]['input'],
  ): Promise<Operations[O]['output']> {
    let sentMs = this.#clock.now();
    try {
      const { output, dateMs } = await this.#transport.send(operation, input, () => {
        sentMs = this.#clock.now();
      });
      if (dateMs) this.#offset.learn(dateMs, DATE_RESOLUTION_MS, sentMs);
      return output;
    } catch (thrown) {
      throw conditionFailed(thrown) ?? (await storeErrorOf(thrown, operation, this.name, this.#transport));
    }
  }
}

/** For steps around a write that has not happened: their failure does not leave its fate open. */
export async function surely<T>(step: Promise<T>): Promise<T> {
  try {
    return await step;
  } catch (cause) {
    throw new StoreError((cause as Error).message, 'refused', { cause });
  }
}
