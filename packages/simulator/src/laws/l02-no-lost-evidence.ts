import type { Facts } from './facts.ts';
import type { Law, Verdict } from './law.ts';

/** L2, and with it L6 and L14: what is counted is what happened, once, in the epoch in which it was admitted. */
export function noLostEvidence(facts: Facts, broken: Verdict): Law {
  /** Failures that were acknowledged in the present epoch, by slot. */
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
      for (const [slot, { failures }] of Object.entries(write.evidence))
        counted[slot] = (counted[slot] ?? 0) + failures;
      // A bucket at the end of the window may have been dropped by one clock and begun anew by another.
      const oldest = Math.floor(facts.engine.nowMs / record.bucketMs) - record.buckets + 2;
      for (const [slot, { failures }] of Object.entries(record.evidence)) {
        const acknowledged = counted[slot] ?? 0;
        if (failures > acknowledged || (failures < acknowledged && Number(slot) > oldest))
          broken('L2', process, `slot ${slot} has ${failures} failures of ${acknowledged} acknowledged`);
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
