/** Admission without a function to run: for streams, batches and callbacks. */

import { Deadline, type Lane } from './guard/deadline.ts';

/** How the holder of a permit says that its call ended. */
export type PermitVerdict =
  | { readonly kind: 'success' }
  | { readonly kind: 'failure'; readonly error: unknown }
  | { readonly kind: 'cancel' };

/**
 * The right to make one call. Give it back by `success`, `failure` or `cancel`; only the first of them counts. One that
 * is never given back lapses after `leaseDuration` with no verdict, and its place is free again. Disposable:
 * `using permit = await breaker.acquire()` cancels what was not settled.
 */
export class Permit extends Deadline implements Disposable {
  readonly #lane: Lane;
  readonly #settle: (verdict: PermitVerdict) => Promise<void> | undefined;
  #settled = false;

  /** @internal */
  constructor(lane: Lane, nowMs: number, settle: (verdict: PermitVerdict) => Promise<void> | undefined) {
    super();
    this.#lane = lane;
    this.#settle = settle;
    lane.start(this, nowMs);
  }

  /** The call went well. The promise never rejects; see `failure` for when to await it. */
  success(): Promise<void> {
    return this.#end({ kind: 'success' });
  }

  /**
   * The call failed with `error`, which is judged as `execute` judges what a function throws. In Lambda, where the process
   * may be frozen afterwards, await it: it settles when the store knows, at the latest after the store's budget.
   * Elsewhere it settles at once, and `gear.flush` waits for the store. It never rejects.
   */
  failure(error: unknown): Promise<void> {
    return this.#end({ kind: 'failure', error });
  }

  /** The call was not made, or says nothing about the dependency. */
  cancel(): void {
    void this.#end({ kind: 'cancel' });
  }

  [Symbol.dispose](): void {
    this.cancel();
  }

  /** @internal Nobody gave it back. */
  override expire(): void {
    this.cancel();
  }

  async #end(verdict: PermitVerdict): Promise<void> {
    if (this.#settled) return;
    this.#settled = true;
    this.#lane.clear(this);
    await this.#settle(verdict);
  }
}
