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
  /** The latest read that found all well, where nothing has happened since but calls and other reads. */
  const foundWell = new Map<Process, { readonly askedMs: number; readonly freezes: number }>();
  const fresh = (process: Process) => {
    const found = foundWell.get(process);
    return found?.freezes === process.freezes && facts.engine.nowMs - found.askedMs < 2 * cacheTtlMs - 1;
  };
  /** Calls that wait for their admission, and since when: for the store, or in line before a full bulkhead. */
  const waiting = new Map<Process, Map<Call, number>>();
  const waitingIn = (process: Process) => {
    const calls = waiting.get(process) ?? new Map<Call, number>();
    waiting.set(process, calls);
    return calls;
  };
  /** Those of them that came while all was known to be well. */
  const unhindered = new Set<Call>();
  const queues = facts.policy.maxConcurrent < Number.POSITIVE_INFINITY;
  const stirred = (process: Process) => {
    read.delete(process);
    foundWell.delete(process);
  };
  /** Takes the call from those that wait; for how long it did. */
  const waitedMs = (call: Call) => {
    const calls = waitingIn(call.process);
    const sinceMs = calls.get(call) ?? facts.engine.nowMs;
    calls.delete(call);
    return facts.engine.nowMs - sinceMs;
  };
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
      // Whoever comes to the head of a line may read for himself.
      const inLine = [...waitingIn(process).values()].some((cameMs) => cameMs < nowMs);
      if (last && !consistent && !inLine && sinceMs < cacheTtlMs - 1)
        broken('L10', process, `read again ${Math.round(sinceMs)} ms after it had read that all is well`);
      if (consistent || inLine) stirred(process);
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
        foundWell.set(process, { askedMs, freezes: last.freezes });
      } else stirred(process);
    },
    failed: (process) => stirred(process),
    rejected(call) {
      waitedMs(call);
      stirred(call.process);
    },
    full(call) {
      if (waitedMs(call) > 0) read.delete(call.process);
    },
    asks(call) {
      waitingIn(call.process).set(call, facts.engine.nowMs);
      if (fresh(call.process)) unhindered.add(call);
      else unhindered.delete(call);
    },
    admitted(call) {
      const { process } = call;
      const ms = waitedMs(call);
      if (ms > 0 && unhindered.has(call) && !queues)
        broken('L10', process, `a call waited ${ms} ms although all was known to be well`);
      if (facts.admission(call).kind !== 'ordinary') stirred(process);
      // A call that had to wait made a read of its own: the next refresh comes when it would have come.
      else if (ms > 0) read.delete(process);
    },
    ended(call, outcome) {
      const { process } = call;
      if (outcome === 'failure') failures.set(process, (failures.get(process) ?? 0) + 1);
      if (outcome === 'failure') stirred(process);
    },
  };
}
