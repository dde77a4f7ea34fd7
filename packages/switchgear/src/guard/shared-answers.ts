/** Last good answers of a whole fleet, in a store of the user's. It may fail, hang or forget: answers are then this process's own. */

import { type Clock, within } from '../clock.ts';
import type { Duration } from '../duration.ts';
import { ConfigurationError } from '../errors.ts';
import type { OptionSpec } from '../options.ts';
import { readGuardOptions } from './guard-options.ts';
import { SideStore } from './side-store.ts';

/** Texts by key, over a client that the user has anyway: `GET` and `SET … PX` of Redis, an item of DynamoDB. */
export interface AnswerStore {
  /** What was set under `key`; nothing where it was not, or is over. */
  get(key: string): Promise<string | null | undefined>;
  /** Keeps `text` under `key` for `ttlMs` milliseconds, in place of what is there. */
  set(key: string, text: string, ttlMs: number): Promise<unknown>;
}

export interface SharedAnswersOptions {
  readonly store: AnswerStore;
  /** Begins every key, followed by a colon: tells this kind of answer from others in the store. 1 to 64 characters. */
  readonly name: string;
  /** How long after a write of a key this process writes it again at the earliest, or looks again for one that is missing. Default 1 minute. */
  readonly every?: Duration;
  /** Longest answer that is shared, as JSON, in characters. Default 65 536. */
  readonly maxLength?: number;
  /** Longest wait for the store, by a call that has no other answer. Default 500 milliseconds. */
  readonly timeout?: Duration;
}

/** A good answer, and when it was asked for. */
export interface Answer {
  readonly value: unknown;
  readonly atMs: number;
  /** When this process wrote one under this key last. */
  readonly sharedMs?: number | undefined;
}

interface Settings {
  readonly name: string;
  readonly every: number;
  readonly maxLength: number;
  readonly timeout: number;
}

const TABLE: Record<keyof Settings, OptionSpec> = {
  name: { kind: 'text', min: 1, max: 64, required: true },
  every: { kind: 'duration', default: 60_000, min: 1, max: 86_400_000 },
  maxLength: { kind: 'integer', default: 65_536, min: 1, max: 1e7 },
  timeout: { kind: 'duration', default: 500, min: 1, max: 86_400_000 },
};

/** Missing keys that are remembered. */
const MOST_MISSING = 1_000;

export class SharedAnswers {
  readonly #store: AnswerStore;
  readonly #side: SideStore;
  readonly #settings: Settings;
  readonly #maxAgeMs: number;
  readonly #clock: Clock;
  /** Questions under way: many calls of one key ask once. */
  readonly #asking = new Map<string, Promise<Answer | undefined>>();
  /** When a key was asked for in vain. */
  readonly #missing = new Map<string, number>();

  constructor({ store, ...rest }: SharedAnswersOptions, maxAgeMs: number, clock: Clock) {
    if (typeof store?.get !== 'function' || typeof store.set !== 'function')
      throw new ConfigurationError(['lastGoodAnswer.shared: store has no get and set']);
    this.#store = store;
    this.#settings = readGuardOptions<Settings>('lastGoodAnswer.shared', TABLE, rest);
    const what = `shared answers of "${this.#settings.name}" failed, this process's own stand in`;
    this.#side = new SideStore(what, this.#settings.timeout, clock);
    this.#maxAgeMs = maxAgeMs;
    this.#clock = clock;
  }

  /** Writes an answer behind the caller's back, unless this process has done so recently. Returns when it last did. */
  offer(key: string, value: unknown, atMs: number, sharedMs: number | undefined): number | undefined {
    const nowMs = this.#clock.now();
    if (this.#side.resting || within(this.#settings.every, nowMs, sharedMs)) return sharedMs;
    void this.#side.ask(async () => {
      const text = JSON.stringify({ atMs, value });
      if (text.length <= this.#settings.maxLength)
        await this.#store.set(this.#keyOf(key), text, this.#maxAgeMs);
    });
    return nowMs;
  }

  /** The fleet's answer, if it is young enough and comes in time. Never rejects. */
  async find(key: string): Promise<Answer | undefined> {
    if (this.#side.resting || within(this.#settings.every, this.#clock.now(), this.#missing.get(key)))
      return undefined;
    let asking = this.#asking.get(key);
    if (!asking) {
      asking = this.#side.ask(() => this.#get(key)).finally(() => this.#asking.delete(key));
      this.#asking.set(key, asking);
    }
    return asking;
  }

  async #get(key: string): Promise<Answer | undefined> {
    const text = await this.#store.get(this.#keyOf(key));
    const answer = typeof text === 'string' ? (JSON.parse(text) as Answer) : undefined;
    // A store may keep it for longer than it was told to: DynamoDB's TTL does, by hours.
    if (answer && this.#clock.now() - answer.atMs <= this.#maxAgeMs)
      return { value: answer.value, atMs: answer.atMs };
    this.#remember(key);
    return undefined;
  }

  #remember(key: string): void {
    this.#missing.delete(key);
    this.#missing.set(key, this.#clock.now());
    for (const oldest of this.#missing.keys()) {
      if (this.#missing.size <= MOST_MISSING) break;
      this.#missing.delete(oldest);
    }
  }

  #keyOf(key: string): string {
    return `${this.#settings.name}:${key}`;
  }
}
