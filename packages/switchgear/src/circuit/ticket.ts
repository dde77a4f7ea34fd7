/** What a circuit hands out on admission, and what it is told when the call is over. */

import type { CircuitRecord, Lease } from '../core/record.ts';
import type { RejectingState, Rejection } from '../errors.ts';
import type { Era } from './era.ts';

/** The ticket of a call that probes. */
export class Probe {
  /** Record of the half-open epoch that the lease belongs to; absent for a probe of the local circuit. */
  readonly base: CircuitRecord | undefined;
  readonly slot: number;
  readonly lease: Lease;
  /** For a probe of the local circuit: the era in which its failure counts for the fleet. */
  readonly era: Era | undefined;

  constructor(base: CircuitRecord | undefined, slot: number, lease: Lease, era?: Era) {
    this.base = base;
    this.slot = slot;
    this.lease = lease;
    this.era = era;
  }
}

/** What a call was admitted under; `undefined` for one that only shadow mode let through, which counts nowhere. */
export type Ticket = Era | Probe | undefined;

/** A call that is not made. No error: whoever turns its caller away makes that, so that the stack is the caller's. */
export class Rejected implements Rejection {
  readonly state: RejectingState;
  readonly retryAfterMs: number;
  readonly lastFailure: string | undefined;

  constructor(state: RejectingState, retryAfterMs: number, lastFailure: string | undefined) {
    this.state = state;
    this.retryAfterMs = retryAfterMs;
    this.lastFailure = lastFailure;
  }
}

/** What becomes of a call that asks for admission. */
export type Answer = Ticket | Rejected;

/** `shadow` decides everything and rejects nothing; `disabled` admits everything and looks at nothing. */
export type CircuitMode = 'enforce' | 'shadow' | 'disabled';

/** How a call went wrong. */
export interface Failure {
  /** Threw or was judged a failure; false: it was only slow. */
  readonly failed: boolean;
  readonly slow: boolean;
  /** Name or code for the record, never a message. */
  readonly name?: string;
  readonly retryAfterMs?: number | undefined;
}
