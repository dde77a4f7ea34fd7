import type { Facts } from './facts.ts';
import type { Law, Verdict } from './law.ts';

const BAD = ['failures', 'isolated', 'votes'] as const;

/** L2, and with it L6 and L14: what is counted is what happened, once, in the epoch in which it was admitted. */
export function noLostEvidence(facts: Facts, broken: Verdict): Law {
  /** What was acknowledged of bad calls in the present epoch, by slot and counter. */
  let epochId = '';
  let counted: Record<string, number> = {};
  return {
    sent(process, write) {
      if (write.verb !== 'report') return;
      const part = facts.part(write.base.epoch.id, process);
      // What it was told not to have arrived may be sent again.
      const failures = part.sentFailures - part.undoneFailures;
      const calls = part.sentCalls - part.undoneCalls;
      if (failures > part.failures)
        broken('L2', process, `has reported ${failures} failures of ${part.failures}`);
      if (calls > part.calls)
        broken('L6', process, `has reported ${calls} calls, but made ${part.calls} with a verdict`);
    },
    wrote(process, write, { accepted, record }) {
      if (record.epoch.id !== epochId) {
        epochId = record.epoch.id;
        counted = {};
      }
      if (!accepted || write.verb !== 'report') return;
      for (const [slot, counts] of Object.entries(write.evidence))
        for (const of of BAD) counted[slot + of] = (counted[slot + of] ?? 0) + counts[of];
      // A bucket at the end of the window may have been dropped by one clock and begun anew by another.
      const oldest = Math.floor(facts.engine.nowMs / record.bucketMs) - record.buckets + 2;
      for (const [slot, counts] of Object.entries(record.evidence))
        for (const of of BAD) {
          const acknowledged = counted[slot + of] ?? 0;
          if (counts[of] > acknowledged || (counts[of] < acknowledged && Number(slot) > oldest))
            broken('L2', process, `slot ${slot} has ${counts[of]} ${of} of ${acknowledged} acknowledged`);
        }
    },
    finished() {
      const { record } = facts;
      if (record?.state !== 'closed') return;
      for (const { process } of facts.upToDate()) {
        const part = facts.part(record.epoch.id, process);
        if (part.moved || part.sentFailures >= part.failuresInTime) continue;
        broken('L2', process, `has seen ${part.failuresInTime} failures and reported ${part.sentFailures}`);
      }
    },
  };
}
