import { answered, Silence } from './answered.ts';
import { NotConnected } from './failure.ts';
import { ANSWER_TIMEOUT_MS } from './reconnect.ts';

/** Failures to connect after which calls wait for no further attempt. */
const PATIENCE = 2;

/**
 * Whether a connection is there. A call waits for the attempt under way, the first one or the first one after a loss
 * (a thawed process finds all its sockets dead). Once that has failed too, or has come to no end (a server that loads its data
 * accepts connections), calls fail at once until one succeeds.
 */
export class Link {
  #up = false;
  #failures = 0;
  #reason: unknown;
  #waiting: { resolve(): void; reject(error: Error): void }[] = [];

  restored(): void {
    this.#up = true;
    this.#failures = 0;
    for (const { resolve } of this.#waiting.splice(0)) resolve();
  }

  /** The connection, or an attempt to get one, came to its end. */
  lost(): void {
    this.#up = false;
    this.#failures += 1;
    for (const { reject } of this.#waiting.splice(0)) reject(this.#error());
  }

  /** Why the next loss comes about, or the last one did. */
  because(reason: unknown): void {
    this.#reason = reason;
  }

  /** There will be no connection any more. */
  close(): void {
    this.#reason = new Error('the store is closed');
    this.#failures = PATIENCE;
    this.lost();
  }

  /** Resolves once there is a connection. Rejects with `NotConnected`. */
  async ready(): Promise<void> {
    if (this.#up) return;
    if (this.#failures >= PATIENCE) throw this.#error();
    const attempt = new Promise<void>((resolve, reject) => this.#waiting.push({ resolve, reject }));
    await answered(attempt, ANSWER_TIMEOUT_MS).catch((error) => {
      if (!(error instanceof Silence)) throw error;
      this.#failures = PATIENCE;
      this.#reason ??= error;
      throw this.#error();
    });
  }

  #error(): Error {
    return new NotConnected('not connected', { cause: this.#reason });
  }
}
