import type { Process } from '../engine/process.ts';
import type { Facts } from './facts.ts';
import type { Law, Verdict } from './law.ts';

/** L10: no failures, no writes; a report rides on a failure. */
export function cost(facts: Facts, broken: Verdict): Law {
  const reports = new Map<Process, number>();
  const failures = new Map<Process, number>();
  return {
    sent(process, write) {
      if (write.verb !== 'report') return;
      const sent = (reports.get(process) ?? 0) + 1;
      reports.set(process, sent);
      const failed = failures.get(process) ?? 0;
      if (sent > failed) broken('L10', process, `${sent} reports on ${failed} failures`);
    },
    ended(call, outcome) {
      const { process } = call;
      // A failure of the local circuit's probe, or before the first answer, is reported to nobody.
      if (outcome === 'failure' && facts.admission(call).kind !== 'local')
        failures.set(process, (failures.get(process) ?? 0) + 1);
    },
  };
}
