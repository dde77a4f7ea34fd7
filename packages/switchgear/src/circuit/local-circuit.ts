/** The circuit that a process runs by itself: while the store is away, or while the fleet does not share its verdict. */

import { moveTo, type ProbeVerdict, reportProbe, takeLease } from '../core/apply.ts';
import type { OwnCounts, Policy } from '../core/policy.ts';
import { type CircuitRecord, type Epoch, type Head, type Lease, sameEpoch } from '../core/record.ts';
import { dueHead, halfOpened, leaseFor, type Mover, ownTrip } from '../core/transitions.ts';
import { type Admission, admission, due } from '../core/verdict.ts';
import type { Era } from './era.ts';
import { Probe } from './ticket.ts';

/** What opened it. */
interface OwnEvidence {
  readonly counts: OwnCounts;
  /** The fleet's; absent where this process knew of none. A local probe that fails renews the evidence in the epoch of then. */
  readonly epoch: Epoch | undefined;
}

/**
 * The fleet's state machine on a record of its own: the same pure functions, without a store. Settings come with each step,
 * so that changed ones hold from then on; what its record says of its present state stays, as in the fleet's.
 */
export class LocalCircuit {
  /** Absent where it stands in for the fleet's record. */
  #evidence: OwnEvidence | undefined;
  record: CircuitRecord;

  /** Carries `record` on alone: an open time that ends gets a probe without a lease of the fleet. */
  constructor(record: CircuitRecord, evidence?: OwnEvidence) {
    this.record = record;
    this.#evidence = evidence;
  }

  /** Opened by what this process saw, in the fleet's `epoch`, if that suffices. */
  static trip(
    base: CircuitRecord,
    policy: Policy,
    mover: Mover,
    counts: OwnCounts,
    epoch: Epoch | undefined,
  ): LocalCircuit | undefined {
    const next = ownTrip(base, policy, mover, counts);
    const { override, ...record } = base;
    return next && new LocalCircuit(moveTo(record, base.epoch, next) as CircuitRecord, { counts, epoch });
  }

  /** Whether it stands apart from the fleet's record by evidence of this process. */
  get tripped(): boolean {
    return this.#evidence !== undefined;
  }

  admission(nowMs: number): Admission {
    // No health check can probe for a process that is on its own.
    return admission(this.record, nowMs, true);
  }

  /** Takes the probe that `admission` offered, in the fleet's present `era`. */
  lease(offer: Admission & { admits: 'probe' }, policy: Policy, mover: Mover, era: Era): Probe {
    const record = this.record;
    if (offer.slot === undefined || record.state !== 'half-open') {
      const next = halfOpened(record, policy, mover);
      this.record = moveTo(record, record.epoch, next) as CircuitRecord;
      return new Probe(undefined, 0, next.leases[0] as Lease, era);
    }
    const lease = leaseFor(record.leaseMs, mover);
    this.record = takeLease(record, record.epoch, offer.slot, lease, mover.nowMs) ?? record;
    return new Probe(undefined, offer.slot, lease, era);
  }

  /** Takes a probe's verdict, in the fleet's present `epoch`; whether it changed the state. */
  settle(
    { slot, lease }: Probe,
    verdict: ProbeVerdict,
    policy: Policy,
    mover: Mover,
    epoch: Epoch | undefined,
  ): boolean {
    const base = this.record;
    const settled = reportProbe(base, base.epoch, { slot, leaseId: lease.id, verdict }, mover.nowMs);
    if (!settled) return false;
    const next = dueHead(settled, policy, mover);
    this.record = (next && moveTo(settled, settled.epoch, next)) ?? settled;
    if (next && this.#evidence) this.#evidence = { ...this.#evidence, epoch };
    return next !== undefined;
  }

  /** What opened this process, told to the fleet once the store is back; `undefined` where it would not open the fleet. */
  forFleet(record: CircuitRecord, policy: Policy, mover: Mover): Head | undefined {
    const own = this.#evidence;
    // What was gathered without an epoch, or in another, stays local; the next local probe that fails does not.
    if (policy.quorum > 1 || !own?.epoch || !sameEpoch(own.epoch, record.epoch)) return undefined;
    // It is old once the open time is over: a probe has the next word.
    if (this.admission(mover.nowMs).admits !== 'none') return undefined;
    return ownTrip(record, policy, mover, own.counts);
  }

  /** Whether it says what this record of its own epoch does not yet: a trip of its own, or an override's end. */
  ahead(record: CircuitRecord, policy: Policy, nowMs: number): boolean {
    const trip = this.#evidence && record.state === 'closed';
    return trip || due(record, policy, nowMs)?.reason === 'override-ended';
  }
}
