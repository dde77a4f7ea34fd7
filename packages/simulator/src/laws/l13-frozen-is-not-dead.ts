import type { Process } from '../engine/process.ts';
import type { Call } from '../world/traffic.ts';
import type { Facts } from './facts.ts';
import type { Timing } from './judge.ts';
import type { Law, Verdict } from './law.ts';

/** The library looks at its timers once in a second, and takes up to half a second for an event loop that is busy. */
const PAUSE_MS = 1_500;

/**
 * L13: a call is decided by what was asked for lately, however long the process slept; frozen time times nothing out; and
 * where nothing runs after a call, its failure has been reported before it is over.
 */
export function frozenIsNotDead(
  facts: Facts,
  broken: Verdict,
  { maxStale, storeTimeout, awaitReports }: Timing,
): Law {
  const askedMs = new Map<Call, number>();
  const endedMs = new Map<Call, number>();
  /** When an answer came too late for its process. */
  const lateMs = new Map<Process, number>();
  /** Time that a process had run when it sent the report that is under way. */
  const underWay = new Map<Process, number>();
  return {
    asks(call) {
      askedMs.set(call, facts.engine.nowMs);
    },
    admitted(call) {
      const known = facts.known(call.process);
      // What was asked before a freeze may be answered, or be given up, after it: then the store counts as away.
      if (known.pending > 0 || known.failedMs >= known.askedMs) return;
      const ageMs = (askedMs.get(call) ?? 0) - Math.max(known.askedMs, known.requestedMs);
      if (ageMs > maxStale + storeTimeout + 1)
        broken(
          'L13',
          call.process,
          `admitted a call ${Math.round(ageMs)} ms after it had last asked the store`,
        );
    },
    ended(call) {
      endedMs.set(call, call.process.upMs);
      if (!call.givenUp) return;
      const { upMs, freezes } = facts.admission(call);
      const ranMs = call.process.upMs - upMs + PAUSE_MS * (call.process.freezes - freezes);
      if (ranMs < facts.policy.timeout - 2)
        broken(
          'L13',
          call.process,
          `timed a call out after ${Math.round(ranMs)} ms of ${facts.policy.timeout}`,
        );
    },
    sent(process, write) {
      if (write.verb === 'report') underWay.set(process, process.upMs);
    },
    told(process, _, askedMs, source) {
      if (facts.engine.nowMs - askedMs > storeTimeout) lateMs.set(process, facts.engine.nowMs);
      if (source === 'write') underWay.delete(process);
    },
    failed: (process) => underWay.delete(process),
    settled(call) {
      if (!awaitReports) return;
      const { part, kind, status, atMs } = facts.admission(call);
      const { latest, failedMs, pending } = facts.known(call.process);
      // A store that has failed the process in this call is not waited for again.
      const troubledMs = Math.max(failedMs, lateMs.get(call.process) ?? 0);
      const well = pending <= 1 && troubledMs < atMs - storeTimeout;
      const present = latest?.epoch.id === status.epoch.id;
      const tookMs = call.process.upMs - (endedMs.get(call) ?? 0);
      if (tookMs > storeTimeout + 1)
        broken('L13', call.process, `waited ${Math.round(tookMs)} ms behind a call`);
      if (kind !== 'ordinary' || !present || !well || part.moved) return;
      // Its own report: sent when it ended.
      const own = underWay.get(call.process) === endedMs.get(call);
      if (own && tookMs < storeTimeout - 1)
        broken('L13', call.process, 'a failed call was over while its report was under way');
    },
  };
}
