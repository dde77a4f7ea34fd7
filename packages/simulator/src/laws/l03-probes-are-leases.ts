import type { Facts } from './facts.ts';
import type { Law, Verdict } from './law.ts';

/** Processes agree on the store's time within this bound: a lease is taken over only this long after its end. */
const CLOCK_BOUND_MS = 2_000;

/** L3: no more unexpired leases than probes are allowed, one call on each, and it starts in time. */
export function probesAreLeases(facts: Facts, broken: Verdict): Law {
  const { halfOpenMaxProbes } = facts.policy;
  const { clockErrorMs } = facts.store.profile;
  const ended = (untilMs: number) => facts.engine.nowMs >= untilMs + CLOCK_BOUND_MS - clockErrorMs - 1;
  return {
    wrote(process, write, { accepted, record }, before) {
      if (!accepted || record.state !== 'half-open') return;
      const unexpired = record.leases.filter((lease) => lease && facts.engine.nowMs < lease.untilMs);
      if (unexpired.length > halfOpenMaxProbes || record.leases.length !== halfOpenMaxProbes)
        broken('L3', process, `${unexpired.length} unexpired leases of ${halfOpenMaxProbes}`);
      if (write.verb === 'lease' && before?.state === 'half-open') {
        const held = before.leases[write.slot];
        if (held && !ended(held.untilMs))
          broken(
            'L3',
            process,
            `took over the lease of ${held.by} ${held.untilMs - facts.engine.nowMs} ms before its end`,
          );
      }
      if (write.verb === 'settle' && before?.state === 'half-open') {
        const { slot, leaseId } = write.probe;
        if (before.leases[slot]?.id !== leaseId)
          broken('L3', process, 'settled a lease that it did not hold');
      }
    },
    admitted(call) {
      const { kind, part } = facts.admission(call);
      if (kind !== 'probe') return;
      if (part.probesStarted > part.leases.length)
        broken('L3', call.process, `started ${part.probesStarted} probes on ${part.leases.length} leases`);
      const latest = Math.max(...part.leases.map((lease) => lease.untilMs));
      if (facts.engine.nowMs > latest + clockErrorMs + 1)
        broken(
          'L3',
          call.process,
          `started a probe ${facts.engine.nowMs - latest} ms after its lease had ended`,
        );
    },
  };
}
