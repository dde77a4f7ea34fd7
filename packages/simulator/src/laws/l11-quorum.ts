import type { Facts } from './facts.ts';
import type { Law, Verdict } from './law.ts';

/** L11: a fleet opens only where as many processes as the quorum asks for have seen failures. */
export function quorum(facts: Facts, broken: Verdict): Law {
  const { quorum: needed, failureWindow } = facts.policy;
  // A bucket more than the window, and the clocks.
  const reachMs = failureWindow * 1.5 + 2 * facts.store.profile.clockErrorMs + 2_000;
  return {
    wrote(process, write, { accepted, record }) {
      if (!accepted || write.verb !== 'transition' || record.state !== 'open') return;
      if (write.base.state !== 'closed') return;
      const sinceMs = facts.engine.nowMs - reachMs;
      const witnesses = facts
        .parts(write.base.epoch.id)
        .filter((part) => part.failedAtMs.some((failedMs) => failedMs >= sinceMs));
      if (witnesses.length < needed)
        broken('L11', process, `opened on the word of ${witnesses.length} processes of ${needed}`);
    },
  };
}
