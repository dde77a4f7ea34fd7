/** A guard around a handler that it does not call itself: it is told when that begins and how it ends. */

import type { Guard } from '../guard/guard.ts';
import type { TimedInvocation } from '../lambda/invocation.ts';

/** What a guard answers in the handler's place. */
export interface Answer {
  readonly response: unknown;
}

export class Protection {
  /** Settles when the handler may run, or with the answer in its place. Rejects where the guard refuses. */
  readonly admitted: Promise<Answer | undefined>;
  /** Settles once the guard has its verdict: with the handler's response, or the answer in place of its error. Never rejects. */
  readonly judged: Promise<Answer | undefined>;
  readonly #gone = new AbortController();
  #succeed: (response: unknown) => void = () => {};
  #fail: (error: unknown) => void = () => {};

  constructor(guard: Guard<unknown>, { calls }: TimedInvocation) {
    const handler = new Promise((resolve, reject) => {
      this.#succeed = resolve;
      this.#fail = reject;
    });
    // Of one that was refused nobody waits for the end.
    handler.catch(() => {});
    let admit = () => {};
    const begun = new Promise<undefined>((resolve) => {
      admit = () => resolve(undefined);
    });
    const inside = () => {
      admit();
      return handler;
    };
    const given = { signal: this.#gone.signal, once: true };
    const ended = guard
      .execute((call) => calls.execute(inside, call), given)
      .then((response) => ({ response }));
    this.admitted = Promise.race([begun, ended]);
    this.judged = ended.catch(() => undefined);
  }

  succeeded(response: unknown): void {
    this.#succeed(response);
  }

  failed(error: unknown): void {
    this.#fail(error);
  }

  /** No verdict. */
  cancelled(): void {
    this.#gone.abort();
  }
}
