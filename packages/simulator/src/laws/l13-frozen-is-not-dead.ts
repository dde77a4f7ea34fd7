import type { Call } from '../world/traffic.ts';
import type { Facts } from './facts.ts';
import type { Timing } from './judge.ts';
import type { Law, Verdict } from './law.ts';

/** The library looks at its timers once in a second, and takes up to half a second for an event loop that is busy. */
const PAUSE_MS = 1_500;

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
    settled(call) {
      if (!awaitReports) return;
      const tookMs = call.process.upMs - (endedMs.get(call) ?? 0);
      if (tookMs > storeTimeout + 1)
        broken('L13', call.process, `waited ${Math.round(tookMs)} ms behind a call`);
    },
  };
}
