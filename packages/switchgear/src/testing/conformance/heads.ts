/**
 * Transitions as literals: what a store is given must come back as it was given, whatever the core would have written.
 * Numbers are odd on purpose, so that one that is rounded, swapped or forgotten shows.
 */

import type { CircuitRecord, ClosedHead, HalfOpenHead, Head, Lease, OpenHead } from '../../core/record.ts';
import { newId } from '../../id.ts';
import { WINDOW } from './case.ts';

export const LEASE_MS = 10_000;
export const OPEN_MS = 30_000;

export function openHead(base: CircuitRecord, nowMs: number): OpenHead {
  return {
    ...terms(base, nowMs),
    state: 'open',
    attempt: 3,
    openUntilMs: nowMs + OPEN_MS,
    graceMs: 45_000,
    transition: {
      from: base.state,
      to: 'open',
      atMs: nowMs,
      reason: 'failures',
      by: 'process-1',
      calls: 17,
      failures: 5,
      lastFailure: 'ECONNREFUSED',
    },
  };
}

/** Half-open with `first` in slot 0 of `slots`. */
export function halfOpenHead(base: CircuitRecord, nowMs: number, first: Lease, slots = 1): HalfOpenHead {
  return {
    ...terms(base, nowMs),
    state: 'half-open',
    attempt: 3,
    successesNeeded: 7,
    leaseMs: LEASE_MS,
    leases: [first, ...Array<null>(slots - 1).fill(null)],
    successes: 0,
    failures: 0,
    lapses: 0,
    transition: { from: base.state, to: 'half-open', atMs: nowMs, reason: 'probe-started', by: first.by },
  };
}

export function closedHead(base: CircuitRecord, nowMs: number): ClosedHead {
  return {
    ...terms(base, nowMs),
    state: 'closed',
    attempt: 2,
    settledOverride: 4,
    rampMs: 15_000,
    rampFrom: 0.15,
    transition: { from: base.state, to: 'closed', atMs: nowMs, reason: 'recovered', by: 'process-2' },
  };
}

/** One after the other: open, half-open, closed, open … */
export function nextHead(base: CircuitRecord, nowMs: number): Head {
  if (base.state === 'closed') return openHead(base, nowMs);
  if (base.state === 'open') return halfOpenHead(base, nowMs, leaseAt(nowMs));
  return closedHead(base, nowMs);
}

export function leaseAt(nowMs: number, by = 'process-1'): Lease {
  return { id: newId(), by, untilMs: nowMs + LEASE_MS };
}

function terms(base: CircuitRecord, nowMs: number) {
  return {
    epoch: { number: base.epoch.number + 1, id: newId() },
    sinceMs: nowMs,
    settledOverride: base.settledOverride,
    ...WINDOW,
  };
}
