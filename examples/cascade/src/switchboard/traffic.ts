/** What the payment fleet let through to the ledger, how much of it failed, and what it turned away: the store knows of failures alone. */

import { now } from '../note.ts';
import { LATE_MS } from '../show/view.ts';
import type { RunLog } from '../stage.ts';

interface Traffic {
  readonly admitted: number;
  readonly rejected: number;
  readonly failed: number;
  readonly processes: number;
}

/** @returns what counts the calls since it was last asked. */
export function trafficOf({ payments }: RunLog): () => Traffic {
  let fromMs = now() - LATE_MS;
  return () => {
    const toMs = now() - LATE_MS;
    const notes = payments.flatMap((child) =>
      child.notes.filter(({ endedAt }) => endedAt > fromMs && endedAt <= toMs),
    );
    fromMs = toMs;
    const rejected = notes.filter(({ outcome }) => outcome === 'rejected').length;
    const admitted = notes.length - rejected;
    const failed = admitted - notes.filter(({ outcome }) => outcome === 'ok').length;
    return { admitted, rejected, failed, processes: payments.length };
  };
}
