/** Permits that programs of other languages hold: known by an id, each for as long as it may count. */

import { randomUUID } from 'node:crypto';
import type { Breaker, CircuitStatus, Permit } from 'switchgear';
import type { Outcome } from './requests.ts';

/** By how much a lease outlasts what may be told of it: it began on the way from the store, and ends there. */
const MARGIN_MS = 1_000;

/** What a program is given. Its id stands for the epoch and the lease that the call was admitted under. */
export interface GrantedPermit {
  readonly id: string;
  readonly circuit: string;
  /** Milliseconds in which its outcome may be told: for a probe, its lease. */
  readonly expiresInMs: number;
  /** What the call was admitted in: `half-open` for a probe. */
  readonly state: CircuitStatus['state'];
  /** Number and id of the stay in that state in which its outcome counts, and in no other. */
  readonly epoch: number;
  readonly epochId: string;
}

/**
 * The permits that are out. Each ends once: by its outcome, or when its time is over, as a call that gave no verdict; its
 * place in the bulkhead is free again either way.
 */
export class OpenPermits {
  readonly #open = new Map<string, { readonly permit: Permit; readonly expiry: NodeJS.Timeout }>();

  /**
   * Asks `breaker` for a permit; `gone` is aborted when nobody waits for it any more, and then it goes back.
   * @throws CircuitOpenError (`CIRCUIT_OPEN`), BulkheadFullError (`BULKHEAD_FULL`)
   */
  async grant(breaker: Breaker, gone: AbortSignal): Promise<GrantedPermit> {
    const permit = await breaker.acquire({ signal: gone });
    const id = randomUUID();
    const expiresInMs = lifetimeMs(breaker.options.leaseDuration);
    const expiry = setTimeout(() => this.settle(id, { outcome: 'cancel' }), expiresInMs);
    this.#open.set(id, { permit, expiry });
    gone.addEventListener('abort', () => this.settle(id, { outcome: 'cancel' }), { once: true });
    const { state, epoch } = breaker.state;
    return { id, circuit: breaker.name, expiresInMs, state, epoch: epoch.number, epochId: epoch.id };
  }

  /** Ends a permit. False where it has ended before, or never was: then this changes nothing. */
  settle(id: string, { outcome, error, status, retryAfter }: Outcome): boolean {
    const open = this.#open.get(id);
    if (!open) return false;
    this.#open.delete(id);
    clearTimeout(open.expiry);
    if (outcome === 'success') void open.permit.success();
    else if (outcome === 'cancel') open.permit.cancel();
    else
      void open.permit.failure({
        name: error,
        status,
        ...(retryAfter !== undefined && { headers: { 'retry-after': `${retryAfter}` } }),
      });
    return true;
  }

  /** Gives all of them back, as calls without a verdict. */
  cancelAll(): void {
    for (const id of [...this.#open.keys()]) this.settle(id, { outcome: 'cancel' });
  }
}

/** The time for an outcome: over before the lease is, so that none is taken that would be lost. */
function lifetimeMs(leaseMs: number): number {
  return Math.max(leaseMs - MARGIN_MS, Math.floor(leaseMs / 2));
}
