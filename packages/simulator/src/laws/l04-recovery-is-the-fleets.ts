import type { Facts } from './facts.ts';
import type { Law, Verdict } from './law.ts';

/** L4: the record's verdicts are those of the probes of its epoch, of all processes. */
export function recoveryIsTheFleets(facts: Facts, broken: Verdict): Law {
  let epochId = '';
  const settled = { success: 0, failure: 0, cancel: 0 };
  return {
    wrote(process, write, { accepted, record }) {
      if (!accepted || record.state !== 'half-open') return;
      if (record.epoch.id !== epochId) {
        epochId = record.epoch.id;
        Object.assign(settled, { success: 0, failure: 0, cancel: 0 });
      }
      if (write.verb === 'settle') {
        const { verdict } = write.probe;
        settled[verdict]++;
        const part = facts.part(epochId, process);
        if (verdict === 'success' && part.probeSuccesses === 0)
          broken('L4', process, 'told of a success that it did not have');
        if (verdict === 'failure' && part.probeFailures === 0)
          broken('L4', process, 'told of a failure that it did not have');
      }
      if (record.successes !== settled.success || record.failures !== settled.failure)
        broken(
          'L4',
          process,
          `record has ${record.successes} successes and ${record.failures} failures of ${settled.success} and ${settled.failure}`,
        );
    },
  };
}
