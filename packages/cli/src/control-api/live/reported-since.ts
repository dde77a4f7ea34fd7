import type { CircuitRecord } from 'switchgear';

type Counts = { readonly calls: number; readonly failures: number };

/**
 * What the fleet reported between two readings of a record. A trip empties the evidence and keeps its sum in the transition;
 * a circuit that moved on several times in between shows the last stay alone. Without `before` it was not there yet: all is new.
 */
export function reportedSince(before: CircuitRecord | undefined, after: CircuitRecord): Counts {
  let [calls, failures] = [0, 0];
  const same = before?.epoch.number === after.epoch.number && before.epoch.id === after.epoch.id;
  for (const [slot, now] of Object.entries(after.evidence)) {
    const then = same ? before.evidence[Number(slot)] : undefined;
    calls += Math.max(0, now.calls - (then?.calls ?? 0));
    failures += Math.max(0, now.failures - (then?.failures ?? 0));
  }
  const wasClosed = !before || before.state === 'closed';
  const tripped = !same && wasClosed && after.transition?.from === 'closed' && after.transition;
  if (tripped) {
    const known = sum(before?.evidence ?? {});
    calls += Math.max(0, (tripped.calls ?? 0) - known.calls);
    failures += Math.max(0, (tripped.failures ?? 0) - known.failures);
  }
  return { calls, failures };
}

function sum(evidence: CircuitRecord['evidence']): Counts {
  const all = Object.values(evidence);
  return {
    calls: all.reduce((total, { calls }) => total + calls, 0),
    failures: all.reduce((total, { failures }) => total + failures, 0),
  };
}
