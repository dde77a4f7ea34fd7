import type { Facts } from './facts.ts';
import type { Law, Verdict } from './law.ts';

/** L1: each epoch follows from the one before it, for reasons that lie in it; nobody goes back. */
export function monotonicEpoch(facts: Facts, broken: Verdict): Law {
  return {
    wrote(process, write, { accepted, record }, before) {
      if (!accepted || !('base' in write)) return;
      const number = before?.epoch.number ?? 0;
      if (before && before.epoch.id !== write.base.epoch.id)
        broken(
          'L1',
          process,
          `${write.verb} from epoch ${write.base.epoch.number} took effect in epoch ${number}`,
        );
      if (write.verb !== 'transition') {
        if (record.epoch.number !== number) broken('L1', process, `${write.verb} moved the epoch`);
        return;
      }
      if (record.epoch.number !== number + 1)
        broken('L1', process, `epoch ${number} was followed by ${record.epoch.number}`);
      const parts = facts.parts(write.base.epoch.id);
      const sum = (of: 'failures' | 'probeFailures' | 'probeSuccesses') =>
        parts.reduce((total, part) => total + part[of], 0);
      const { reason, to } = write.next.transition ?? {};
      if (
        to === 'open' &&
        before?.state === 'half-open' &&
        reason === 'probe-failed' &&
        sum('probeFailures') === 0
      )
        broken('L1', process, 're-opened although no probe of this epoch had failed');
      // What made a process open by itself, while it could not know the epoch, is told to the fleet when the store is back.
      const failures = Math.max(sum('failures'), facts.ownFailures(process));
      if (to === 'open' && write.base.state === 'closed' && failures < tripsAt(facts))
        broken('L1', process, `opened after ${failures} failures`);
      if (
        to === 'closed' &&
        reason === 'recovered' &&
        sum('probeSuccesses') < facts.policy.halfOpenSuccessThreshold
      )
        broken('L1', process, `closed after ${sum('probeSuccesses')} successes of probes in this epoch`);
    },
    admitted(call) {
      const { status } = facts.admission(call);
      const known = facts.known(call.process).number;
      if (status.epoch.number < known)
        broken(
          'L1',
          call.process,
          `admitted under epoch ${status.epoch.number}, but had been told of ${known}`,
        );
    },
  };
}

function tripsAt({ policy }: Facts): number {
  return Math.min(policy.failureThreshold, policy.consecutiveFailures);
}
