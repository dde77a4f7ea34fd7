/**
 * What each verb of a store does to a record, as pure functions: the memory store runs them, a process runs them on
 * its own circuit while the store is away, and the other stores say the same in their own language.
 * Each returns the new record, or `undefined` where the verb is refused.
 */

import { add, type Evidence, oldestSlot } from './evidence.ts';
import {
  type CircuitRecord,
  type Epoch,
  type Head,
  type Lease,
  type Override,
  type OverrideMode,
  overrideActive,
  type StoredPolicy,
  sameEpoch,
} from './record.ts';
import { lapsed } from './verdict.ts';

/** How a probe ended. A `cancel` frees the slot with no verdict. */
export type ProbeVerdict = 'success' | 'failure' | 'cancel';

export interface ProbeResult {
  readonly leaseId: string;
  readonly slot: number;
  readonly verdict: ProbeVerdict;
}

/** Under what an operator puts his name. */
export interface Signature {
  readonly by: string;
  readonly reason: string;
  /**
   * The version that he saw of what he replaces, 0: there was none. The act is refused where somebody has changed it since;
   * absent: it takes the place of whatever is there.
   */
  readonly ifVersion?: number;
}

/** What an operator asks for. `release` ends what is in force. */
export interface OverrideRequest extends Signature {
  readonly mode: OverrideMode | 'release';
  /** How long it holds from now on, milliseconds; absent: until released. */
  readonly forMs?: number;
}

export function reportEvidence(
  record: CircuitRecord,
  epoch: Epoch,
  evidence: Evidence,
  nowMs: number,
): CircuitRecord | undefined {
  if (!sameEpoch(record.epoch, epoch)) return undefined;
  return {
    ...record,
    sinceMs: record.sinceMs || nowMs,
    evidence: add(record.evidence, evidence, oldestSlot(nowMs, record)),
  };
}

export function reportProbe(
  record: CircuitRecord,
  epoch: Epoch,
  { leaseId, slot, verdict }: ProbeResult,
  nowMs: number,
): CircuitRecord | undefined {
  if (record.state !== 'half-open' || !sameEpoch(record.epoch, epoch)) return undefined;
  const lease = record.leases[slot];
  if (lease?.id !== leaseId || nowMs >= lease.untilMs) return undefined;
  const { successes, failures, lapses } = record;
  return {
    ...record,
    leases: record.leases.with(slot, null),
    successes: verdict === 'success' ? successes + 1 : successes,
    failures: verdict === 'failure' ? failures + 1 : failures,
    lapses: verdict === 'cancel' ? lapses : 0,
  };
}

export function takeLease(
  record: CircuitRecord,
  epoch: Epoch,
  slot: number,
  lease: Lease,
  nowMs: number,
): CircuitRecord | undefined {
  if (record.state !== 'half-open' || !sameEpoch(record.epoch, epoch)) return undefined;
  const held = record.leases[slot];
  if (held === undefined || (held !== null && !lapsed(held, nowMs))) return undefined;
  return {
    ...record,
    leases: record.leases.with(slot, lease),
    lapses: held === null ? record.lapses : record.lapses + 1,
  };
}

export function moveTo(record: CircuitRecord, from: Epoch, next: Head): CircuitRecord | undefined {
  if (!sameEpoch(record.epoch, from)) return undefined;
  const { name, override, policy } = record;
  return { name, evidence: {}, ...(override && { override }), ...(policy && { policy }), ...next };
}

/** The override that `request` makes of the present one; `undefined` where there is nothing to release, or another was seen. */
export function overridden(
  record: CircuitRecord,
  request: OverrideRequest,
  nowMs: number,
): Override | undefined {
  const last = record.override;
  const version = Math.max(last?.version ?? 0, record.settledOverride) + 1;
  // Two operators' clocks may differ: the second act is not earlier than the first.
  const atMs = Math.max(nowMs, last?.atMs ?? 0);
  const { mode, by, reason, forMs, ifVersion } = request;
  if (changedSince(last, ifVersion)) return undefined;
  if (mode !== 'release') {
    const until = forMs === undefined ? {} : { untilMs: atMs + forMs };
    return { version, mode, by, reason, atMs, ...until };
  }
  if (!last || !overrideActive(record, atMs)) return undefined;
  return { version, mode: last.mode, by, reason, atMs, untilMs: atMs };
}

/** The settings that take the place of the present ones, `null`: none; `undefined` where others were seen. */
export function settingsAfter(
  { policy: last }: CircuitRecord,
  values: StoredPolicy['values'] | null,
  { by, reason, ifVersion }: Signature,
  nowMs: number,
): StoredPolicy | undefined {
  if (changedSince(last, ifVersion)) return undefined;
  const atMs = Math.max(nowMs, last?.atMs ?? 0);
  return { version: (last?.version ?? 0) + 1, values: values ?? {}, by, reason, atMs };
}

function changedSince(present: { readonly version: number } | undefined, seen: number | undefined): boolean {
  return seen !== undefined && seen !== (present?.version ?? 0);
}
