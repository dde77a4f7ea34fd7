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
  /** Id of a probe's lease, under which alone its outcome counts; `null` for any other call. */
  readonly lease: string | null;
}

/** What became of an outcome: it ended its permit, it changed nothing, or it does not say under which lease it was earned. */
export type Settled = boolean | 'lease-missing';

interface OpenPermit {
  readonly permit: Permit;
  readonly granted: GrantedPermit;
  readonly expiry: NodeJS.Timeout;
}

/**
 * The permits that are out. Each ends once: by its outcome, or when its time is over, as a call that gave no verdict; its
 * place in the bulkhead is free again either way.
 */
export class OpenPermits {
  readonly #open = new Map<string, OpenPermit>();

  /**
   * Asks `breaker` for a permit; `gone` is aborted when nobody waits for it any more, and then it goes back.
   * @throws CircuitOpenError (`CIRCUIT_OPEN`), BulkheadFullError (`BULKHEAD_FULL`)
   */
  async grant(breaker: Breaker, gone: AbortSignal): Promise<GrantedPermit> {
    const permit = await breaker.acquire({ signal: gone });
    const id = randomUUID();
    const expiresInMs = lifetimeMs(breaker.options.leaseDuration);
    const { state, epoch } = breaker.state;
    const granted = {
      id,
      circuit: breaker.name,
      expiresInMs,
      state,
      epoch: epoch.number,
      epochId: epoch.id,
      lease: permit.lease?.id ?? null,
    };
    const expiry = setTimeout(() => this.#end(id, { outcome: 'cancel' }), expiresInMs);
    this.#open.set(id, { permit, granted, expiry });
    gone.addEventListener('abort', () => this.#end(id, { outcome: 'cancel' }), { once: true });
    return granted;
  }

  /**
   * Ends a permit, by the outcome of its call. False where it has ended before, never was, or was another's: of another epoch
   * or lease than the outcome names. Then this changes nothing. A probe's outcome must name its lease.
   */
  settle(id: string, told: Outcome): Settled {
    const { granted } = this.#open.get(id) ?? {};
    if (!granted) return false;
    if (told.epoch !== undefined && told.epoch !== granted.epoch) return false;
    if (told.lease === undefined && granted.lease !== null) return 'lease-missing';
    if (told.lease !== undefined && told.lease !== granted.lease) return false;
    this.#end(id, told);
    return true;
  }

  #end(id: string, { outcome, error, status, retryAfter }: Outcome): void {
    const open = this.#open.get(id);
    if (!open) return;
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
  }

  /** Gives all of them back, as calls without a verdict. */
  cancelAll(): void {
    for (const id of [...this.#open.keys()]) this.#end(id, { outcome: 'cancel' });
  }
}

/** The time for an outcome: over before the lease is, so that none is taken that would be lost. */
function lifetimeMs(leaseMs: number): number {
  return Math.max(leaseMs - MARGIN_MS, Math.floor(leaseMs / 2));
}
