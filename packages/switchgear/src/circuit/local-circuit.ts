/** The circuit that a process runs by itself: while the store is away, or while the fleet does not share its verdict. */

import { moveTo, type ProbeVerdict, reportProbe, takeLease } from '../core/apply.ts';
import type { Counts } from '../core/evidence.ts';
import type { Policy } from '../core/policy.ts';
import type { CircuitRecord, Epoch, HalfOpenRecord, Lease, TransitionReason } from '../core/record.ts';
import { dueHead, halfOpened, leaseFor, type Mover, tripped } from '../core/transitions.ts';
import { type Admission, admission } from '../core/verdict.ts';

/** What met the policy, why, and in which epoch of the fleet. */
export interface OwnEvidence {
  readonly reason: TransitionReason;
  readonly counts: Counts;
  /** Absent where this process knew of none. A local probe that fails renews the evidence in the epoch of then. */
  readonly epoch: Epoch | undefined;
}

/** The fleet's state machine on a record of its own: the same pure functions, without a store. */
export class LocalCircuit {
  readonly #policy: Policy;
  /** The evidence of this process that opened it; absent where it stands in for the fleet's record while the store is away. */
  evidence: OwnEvidence | undefined;
  #record: CircuitRecord;

  private constructor(record: CircuitRecord, policy: Policy, evidence?: OwnEvidence) {
    this.#record = record;
    this.#policy = policy;
    this.evidence = evidence;
  }

  /** Opened by this process's own evidence. */
  static trip(base: CircuitRecord, policy: Policy, mover: Mover, evidence: OwnEvidence): LocalCircuit {
    const { override, ...record } = base;
    const next = tripped(record, policy, mover, evidence.reason, evidence.counts);
    return new LocalCircuit(moveTo(record, base.epoch, next) as CircuitRecord, policy, evidence);
  }

  /** The fleet's last known state, carried on alone: an open time that ends gets a probe without a lease of the fleet. */
  static standIn(record: CircuitRecord, policy: Policy): LocalCircuit {
    return new LocalCircuit(record, policy);
  }

  get record(): CircuitRecord {
    return this.#record;
  }

  admission(nowMs: number): Admission {
    // No health check can probe for a process that is on its own.
    return admission(this.#record, nowMs, true);
  }

  /** Takes the probe that `admission` offered. */
  lease(offer: Admission & { admits: 'probe' }, mover: Mover): { slot: number; lease: Lease } {
    const record = this.#record;
    if (offer.slot === undefined || record.state !== 'half-open') {
      const next = halfOpened(record, this.#policy, mover);
      this.#record = moveTo(record, record.epoch, next) as HalfOpenRecord;
      return { slot: 0, lease: next.leases[0] as Lease };
    }
    const lease = leaseFor(record.leaseMs, mover);
    this.#record = takeLease(record, record.epoch, offer.slot, lease, mover.nowMs) ?? record;
    return { slot: offer.slot, lease };
  }

  /** Takes a probe's verdict; whether it changed the state. */
  settle(slot: number, leaseId: string, verdict: ProbeVerdict, mover: Mover): boolean {
    const base = this.#record;
    const settled = reportProbe(base, base.epoch, { slot, leaseId, verdict }, mover.nowMs);
    if (!settled) return false;
    const next = dueHead(settled, this.#policy, mover);
    this.#record = (next && moveTo(settled, settled.epoch, next)) ?? settled;
    return next !== undefined;
  }
}
