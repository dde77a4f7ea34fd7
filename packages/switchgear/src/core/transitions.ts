/** The next epoch, as whoever decides it wants to write it. Pure: the caller brings time, id and chance. */

import { type Counts, total } from './evidence.ts';
import { type OwnCounts, ownTripReason, type Policy, windowOf } from './policy.ts';
import {
  type CircuitRecord,
  type ClosedHead,
  type HalfOpenHead,
  type Head,
  type Lease,
  type OpenHead,
  overrideActive,
  overrideUnsettled,
  type TransitionReason,
} from './record.ts';
import { due } from './verdict.ts';

/** Who moves the circuit, when, under which new id, and what chance gave. */
export interface Mover {
  readonly nowMs: number;
  /** Random id of the transition. */
  readonly id: string;
  readonly by: string;
  /** Whether it is a health check, which others let go first. */
  readonly prober?: boolean;
  /** Uniform in [0, 1): spreads the open time. */
  readonly chance: number;
  readonly lastFailure?: string | undefined;
  /** What the dependency asked for with `Retry-After`. */
  readonly retryAfterMs?: number | undefined;
}

/** The transition that the record leaves to be done at the mover's present, whoever sees it first. */
export function dueHead(record: CircuitRecord, policy: Policy, mover: Mover): Head | undefined {
  const decision = due(record, policy, mover.nowMs);
  switch (decision?.to) {
    case 'open':
      return tripped(record, policy, mover, decision.reason, decision.counts);
    case 'reopen':
      return reopened(record, policy, mover, decision.reason);
    case 'closed':
      return closed(record, policy, mover, decision.reason);
  }
}

/** closed → open because the policy was met; `counts` are the evidence that met it. */
export function tripped(
  record: CircuitRecord,
  policy: Policy,
  mover: Mover,
  reason: TransitionReason,
  counts: Counts,
): OpenHead {
  // By another process's clock it may begin only now: that is no ramp.
  const stable = Math.max(0, mover.nowMs - record.sinceMs);
  const ramping = record.state === 'closed' && stable < record.rampMs;
  const attempt = ramping ? record.attempt + 1 : stable >= policy.maxResetTimeout ? 0 : record.attempt;
  return opened(record, policy, mover, reason, attempt, counts);
}

/** closed → open by what one process saw alone, if that suffices. An operator's word keeps it from that. */
export function ownTrip(
  record: CircuitRecord,
  policy: Policy,
  mover: Mover,
  own: OwnCounts,
): OpenHead | undefined {
  const { nowMs } = mover;
  const held = record.state !== 'closed' || overrideActive(record, nowMs) || overrideUnsettled(record, nowMs);
  const reason = held ? undefined : ownTripReason(own, policy);
  return reason && tripped(record, policy, mover, reason, own);
}

/** half-open → open: a probe failed, or three leases in a row lapsed. */
export function reopened(
  record: CircuitRecord,
  policy: Policy,
  mover: Mover,
  reason: TransitionReason,
): OpenHead {
  return opened(record, policy, mover, reason, record.attempt + 1);
}

function opened(
  record: CircuitRecord,
  policy: Policy,
  mover: Mover,
  reason: TransitionReason,
  attempt: number,
  counts?: Counts,
): OpenHead {
  // Probers that vanished brought no answer: what the dependency asked for, it asked for before.
  const retryAfterMs = reason === 'probes-lapsed' ? 0 : mover.retryAfterMs;
  const openMs = openDuration(attempt, policy, mover.chance, retryAfterMs);
  return {
    ...terms(record, policy, mover, 'open', reason, attempt, counts),
    state: 'open',
    openUntilMs: mover.nowMs + openMs,
  };
}

/** → half-open, with the first lease in hand: nobody can come between. */
export function halfOpened(record: CircuitRecord, policy: Policy, mover: Mover): HalfOpenHead {
  const first = leaseFor(policy.leaseDuration, mover);
  // A health check that did not come for the first probe is not waited for again.
  const waiting = mover.prober ? policy : { ...policy, healthCheckGrace: 0 };
  return {
    ...terms(record, waiting, mover, 'half-open', 'probe-started', record.attempt),
    state: 'half-open',
    successesNeeded: policy.halfOpenSuccessThreshold,
    leaseMs: policy.leaseDuration,
    leases: [first, ...Array<null>(policy.halfOpenMaxProbes - 1).fill(null)],
    successes: 0,
    failures: 0,
    lapses: 0,
  };
}

/** → closed. The attempt count survives, so that a relapse continues the backoff. */
export function closed(
  record: CircuitRecord,
  policy: Policy,
  mover: Mover,
  reason: TransitionReason,
): ClosedHead {
  const recovered = reason === 'recovered';
  return {
    ...terms(record, policy, mover, 'closed', reason, recovered ? record.attempt : 0),
    state: 'closed',
    rampMs: recovered ? policy.rampDuration : 0,
    rampFrom: policy.rampFrom,
  };
}

/** → closed by an operator's `clear`: a fresh start that keeps the window's cut, since it has no policy at hand. */
export function cleared(
  record: CircuitRecord,
  { nowMs, id, by }: Pick<Mover, 'nowMs' | 'id' | 'by'>,
  note: string,
): ClosedHead {
  return {
    state: 'closed',
    epoch: { number: record.epoch.number + 1, id },
    sinceMs: nowMs,
    attempt: 0,
    bucketMs: record.bucketMs,
    buckets: record.buckets,
    settledOverride: record.override?.version ?? record.settledOverride,
    ...(record.graceMs && { graceMs: record.graceMs }),
    rampMs: 0,
    rampFrom: 1,
    transition: { from: record.state, to: 'closed', atMs: nowMs, reason: 'cleared', by, note },
  };
}

/** A lease of `leaseMs` from the mover's present on, under the mover's id. */
export function leaseFor(leaseMs: number, mover: Pick<Mover, 'id' | 'by' | 'nowMs'>): Lease {
  return { id: mover.id, by: mover.by, untilMs: mover.nowMs + leaseMs };
}

/**
 * How long to stay open: `resetTimeout × backoff^attempt`, lengthened by up to `jitter` of itself, at most
 * `maxResetTimeout`. A `Retry-After` takes the place of the computed time, within the same maximum.
 */
export function openDuration(attempt: number, policy: Policy, chance: number, retryAfterMs = 0): number {
  const base = retryAfterMs > 0 ? retryAfterMs : policy.resetTimeout * policy.backoff ** attempt;
  return Math.min(policy.maxResetTimeout, Math.round(base * (1 + policy.jitter * chance)));
}

function terms(
  record: CircuitRecord,
  policy: Policy,
  mover: Mover,
  to: Head['state'],
  reason: TransitionReason,
  attempt: number,
  counts: Counts = total(record.evidence, mover.nowMs, record),
) {
  const { nowMs, id, by, lastFailure } = mover;
  const settled =
    record.override && !overrideActive(record, nowMs) ? record.override.version : record.settledOverride;
  return {
    epoch: { number: record.epoch.number + 1, id },
    sinceMs: nowMs,
    attempt,
    ...windowOf(policy),
    settledOverride: settled,
    ...(policy.healthCheckGrace && { graceMs: policy.healthCheckGrace }),
    transition: {
      from: record.state,
      to,
      atMs: nowMs,
      reason,
      by,
      calls: counts.calls,
      failures: counts.failures,
      ...(lastFailure !== undefined && { lastFailure }),
    },
  };
}
