import { NotConnected } from './failure.ts';

/** Failures to connect after which calls wait for no further attempt. */
const PATIENCE = 2;

/**
 * Whether a connection is there. A call waits for the attempt under way, the first one or the first one after a loss
 * (a thawed process finds all its sockets dead). Once that has failed too, calls fail at once until one succeeds.
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
  ready(): Promise<void> {
    if (this.#up) return Promise.resolve();
    if (this.#failures >= PATIENCE) return Promise.reject(this.#error());
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  #error(): Error {
    return new NotConnected('not connected', { cause: this.#reason });
  }
}
