/** Stands between the circuits and a store that may throw, hang, throttle or answer late. */

import { type Clock, within } from '../clock.ts';
import { StoreError } from '../errors.ts';
import type { Store } from './contract.ts';

/** What a process asks of its store while it guards calls. */
export type Verb = 'load' | 'report' | 'settle' | 'lease' | 'transition' | 'filed' | 'subscribe' | 'close';

/** Beyond it timers fire at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** No event loop is busy for so long: who is told of a timer this late has been frozen. */
const FROZEN_MS = 500;

export class StoreGuard {
  readonly store: Store;
  readonly #clock: Clock;
  /** Longest time that anybody waits for one verb. */
  readonly budgetMs: number;
  readonly #onError: (error: unknown, verb: Verb) => void;
  #failedMs: number | undefined;

  constructor(store: Store, clock: Clock, budgetMs: number, onError: (error: unknown, verb: Verb) => void) {
    this.store = store;
    this.#clock = clock;
    this.budgetMs = budgetMs;
    this.#onError = onError;
  }

  /** The store's time; `undefined` before its first answer, and where what it says is no time. */
  now(): number | undefined {
    try {
      const nowMs = this.store.now();
      return Number.isFinite(nowMs) ? nowMs : undefined;
    } catch {
      return undefined;
    }
  }

  /** Whether the latest word from the store is a failure, not older than `maxAgeMs`: then waiting for it again is in vain. */
  failedWithin(maxAgeMs: number): boolean {
    return within(maxAgeMs, this.#clock.now(), this.#failedMs);
  }

  /**
   * Runs one verb. Settles when the answer was taken, when the verb failed, or when the budget is over, whichever comes
   * first, and never rejects. An answer that comes after the budget is still taken: it is as true as it was when the
   * store gave it, and `sentMs` says how old that may be. `refused` runs where the write is known not to have happened.
   */
  call<T>(
    verb: Verb,
    run: (store: Store) => Promise<T>,
    take: (answer: T, sentMs: number) => void,
    refused?: () => void,
  ): Promise<void> {
    const sentMs = this.#clock.now();
    return new Promise((resolve) => {
      let late = false;
      const timer = this.#clock.setTimer(() => {
        late = true;
        this.#fail(new StoreError(`no answer within ${this.budgetMs} ms`, 'unknown'), verb, sentMs);
        resolve();
      }, this.budgetMs);
      const end = () => {
        timer.cancel();
        resolve();
      };
      const fail = (error: unknown) => {
        if (error instanceof StoreError && error.fate === 'refused') refused?.();
        if (!late) this.#fail(error, verb, sentMs);
        end();
      };
      let answer: Promise<T>;
      try {
        answer = Promise.resolve(run(this.store));
      } catch (error) {
        fail(error);
        return;
      }
      answer
        .then((value) => {
          take(value, sentMs);
          this.#failedMs = undefined;
          end();
        })
        .catch(fail);
    });
  }

  /** `work`, or what `otherwise`, which must not throw, says once `ms` are over: what no timer takes is no limit, rather than none at all. */
  within<T>(work: Promise<T>, otherwise: () => T, ms = this.budgetMs): Promise<T> {
    return new Promise((resolve, reject) => {
      const leftMs = ms <= LONGEST_TIMER_MS ? Math.max(0, ms) : LONGEST_TIMER_MS;
      const timer = this.#clock.setTimer(() => resolve(otherwise()), leftMs);
      work.then(resolve, reject).finally(() => timer.cancel());
    });
  }

  /** Reports trouble that does not say that the store is away. */
  tell(error: unknown, verb: Verb): void {
    this.#onError(error, verb);
  }

  /** A silence that lasted over a freeze, or a socket that died in it, says nothing of the store (L13). */
  #fail(error: unknown, verb: Verb, sentMs: number): void {
    const nowMs = this.#clock.now();
    if (nowMs - sentMs > this.budgetMs + FROZEN_MS) return;
    this.#failedMs = nowMs;
    this.tell(error, verb);
  }
}
