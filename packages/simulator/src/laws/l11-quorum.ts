import type { Facts, Part } from './facts.ts';
import type { Law, Verdict } from './law.ts';

/** L11: a fleet opens only where as many processes as the quorum asks for have seen failures. */
export function quorum(facts: Facts, broken: Verdict): Law {
  const { quorum: needed, failureWindow, maxResetTimeout } = facts.policy;
  // A bucket more than the window, and the clocks.
  const reachMs = failureWindow * 1.5 + 2 * facts.store.profile.clockErrorMs + 2_000;
  return {
    wrote(process, write, { accepted, record }) {
      if (!accepted || write.verb !== 'transition' || record.state !== 'open') return;
      if (write.base.state !== 'closed') return;
      const sinceMs = facts.engine.nowMs - reachMs;
      // A process that opened by itself tells so when it can: after its freeze, when the store is back.
      const saw = ({ process: by, failedAt }: Part) =>
        failedAt.some(({ atMs, upMs }) => atMs >= sinceMs || by.upMs - upMs < reachMs + maxResetTimeout);
      const parts = facts.parts(write.base.epoch.id).filter(saw);
      const witnesses = new Set(parts.map((part) => part.process));
      if (facts.ownFailures(process) > 0) witnesses.add(process);
      if (witnesses.size < needed)
        broken('L11', process, `opened on the word of ${witnesses.size} processes of ${needed}`);
    },
  };
}
