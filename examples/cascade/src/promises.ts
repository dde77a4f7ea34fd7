/** What the shared breaker must have done in its run. */

import type { Figures } from './measure.ts';
import { CACHE_TTL_MS, RESET_TIMEOUT_MS, TIMEOUT_MS } from './settings.ts';

/** Time for the scheduler of a busy machine; the fleet's processes share its cores. */
const SLACK_MS = 1_000;

/** @returns what was not kept, in words; empty if all is well. `outageMs`: how long the ledger failed. */
export function brokenPromises(shared: Figures, outageMs: number): string[] {
  const { protectedAfterMs, probes, probesAtOnce, recoveredAfterMs } = shared;
  const broken: string[] = [];
  // What was in flight at the trip ends within a timeout; after that everybody knows within a refresh.
  const protectedWithin = TIMEOUT_MS + CACHE_TTL_MS + SLACK_MS;
  if (protectedAfterMs === null) broken.push('not contained: the fleet was never protected');
  else if (protectedAfterMs > protectedWithin)
    broken.push(
      `not contained: protected after ${Math.round(protectedAfterMs)} ms, allowed are ${protectedWithin} ms`,
    );

  if (probes !== null && probesAtOnce !== null) {
    // One per open time at most, and the one that finds the ledger healthy.
    const allowed = Math.ceil(outageMs / RESET_TIMEOUT_MS) + 1;
    if (probes > allowed)
      broken.push(
        `not contained: ${probes} calls reached the ledger after the fleet was protected, allowed are ${allowed}`,
      );
    if (probes === 0) broken.push('not probed: no call tried whether the ledger is back');
    if (probesAtOnce > 1) broken.push(`not one probe at a time: ${probesAtOnce} at once`);
  }
  if (recoveredAfterMs === null) broken.push('not closed again: calls still failed at the end of the run');
  return broken;
}
