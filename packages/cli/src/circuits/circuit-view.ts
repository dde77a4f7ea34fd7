/** A record of the store as the control API and the command line show it. */

import type { CircuitRecord, Override } from 'switchgear';
import { recordStatus } from 'switchgear/operate';
import type { Circuit } from '../control-api/schemas.ts';

export function circuitView(record: CircuitRecord, nowMs: number): Circuit {
  const status = recordStatus(record, nowMs);
  const { override, ended, overrideVersion, policy, transition, epoch, retryAfterMs } = status;
  const { calls, failures, slow, isolated } = status.evidence;
  return {
    name: record.name,
    // A record lies in the store: no process has cut itself off in it.
    state: status.state as Circuit['state'],
    sinceMs: override?.atMs ?? status.sinceMs,
    retryAfterMs: Number.isFinite(retryAfterMs) ? retryAfterMs : null,
    ...(record.state === 'open' && { openUntilMs: record.openUntilMs }),
    evidence: { calls, failures, slow, isolated },
    failureRatio: calls > 0 ? Math.min(1, failures / calls) : 0,
    ...(transition && { transition }),
    ...(override && { override: shownOverride(override) }),
    ...(ended && { ended: shownOverride(ended) }),
    ...(policy && Object.keys(policy.values).length > 0 && { policy }),
    versions: { override: overrideVersion, policy: policy?.version ?? 0 },
    epoch,
    leases:
      record.state === 'half-open'
        ? record.leases.flatMap((lease) => (lease ? [{ by: lease.by, untilMs: lease.untilMs }] : []))
        : [],
  };
}

function shownOverride({ mode, by, reason, atMs, untilMs }: Override) {
  return { mode, by, reason, atMs, ...(untilMs !== undefined && { untilMs }) };
}
