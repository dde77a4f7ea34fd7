/**
 * The circuit as it lies in the store. Public and versioned: `docs/protocol.md` describes it for other languages.
 * All times are milliseconds of the STORE's clock since 1970.
 */

import type { Evidence, Window } from './evidence.ts';

/** The state that calls and verdicts move a circuit through. Overrides lie beside it, never in it. */
export type CircuitState = 'closed' | 'open' | 'half-open';

/** Identity of one stay in one state. Two epochs are the same only if number AND id are equal. */
export interface Epoch {
  /** Rises by one with each transition. Orders the history. */
  readonly number: number;
  /** Random id of the transition that began it: a process whose reply was lost finds its own id here. */
  readonly id: string;
}

/** Why a transition happened. */
export type TransitionReason =
  | 'failures'
  | 'slow-calls'
  | 'consecutive-failures'
  | 'probe-started'
  | 'probe-failed'
  | 'probes-lapsed'
  | 'recovered'
  | 'override-ended'
  | 'cleared';

/** One committed change of state. Kept whole in the record until the next one files it into the history. */
export interface Transition {
  readonly from: CircuitState;
  readonly to: CircuitState;
  readonly atMs: number;
  readonly reason: TransitionReason;
  /** Process (or person) that committed it. */
  readonly by: string;
  /** Evidence in the window when it was decided: `failures` of `calls`. */
  readonly calls?: number;
  readonly failures?: number;
  /** Name or code of the last failure (`ECONNREFUSED`, `HTTP 503`), never its message: messages hold secrets. */
  readonly lastFailure?: string;
  /** An operator's words. */
  readonly note?: string;
}

/** The right to make one probe call. It ends by verdict, cancel or at `untilMs`. */
export interface Lease {
  readonly id: string;
  readonly by: string;
  readonly untilMs: number;
}

/** What an operator can put above the automatic state. */
export type OverrideMode = 'forced-open' | 'forced-closed' | 'disabled';

/** An operator's decision. Over once the store's clock reaches `untilMs`; a release sets `untilMs` to the present. */
export interface Override {
  /** Rises by one with each operator's act on this circuit. */
  readonly version: number;
  readonly mode: OverrideMode;
  readonly by: string;
  readonly reason: string;
  readonly atMs: number;
  /** Absent: until somebody releases it. */
  readonly untilMs?: number;
}

/** Settings stored with the circuit, changed without a deploy. The library validates `values` before it uses them. */
export interface StoredPolicy {
  readonly version: number;
  readonly values: Readonly<Record<string, number | string>>;
  readonly by: string;
  readonly reason: string;
  readonly atMs: number;
}

/** Terms that every reader must interpret alike: written by the transition that began the epoch. */
interface Terms {
  readonly epoch: Epoch;
  /** When the epoch began. */
  readonly sinceMs: number;
  /** Attempts to recover that failed in a row; drives the backoff of the next open time. */
  readonly attempt: number;
  /** Width of one evidence bucket. */
  readonly bucketMs: number;
  /** How many buckets, the present one included, make the window. */
  readonly buckets: number;
  /** Version of the newest override whose end this epoch has taken into account. */
  readonly settledOverride: number;
  /** How long a probe is the health check's alone once it may be made; absent: anybody's at once. */
  readonly graceMs?: number;
  /** Absent in the root epoch. */
  readonly transition?: Transition;
}

export interface ClosedHead extends Terms {
  readonly state: 'closed';
  /** Length of the ramp after `sinceMs`; 0: none. */
  readonly rampMs: number;
  /** Share of calls admitted at `sinceMs`, 0–1. */
  readonly rampFrom: number;
}

export interface OpenHead extends Terms {
  readonly state: 'open';
  /** Set once, by the trip that won. Nothing moves it. */
  readonly openUntilMs: number;
}

export interface HalfOpenHead extends Terms {
  readonly state: 'half-open';
  readonly successesNeeded: number;
  /** Length of a lease taken in this epoch. */
  readonly leaseMs: number;
  /** One entry per probe slot; `null` is free. */
  readonly leases: readonly (Lease | null)[];
  /** Verdicts of probes in this epoch, of all processes. */
  readonly successes: number;
  readonly failures: number;
  /** Leases in a row that expired without a verdict and were taken over. */
  readonly lapses: number;
}

/** What a transition writes. */
export type Head = ClosedHead | OpenHead | HalfOpenHead;

/** What a transition leaves alone, and the evidence, which it empties. */
interface Body {
  readonly name: string;
  readonly evidence: Evidence;
  readonly override?: Override;
  readonly policy?: StoredPolicy;
}

export type CircuitRecord = Head & Body;
export type HalfOpenRecord = HalfOpenHead & Body;

/** Clocks of two processes agree on the store's time within this bound, so a lease is taken over only this long after its end. */
export const CLOCK_BOUND_MS = 2_000;

/**
 * The record that stands for a missing one: closed, epoch 0. Its id names the bucket width, so that processes with
 * different widths never add into each other's buckets: the second one is refused as stale and learns the width.
 */
export function rootRecord(name: string, window: Window): CircuitRecord {
  return {
    name,
    state: 'closed',
    epoch: { number: 0, id: `root-${window.bucketMs}x${window.buckets}` },
    sinceMs: 0,
    attempt: 0,
    bucketMs: window.bucketMs,
    buckets: window.buckets,
    settledOverride: 0,
    rampMs: 0,
    rampFrom: 1,
    evidence: {},
  };
}

/** Epochs are compared for equality, never for order: numbers restart when a store loses its data. */
export function sameEpoch(a: Epoch, b: Epoch): boolean {
  return a.number === b.number && a.id === b.id;
}

/** Whether the operator's decision is in force at `nowMs`. */
export function overrideActive(record: CircuitRecord, nowMs: number): boolean {
  return knownOverride(record) && nowMs < (record.override?.untilMs ?? Infinity);
}

/** A mode of a later version is nobody's word here: the automatic state decides. */
function knownOverride({ override }: CircuitRecord): boolean {
  return override !== undefined && /^(forced-(open|closed)|disabled)$/.test(override.mode);
}

/** Whether an override has ended and no transition has taken its end into account yet. */
export function overrideUnsettled(record: CircuitRecord, nowMs: number): boolean {
  return (
    knownOverride(record) &&
    Number(record.override?.version) > record.settledOverride &&
    !overrideActive(record, nowMs)
  );
}
