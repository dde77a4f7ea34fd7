import type { Process } from '../engine/process.ts';
import type { Law, Verdict } from './law.ts';

/** L10: no failures, no writes; a report rides on a failure. */
export function cost(broken: Verdict): Law {
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
      if (outcome === 'failure') failures.set(process, (failures.get(process) ?? 0) + 1);
    },
  };
}
