/** What the payment fleet let through to the ledger and what it turned away: the store knows of failures alone. */

import { now } from '../note.ts';
import { LATE_MS } from '../show/view.ts';
import type { RunLog } from '../stage.ts';

/** @returns what counts the calls since it was last asked. */
export function trafficOf({ payments }: RunLog): () => { admitted: number; rejected: number } {
  let fromMs = now() - LATE_MS;
  return () => {
    const toMs = now() - LATE_MS;
    const notes = payments.flatMap((child) =>
      child.notes.filter(({ endedAt }) => endedAt > fromMs && endedAt <= toMs),
    );
    fromMs = toMs;
    const rejected = notes.filter(({ outcome }) => outcome === 'rejected').length;
    return { admitted: notes.length - rejected, rejected };
  };
}
