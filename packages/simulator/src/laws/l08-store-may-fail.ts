import type { Process } from '../engine/process.ts';
import type { Call } from '../world/traffic.ts';
import type { Facts } from './facts.ts';
import type { Law, Verdict } from './law.ts';

/** L8: callers never see the store, nor wait for it beyond its budget; what was not read is not written; all converge. */
export function storeMayFail(facts: Facts, broken: Verdict, budgetMs: number): Law {
  const asked = new Map<Call, number>();
  const waited = (call: Call) => {
    const tookMs = call.process.upMs - (asked.get(call) ?? 0);
    if (tookMs > budgetMs + 1)
      broken('L8', call.process, `a call waited ${Math.round(tookMs)} ms for admission`);
  };
  const writable = (process: Process, epochId: string, number: number) =>
    // A missing record, and nothing else, may be made up.
    number === 0 || facts.known(process).read.has(epochId);
  return {
    asks(call) {
      asked.set(call, call.process.upMs);
    },
    admitted: waited,
    rejected: waited,
    threw({ process }, error) {
      broken('L8', process, `a caller was thrown ${error}`);
    },
    sent(process, write) {
      if (!('base' in write)) return;
      const { id, number } = write.base.epoch;
      if (!writable(process, id, number))
        broken('L8', process, `${write.verb} from epoch ${number}, which it had not read`);
    },
    finished() {
      const { record } = facts;
      if (!record) return;
      for (const member of facts.members()) {
        // Asleep, or not asked for anything yet.
        if (!member.process.running || facts.known(member.process).number < 0) continue;
        const { epoch, state } = facts.status(member);
        if (epoch.id !== record.epoch.id || state !== 'closed')
          broken(
            'L8',
            member.process,
            `is ${state} in epoch ${epoch.number}, the fleet ${record.state} in ${record.epoch.number}`,
          );
      }
    },
  };
}
