/** Whether the store has a word for one circuit: it may be away, have nothing that can be read, or take no write. */

import { within } from '../clock.ts';
import type { Host } from './host.ts';

export class Contact {
  readonly #host: Host;
  /** When the store answered and had no record of this circuit that could be read. */
  #missedMs: number | undefined;
  /** Since when transitions and leases are asked for in vain; `Infinity` once a write is answered. */
  #askedMs = Infinity;
  /** A lease or transition was asked for and the store said nothing since: a call does not ask again, a refresh may. */
  unanswered = false;

  constructor(host: Host) {
    this.#host = host;
  }

  /** Whether it would be in vain to wait for the store: it failed just now, or what it has of this circuit cannot be read. */
  get lost(): boolean {
    const { guard, clock, maxStale } = this.#host;
    return guard.failedWithin(maxStale) || within(maxStale, clock.now(), this.#missedMs);
  }

  /** Whether the store has taken no write for as long as any prober may take: it may be that it can only be read. */
  mute(leaseMs: number): boolean {
    return this.#host.clock.now() - this.#askedMs >= leaseMs;
  }

  /** A lease or a transition is asked for. */
  asked(): void {
    this.unanswered = true;
    this.#askedMs = Math.min(this.#askedMs, this.#host.clock.now());
  }

  /** A record has come and was taken. */
  heard(): void {
    this.unanswered = false;
  }

  /** The store has answered a write. */
  written(): void {
    this.#askedMs = Infinity;
  }

  /** The store has answered, with nothing about this circuit. */
  missed(): void {
    this.#missedMs = this.#host.clock.now();
  }
}
