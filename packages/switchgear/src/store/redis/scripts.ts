/** Runs the scripts: by their hashes, with the text only where the server does not have it. */

import type { Clock } from '../../clock.ts';
import { type CircuitRecord, rootRecord } from '../../core/record.ts';
import { ClockOffset } from '../clock-offset.ts';
import type { WriteAnswer } from '../contract.ts';
import { recordOf, UnreadableError } from '../record-fields.ts';
import type { RedisConnection } from './connection.ts';
import { scriptMissing, storeErrorOf, wrongType } from './failure.ts';
import { SCRIPTS } from './lua.generated.ts';
import { recordOfFlat } from './record-hash.ts';

/** Scripts answer in whole milliseconds. */
const TIME_RESOLUTION_MS = 1;

type Reply = readonly [accepted: number, nowMs: number, fields: readonly string[]];

export class Scripts {
  readonly #connection: RedisConnection;
  readonly #clock: Clock;
  readonly #offset: ClockOffset;

  constructor(connection: RedisConnection, clock: Clock) {
    this.#connection = connection;
    this.#clock = clock;
    this.#offset = new ClockOffset(() => clock.now());
  }

  /** The server's time in whole milliseconds; `undefined` before an answer has told it, to ±`withinMs` where that is given. */
  now(withinMs?: number): number | undefined {
    return this.#offset.now(withinMs);
  }

  /** Runs a verb on a circuit. A record that is missing is answered with the root record, cut like `base`. */
  async run(
    verb: keyof typeof SCRIPTS,
    keys: readonly [record: string, ...more: string[]],
    args: readonly (string | number)[],
    base: Pick<CircuitRecord, 'name' | 'bucketMs' | 'buckets'>,
    read = recordOf,
  ): Promise<WriteAnswer> {
    const { sha1, text } = SCRIPTS[verb];
    const rest = [String(keys.length), ...keys, ...args.map(String)];
    const sentMs = this.#clock.now();
    try {
      const [accepted, nowMs, fields] = (await this.#connection
        .send(keys[0], ['EVALSHA', sha1, ...rest])
        .catch((thrown: unknown) => {
          if (!scriptMissing(thrown)) throw thrown;
          return this.#connection.send(keys[0], ['EVAL', text, ...rest]);
        })) as Reply;
      this.#offset.learn(nowMs, TIME_RESOLUTION_MS, sentMs);
      const record = fields.length > 0 ? recordOfFlat(base.name, fields, read) : rootRecord(base.name, base);
      return { accepted: accepted === 1, record };
    } catch (thrown) {
      const error = storeErrorOf(thrown, `${verb} of circuit "${base.name}"`);
      // What lies under one circuit's key concerns no other circuit.
      throw verb === 'load' && wrongType(thrown) ? new UnreadableError(error.message) : error;
    }
  }

  /** Sends a plain command. */
  async send(key: string, ...command: readonly string[]): Promise<unknown> {
    try {
      return await this.#connection.send(key, command);
    } catch (thrown) {
      throw storeErrorOf(thrown, `${command[0]} ${key}`);
    }
  }
}
