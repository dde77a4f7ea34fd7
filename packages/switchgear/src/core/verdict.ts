/** What a record says to somebody who wants to call, and what it leaves to be done. */

import { type Counts, oldestSlot, slotAt, total } from './evidence.ts';
import { type Policy, tripReason } from './policy.ts';
import {
  type CircuitRecord,
  CLOCK_BOUND_MS,
  type HalfOpenRecord,
  type Lease,
  overrideActive,
  overrideUnsettled,
  type TransitionReason,
} from './record.ts';

/** Leases in a row that may lapse without a verdict; the next reader re-opens the circuit. */
const MAX_LAPSES = 3;

/** Whether a call may go. */
export type Admission =
  /** Everything may. */
  | { readonly admits: 'all' }
  /** This share of the calls may: the circuit ramps up. */
  | { readonly admits: 'share'; readonly share: number }
  /** Nothing may, until `untilMs` at the earliest (infinite: until somebody acts). */
  | { readonly admits: 'none'; readonly untilMs: number }
  /** One call may, if it wins the slot; `slot` is absent where it takes a transition to half-open. `freeSinceMs`: knowledge older than this does not count. */
  | { readonly admits: 'probe'; readonly slot?: number; readonly freeSinceMs: number };

const ALL: Admission = { admits: 'all' };

/** `prober`: it is a health check that asks, which others let go first. */
export function admission(record: CircuitRecord, nowMs: number, prober = false): Admission {
  const override = record.override;
  const graceMs = prober ? 0 : (record.graceMs ?? 0);
  if (override && overrideActive(record, nowMs)) {
    if (override.mode !== 'forced-open') return ALL;
    return { admits: 'none', untilMs: override.untilMs ?? Infinity };
  } else if (override && overrideUnsettled(record, nowMs)) {
    // A forced-open ends like an open time: with a probe, whatever lay below it.
    return override.mode === 'forced-open' ? probeFrom((override.untilMs ?? 0) + graceMs, nowMs) : ALL;
  }
  if (fromAhead(record, nowMs)) return record.state === 'closed' ? ALL : probeFrom(nowMs, nowMs);
  switch (record.state) {
    case 'closed': {
      const share = rampShare(record, nowMs);
      return share >= 1 ? ALL : { admits: 'share', share };
    }
    case 'open':
      return probeFrom(record.openUntilMs + graceMs, nowMs);
    case 'half-open':
      return probeSlot(record, nowMs, graceMs && record.sinceMs + graceMs);
  }
}

/**
 * Whether the epoch began further ahead than clocks differ: the store's clock was set back, and how long is left of anything in
 * the epoch is not known any more. Nobody ends an open time early by it: who wrote `sinceMs` and who reads it know the store's time
 * to half the bound each (L12), and the probe waits for a read from the present on, which tells a process whose own clock was set.
 */
function fromAhead({ sinceMs }: CircuitRecord, nowMs: number): boolean {
  return sinceMs - nowMs > CLOCK_BOUND_MS;
}

/** The probe that begins half-open, from `fromMs` on. */
function probeFrom(fromMs: number, nowMs: number): Admission {
  return nowMs >= fromMs ? { admits: 'probe', freeSinceMs: fromMs } : { admits: 'none', untilMs: fromMs };
}

/** Share of calls that a closed circuit admits: rises from `rampFrom` to 1 in a straight line over `rampMs`. */
function rampShare(record: CircuitRecord & { state: 'closed' }, nowMs: number): number {
  if (record.rampMs === 0) return 1;
  const progress = Math.max(0, (nowMs - record.sinceMs) / record.rampMs);
  return record.rampFrom + (1 - record.rampFrom) * progress;
}

function probeSlot(record: HalfOpenRecord, nowMs: number, fromMs: number): Admission {
  let untilMs = Infinity;
  for (const [slot, lease] of record.leases.entries()) {
    const freeSinceMs = Math.max(lease ? lease.untilMs + CLOCK_BOUND_MS : 0, fromMs);
    if (nowMs >= freeSinceMs) return { admits: 'probe', slot, freeSinceMs };
    untilMs = Math.min(untilMs, freeSinceMs);
  }
  return { admits: 'none', untilMs };
}

/** Whether nobody holds the lease any more, clocks considered. */
export function lapsed(lease: Lease | null, nowMs: number): boolean {
  return lease !== null && nowMs >= lease.untilMs + CLOCK_BOUND_MS;
}

/** A transition that somebody should commit, whoever sees it first. */
export type Decision =
  | {
      readonly to: 'open';
      readonly reason: 'failures' | 'slow-calls' | TransitionReason;
      readonly counts: Counts;
    }
  | { readonly to: 'reopen'; readonly reason: 'probe-failed' | 'probes-lapsed' }
  | { readonly to: 'closed'; readonly reason: 'recovered' | 'override-ended' };

/**
 * The window as it stood with the latest report. Successes ride on failures, so that what came since may be all good and not
 * known: the window must not run on without them, or a burst that was harmless among its neighbours would trip the circuit
 * once they have aged out.
 */
function reportedCounts(record: CircuitRecord, nowMs: number): Counts | undefined {
  // One slot ahead, as far as clocks differ; what lies further ahead was written under a clock that jumped.
  const newest = slotAt(nowMs, record.bucketMs) + 1;
  const latest = Math.max(
    ...Object.keys(record.evidence)
      .map(Number)
      .filter((slot) => slot <= newest),
  );
  if (latest < oldestSlot(nowMs, record)) return undefined;
  return total(record.evidence, latest * record.bucketMs, record);
}

/** What the record leaves to be done at `nowMs`. Half-open is not among it: that takes a call that wants to probe. */
export function due(record: CircuitRecord, policy: Policy, nowMs: number): Decision | undefined {
  if (overrideActive(record, nowMs)) return undefined;
  if (overrideUnsettled(record, nowMs))
    return record.override?.mode === 'forced-open' ? undefined : { to: 'closed', reason: 'override-ended' };
  switch (record.state) {
    case 'closed': {
      const counts = reportedCounts(record, nowMs);
      const reason = counts && tripReason(counts, policy);
      return reason && { to: 'open', reason, counts };
    }
    case 'half-open': {
      if (record.failures > 0) return { to: 'reopen', reason: 'probe-failed' };
      if (record.successes >= record.successesNeeded) return { to: 'closed', reason: 'recovered' };
      const gone = record.leases.filter((lease) => lapsed(lease, nowMs)).length;
      return record.lapses + gone >= MAX_LAPSES ? { to: 'reopen', reason: 'probes-lapsed' } : undefined;
    }
    case 'open':
      return undefined;
  }
}
