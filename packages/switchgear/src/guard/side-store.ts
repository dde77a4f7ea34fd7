/** A store of the user's that calls go on without: it may throw, hang or be away, and they do not notice. */

import { type Clock, within } from '../clock.ts';
import { traceOf } from './trace-of.ts';

/** One that has just failed is left alone for this time: an outage of the dependency must not become one of the store. */
const REST_MS = 1_000;
/** Its failures are said this often. */
const COMPLAINT_MS = 60_000;

export class SideStore {
  readonly #what: string;
  readonly #timeoutMs: number;
  readonly #clock: Clock;
  #failedMs = -Infinity;
  #complainedMs = -Infinity;

  /** @param what it is, and how calls go on without it, for whoever reads of its failure. */
  constructor(what: string, timeoutMs: number, clock: Clock) {
    this.#what = what;
    this.#timeoutMs = timeoutMs;
    this.#clock = clock;
  }

  /** Whether it has just failed, and is not asked. */
  get resting(): boolean {
    return within(REST_MS, this.#clock.now(), this.#failedMs);
  }

  /** What `run` answers in time; `undefined` where it does not, or while the store rests. Never rejects. */
  async ask<T>(run: () => Promise<T>): Promise<T | undefined> {
    return this.resting ? undefined : this.tell(run);
  }

  /** As `ask`, whether the store rests or not: for what it must hear of. */
  async tell<T>(run: () => Promise<T>): Promise<T | undefined> {
    try {
      return await this.#inTime(run());
    } catch (error) {
      this.#failed(error);
      return undefined;
    }
  }

  #inTime<T>(answer: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const late = () => reject(new Error(`no answer within ${this.#timeoutMs} ms`));
      const timer = this.#clock.setTimer(late, this.#timeoutMs);
      answer.then(resolve, reject).finally(() => timer.cancel());
    });
  }

  #failed(error: unknown): void {
    const nowMs = this.#clock.now();
    this.#failedMs = nowMs;
    if (within(COMPLAINT_MS, nowMs, this.#complainedMs)) return;
    this.#complainedMs = nowMs;
    const [why] = traceOf(error).split('\n');
    console.error(`switchgear: ${this.#what}: ${why}`);
  }
}
