/** Last good answers of a whole fleet, in a store of the user's. It may fail, hang or forget: answers are then this process's own. */

import type { Clock } from '../clock.ts';
import type { Duration } from '../duration.ts';
import { ConfigurationError } from '../errors.ts';
import type { OptionSpec } from '../options.ts';
import { readGuardOptions } from './guard-options.ts';

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

/** A store that has just failed is left alone for this time: an outage of the dependency must not become one of the store. */
const REST_MS = 1_000;
/** Its failures are said this often. */
const COMPLAINT_MS = 60_000;
/** Missing keys that are remembered. */
const MOST_MISSING = 1_000;

export class SharedAnswers {
  readonly #store: AnswerStore;
  readonly #settings: Settings;
  readonly #maxAgeMs: number;
  readonly #clock: Clock;
  /** Questions under way: many calls of one key ask once. */
  readonly #asking = new Map<string, Promise<Answer | undefined>>();
  /** When a key was asked for in vain. */
  readonly #missing = new Map<string, number>();
  #failedMs = Number.NEGATIVE_INFINITY;
  #complainedMs = Number.NEGATIVE_INFINITY;

  constructor({ store, ...rest }: SharedAnswersOptions, maxAgeMs: number, clock: Clock) {
    if (typeof store?.get !== 'function' || typeof store.set !== 'function')
      throw new ConfigurationError(['lastGoodAnswer.shared: store has no get and set']);
    this.#store = store;
    this.#settings = readGuardOptions<Settings>('lastGoodAnswer.shared', TABLE, rest);
    this.#maxAgeMs = maxAgeMs;
    this.#clock = clock;
  }

  /** Writes an answer behind the caller's back, unless this process has done so recently. Returns when it last did. */
  offer(key: string, value: unknown, atMs: number, sharedMs: number | undefined): number | undefined {
    const nowMs = this.#clock.now();
    if (this.#resting(nowMs) || within(this.#settings.every, nowMs, sharedMs)) return sharedMs;
    void this.#write(key, value, atMs);
    return nowMs;
  }

  /** The fleet's answer, if it is young enough and comes in time. Never rejects. */
  find(key: string): Promise<Answer | undefined> {
    const nowMs = this.#clock.now();
    if (this.#resting(nowMs) || within(this.#settings.every, nowMs, this.#missing.get(key)))
      return Promise.resolve(undefined);
    let asking = this.#asking.get(key);
    if (!asking) {
      asking = this.#ask(key).finally(() => this.#asking.delete(key));
      this.#asking.set(key, asking);
    }
    return asking;
  }

  async #write(key: string, value: unknown, atMs: number): Promise<void> {
    try {
      const text = JSON.stringify({ atMs, value });
      if (text.length > this.#settings.maxLength) return;
      await this.#store.set(this.#keyOf(key), text, this.#maxAgeMs);
    } catch (error) {
      this.#failed(error);
    }
  }

  async #ask(key: string): Promise<Answer | undefined> {
    try {
      const text = await this.#inTime(this.#store.get(this.#keyOf(key)));
      const answer = typeof text === 'string' ? (JSON.parse(text) as Answer) : undefined;
      // A store may keep it for longer than it was told to: DynamoDB's TTL does, by hours.
      if (answer && this.#clock.now() - answer.atMs <= this.#maxAgeMs)
        return { value: answer.value, atMs: answer.atMs };
      this.#remember(key);
    } catch (error) {
      this.#failed(error);
    }
    return undefined;
  }

  #inTime<T>(answer: Promise<T>): Promise<T> {
    const { timeout } = this.#settings;
    return new Promise((resolve, reject) => {
      const timer = this.#clock.setTimer(() => reject(new Error(`no answer within ${timeout} ms`)), timeout);
      answer.then(resolve, reject).finally(() => timer.cancel());
    });
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

  #resting(nowMs: number): boolean {
    return within(REST_MS, nowMs, this.#failedMs);
  }

  #failed(error: unknown): void {
    const nowMs = this.#clock.now();
    this.#failedMs = nowMs;
    if (within(COMPLAINT_MS, nowMs, this.#complainedMs)) return;
    this.#complainedMs = nowMs;
    const { message = error } = Object(error) as { readonly message?: unknown };
    console.error(
      `switchgear: shared answers of "${this.#settings.name}": ${message}; this process's own go on`,
    );
  }
}

/** Whether `thenMs` is less than `ms` away; either way, as a clock may be set back. */
function within(ms: number, nowMs: number, thenMs: number | undefined): boolean {
  return thenMs !== undefined && Math.abs(nowMs - thenMs) < ms;
}
