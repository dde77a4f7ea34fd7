/** Admission without a function to run: for streams, batches and callbacks. */

import type { CallOwner } from './call.ts';
import type { Probe, Ticket } from './circuit/ticket.ts';
import type { Lease } from './core/record.ts';
import { Deadline, type Lane } from './guard/deadline.ts';

/** The part of a breaker that a permit talks to. */
export interface PermitOwner extends Pick<CallOwner, 'threw' | 'cancelled' | 'ended'> {
  /** Its holder has judged: there is no result to look at. */
  succeeded(ticket: Ticket, startMs: number): Promise<void> | undefined;
}

/** What most verdicts leave to be waited for. */
const NOTHING = Promise.resolve();

/**
 * The right to make one call. Give it back by `success`, `failure` or `cancel`; only the first of them counts. One that
 * is never given back lapses after `leaseDuration` with no verdict, and its place is free again; a process that has nothing
 * else to do does not wait for that. Disposable:
 * `using permit = await breaker.acquire()` cancels what was not settled.
 */
export class Permit extends Deadline implements Disposable {
  readonly #owner: PermitOwner;
  readonly #lane: Lane;
  readonly #ticket: Ticket;
  readonly #startMs: number;
  #settled = false;

  /** @internal */
  constructor(owner: PermitOwner, lane: Lane, ticket: Ticket, startMs: number) {
    super();
    this.#owner = owner;
    this.#lane = lane;
    this.#ticket = ticket;
    this.#startMs = startMs;
    lane.start(this, startMs);
  }

  /** Of a probe: the lease under which alone its verdict counts. */
  get lease(): Lease | undefined {
    return (this.#ticket as Probe | undefined)?.lease;
  }

  /** The call went well. The promise never rejects; see `failure` for when to await it. */
  success(): Promise<void> {
    return (this.#end() && this.#owner.succeeded(this.#ticket, this.#startMs)) || NOTHING;
  }

  /**
   * The call failed with `error`, which is judged as `execute` judges what a function throws. In Lambda, where the process
   * may be frozen afterwards, await it: it settles when the store knows, at the latest after the store's budget.
   * Elsewhere it settles at once, and `gear.flush` waits for the store. It never rejects.
   */
  failure(error: unknown): Promise<void> {
    return (this.#end() && this.#owner.threw(this.#ticket, error, this.#startMs)) || NOTHING;
  }

  /** The call was not made, or says nothing about the dependency. */
  cancel(): void {
    if (this.#end()) void this.#owner.cancelled(this.#ticket);
  }

  [Symbol.dispose](): void {
    this.cancel();
  }

  /** @internal Nobody gave it back. */
  override expire(): void {
    this.cancel();
  }

  /** Whether it was not settled before. */
  #end(): boolean {
    if (this.#settled) return false;
    this.#settled = true;
    this.#lane.clear(this);
    this.#owner.ended();
    return true;
  }
}
