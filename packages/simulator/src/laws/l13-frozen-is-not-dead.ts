import type { Process } from '../engine/process.ts';
import type { Call } from '../world/traffic.ts';
import type { Facts } from './facts.ts';
import type { Timing } from './judge.ts';
import type { Law, Verdict } from './law.ts';

/** The library looks at its timers once in a second, and takes up to half a second for an event loop that is busy. */
const PAUSE_MS = 1_500;
/** For so long of its own time after it had trouble with the store, a process may not wait for it. */
const TROUBLED_MS = 20_000;

/**
 * L13: a call is decided by what was asked for lately, however long the process slept; frozen time times nothing out; and
 * where a call waits for its report, it does so within the store's budget.
 */
export function frozenIsNotDead(
  facts: Facts,
  broken: Verdict,
  { maxStale, storeTimeout, awaitReports }: Timing,
): Law {
  const askedMs = new Map<Call, number>();
  const endedMs = new Map<Call, number>();
  /** Processes that wait for the answer to a write. */
  const writing = new Set<Process>();
  /** When, by its own time, the store last did a process no good: it said no, or nothing within the budget. */
  const troubledMs = new Map<Process, number>();
  const trouble = (process: Process) => troubledMs.set(process, process.upMs);
  /** The call that ended last, and during which event. */
  let last: { readonly call: Call; readonly event: number } | undefined;
  /** When calls failed of which the store was told at once, and of nothing else. */
  const toldMs = new Map<Call, number>();
  /** Whether the process is done with a call that failed, while the answer to the report of it is due. */
  const abandons = (call: Call) => {
    const { nowMs } = facts.engine;
    const inTime = nowMs - (toldMs.get(call) ?? Number.NEGATIVE_INFINITY) < storeTimeout - 1;
    const { upMs } = call.process;
    const well = upMs - (troubledMs.get(call.process) ?? Number.NEGATIVE_INFINITY) > TROUBLED_MS;
    return inTime && well && writing.has(call.process) && facts.known(call.process).pending === 1;
  };
  return {
    sent(process) {
      const behind = last?.call.process === process && last.event === facts.engine.events;
      if (behind && last && !writing.has(process)) toldMs.set(last.call, facts.engine.nowMs);
      writing.add(process);
    },
    told(process, _records, askedMs, source) {
      if (source === 'write') writing.delete(process);
      if (facts.engine.nowMs - askedMs >= storeTimeout - 1 && source !== 'push') trouble(process);
    },
    failed(process) {
      trouble(process);
      writing.delete(process);
    },
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
    ended(call, outcome) {
      endedMs.set(call, call.process.upMs);
      toldMs.delete(call);
      last = outcome === 'failure' ? { call, event: facts.engine.events } : undefined;
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
    settled(call) {
      if (!awaitReports) return;
      const { process } = call;
      const tookMs = process.upMs - (endedMs.get(call) ?? 0);
      if (abandons(call))
        broken(
          'L13',
          process,
          `was done with a call ${Math.round(tookMs)} ms after it, before its report was answered`,
        );
      if (tookMs > storeTimeout + 1)
        broken('L13', call.process, `waited ${Math.round(tookMs)} ms behind a call`);
    },
  };
}
