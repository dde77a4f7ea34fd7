/** A record of the store as the control API and the command line show it. */

import type { CircuitRecord, Override } from 'switchgear';
import { type Circuit, overrideSchema } from '../control-api/schemas.ts';

const MODES: readonly string[] = overrideSchema.shape.mode.options;

/** A lapsed lease is taken over this long after its end, as docs/protocol.md says. */
const CLOCK_BOUND_MS = 2_000;

export function circuitView(record: CircuitRecord, nowMs: number): Circuit {
  const { name, epoch, transition, policy } = record;
  const override = overrideInForce(record, nowMs);
  const evidence = evidenceInWindow(record, nowMs);
  return {
    name,
    state: override?.mode ?? (ramping(record, nowMs) ? 'ramp' : record.state),
    sinceMs: override?.atMs ?? record.sinceMs,
    retryAfterMs: retryAfterMs(record, override, nowMs),
    ...(record.state === 'open' && { openUntilMs: record.openUntilMs }),
    evidence,
    failureRatio: evidence.calls > 0 ? Math.min(1, evidence.failures / evidence.calls) : 0,
    ...(transition && { transition }),
    ...(override && { override: shownOverride(override) }),
    ...(policy && Object.keys(policy.values).length > 0 && { policy }),
    epoch,
    leases:
      record.state === 'half-open'
        ? record.leases.flatMap((lease) => (lease ? [{ by: lease.by, untilMs: lease.untilMs }] : []))
        : [],
  };
}

/** A mode of a later version is nobody's word here: the automatic state decides, as in every process of this version. */
function known({ override }: CircuitRecord): Override | undefined {
  return override && MODES.includes(override.mode) ? override : undefined;
}

function overrideInForce(record: CircuitRecord, nowMs: number): Override | undefined {
  const override = known(record);
  return override && nowMs < (override.untilMs ?? Number.POSITIVE_INFINITY) ? override : undefined;
}

function shownOverride({ mode, by, reason, atMs, untilMs }: Override) {
  return { mode, by, reason, atMs, ...(untilMs !== undefined && { untilMs }) };
}

/** An override that is over, and that no transition has taken into account yet: forced-open lets a probe through, others all. */
function unsettled(record: CircuitRecord): boolean {
  return Number(known(record)?.version) > record.settledOverride;
}

function ramping(record: CircuitRecord, nowMs: number): boolean {
  if (record.state !== 'closed' || unsettled(record)) return false;
  return record.rampMs > 0 && record.rampFrom < 1 && nowMs < record.sinceMs + record.rampMs;
}

function retryAfterMs(record: CircuitRecord, override: Override | undefined, nowMs: number): number | null {
  if (override?.mode === 'forced-open')
    return override.untilMs === undefined ? null : override.untilMs - nowMs;
  if (override || unsettled(record) || record.state === 'closed') return 0;
  if (record.state === 'open') return Math.max(0, record.openUntilMs - nowMs);
  const free = record.leases.map((lease) => (lease ? lease.untilMs + CLOCK_BOUND_MS - nowMs : 0));
  return Math.max(0, Math.min(...free));
}

/** One slot ahead of the present counts too: clocks differ by a second. */
function evidenceInWindow(
  { evidence, bucketMs, buckets }: CircuitRecord,
  nowMs: number,
): Circuit['evidence'] {
  const present = Math.floor(nowMs / bucketMs);
  const sum = { calls: 0, failures: 0, slow: 0 };
  for (const [slot, counts] of Object.entries(evidence)) {
    if (Number(slot) <= present - buckets || Number(slot) > present + 1) continue;
    sum.calls += counts.calls;
    sum.failures += counts.failures;
    sum.slow += counts.slow;
  }
  return sum;
}
