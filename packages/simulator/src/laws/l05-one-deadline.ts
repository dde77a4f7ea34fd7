import type { CircuitRecord } from 'switchgear';
import type { Facts } from './facts.ts';
import type { Law, Verdict } from './law.ts';

/** L5: what an epoch began with holds until it ends, above all its deadline; and that is as long as the policy says. */
export function oneDeadline({ policy }: Facts, broken: Verdict): Law {
  return {
    wrote(process, write, { accepted, record }, before) {
      if (!accepted) return;
      if (before?.epoch.id === record.epoch.id) {
        // A circuit that nobody had written to begins with its first write.
        if (before.sinceMs !== 0 && terms(before) !== terms(record))
          broken('L5', process, `${write.verb} changed ${terms(before)} to ${terms(record)}`);
        return;
      }
      if (record.state !== 'open') return;
      const least = Math.min(policy.maxResetTimeout, policy.resetTimeout * policy.backoff ** record.attempt);
      const most = Math.min(policy.maxResetTimeout, Math.ceil(least * (1 + policy.jitter)));
      const openMs = record.openUntilMs - record.sinceMs;
      if (openMs < Math.floor(least) || openMs > most)
        broken('L5', process, `open for ${openMs} ms, not ${least} to ${most}, at attempt ${record.attempt}`);
      if (before?.state === 'half-open' && record.attempt !== before.attempt + 1)
        broken('L5', process, `attempt ${before.attempt} was followed by ${record.attempt}`);
    },
  };
}

function terms(record: CircuitRecord): string {
  const { state, sinceMs, attempt, bucketMs, buckets } = record;
  const own =
    record.state === 'open'
      ? [record.openUntilMs]
      : record.state === 'half-open'
        ? [record.leaseMs, record.successesNeeded]
        : [record.rampMs, record.rampFrom];
  return JSON.stringify([state, sinceMs, attempt, bucketMs, buckets, ...own]);
}
