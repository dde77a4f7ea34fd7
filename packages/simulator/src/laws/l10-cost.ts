import type { Process } from '../engine/process.ts';
import type { Call } from '../world/traffic.ts';
import type { Facts } from './facts.ts';
import type { Law, Verdict } from './law.ts';

/** An answer that took longer may have come too late. */
const PROMPT_MS = 100;

/**
 * L10: no failures, no writes; a report rides on a failure. Where nothing has happened since a read, the next one comes `cacheTtl`
 * later at the earliest, and no call waits for it.
 */
export function cost(facts: Facts, broken: Verdict, cacheTtlMs: number): Law {
  const reports = new Map<Process, number>();
  const failures = new Map<Process, number>();
  /** A process's latest read, and how many in a row have found all well; absent where something has happened since. */
  const read = new Map<
    Process,
    { readonly askedMs: number; readonly freezes: number; well: number; answered: boolean }
  >();
  const calm = (process: Process) => {
    const last = read.get(process);
    // One may have been a call's own, made while a refresh was missing: the next refresh comes when it would have.
    return last?.answered && last.well > 1 && last.freezes === process.freezes ? last : undefined;
  };
  const asked = new Map<Call, number>();
  /** Calls that came while all was known to be well, and since when. */
  const waiting = new Map<Call, number>();
  const queues = facts.policy.maxConcurrent < Number.POSITIVE_INFINITY;
  const stirred = (process: Process) => read.delete(process);
  return {
    sent(process, write) {
      stirred(process);
      if (write.verb !== 'report') return;
      const sent = (reports.get(process) ?? 0) + 1;
      reports.set(process, sent);
      const failed = failures.get(process) ?? 0;
      if (sent > failed) broken('L10', process, `${sent} reports on ${failed} failures`);
    },
    asked(process, consistent) {
      const { nowMs } = facts.engine;
      const last = calm(process);
      const sinceMs = nowMs - (last?.askedMs ?? 0);
      if (last && !consistent && !queues && sinceMs < cacheTtlMs - 1)
        broken('L10', process, `read again ${Math.round(sinceMs)} ms after it had read that all is well`);
      if (consistent) stirred(process);
      else
        read.set(process, {
          askedMs: nowMs,
          freezes: process.freezes,
          well: read.get(process)?.well ?? 0,
          answered: false,
        });
    },
    told(process, [record], askedMs, source) {
      const last = read.get(process);
      const prompt = facts.engine.nowMs - askedMs < PROMPT_MS;
      const well = record?.state === 'closed' && !record.override && record.rampMs === 0;
      const known = facts.known(process).latest?.epoch.id === record?.epoch.id;
      if (source === 'read' && well && known && last?.askedMs === askedMs && prompt) {
        last.well++;
        last.answered = true;
      } else stirred(process);
    },
    failed: (process) => stirred(process),
    rejected: ({ process }) => stirred(process),
    asks(call) {
      asked.set(call, facts.engine.nowMs);
      const last = calm(call.process);
      if (last && facts.engine.nowMs - last.askedMs < 2 * cacheTtlMs - 1)
        waiting.set(call, facts.engine.nowMs);
      else waiting.delete(call);
    },
    admitted(call) {
      const { process } = call;
      const sinceMs = waiting.get(call);
      if (sinceMs !== undefined && sinceMs !== facts.engine.nowMs && !queues)
        broken(
          'L10',
          process,
          `a call waited ${facts.engine.nowMs - sinceMs} ms although all was known to be well`,
        );
      // A call that had to wait made a read of its own: the next refresh comes when it would have come.
      const waited = facts.engine.nowMs > (asked.get(call) ?? 0);
      if (waited || facts.admission(call).kind !== 'ordinary') stirred(process);
    },
    ended(call, outcome) {
      const { process } = call;
      if (outcome === 'failure') failures.set(process, (failures.get(process) ?? 0) + 1);
      if (outcome === 'failure') stirred(process);
    },
  };
}
