/** The last second of a run that is under way, as the terminal shows it. */

import { type ClientFigures, clientFigures, hits } from '../measure.ts';
import { type Note, now } from '../note.ts';
import type { LedgerMode, PhaseName } from '../script.ts';
import type { RunLog } from '../stage.ts';

/** Notes arrive up to this late, so the second that is shown ended this long ago. */
export const LATE_MS = 300;

export interface PaymentView {
  readonly name: string;
  readonly pid: number;
  readonly state: string;
  /** Calls per second on the ledger, by what became of them. */
  readonly ok: number;
  readonly failed: number;
  readonly rejected: number;
}

export interface View {
  readonly phase: PhaseName | 'warm-up';
  readonly ledger: LedgerMode;
  readonly elapsedMs: number;
  readonly client: ClientFigures;
  /** Payment processes in service. */
  readonly payments: readonly PaymentView[];
  /** Calls that hit the failing ledger, since the start of the run. */
  readonly hits: number;
  readonly storeCalls: number;
}

export function viewOf(log: RunLog): View {
  const to = now() - LATE_MS;
  const recent = (notes: readonly Note[]) => {
    // Notes come in about the order of their ends: the last ones are enough.
    const tail = notes.slice(-4_000);
    return tail.filter((note) => note.endedAt > to - 1_000 && note.endedAt <= to);
  };
  const phase = log.phases.at(-1);
  const began = log.phases[0]?.fromMs;
  return {
    phase: phase?.name ?? 'warm-up',
    ledger: phase?.ledger ?? 'healthy',
    elapsedMs: began === undefined ? 0 : now() - began,
    client: clientFigures(recent(log.client)),
    payments: log.payments
      .filter((child) => !child.gone)
      .map((child) => {
        const notes = recent(child.notes);
        const ok = notes.filter((note) => note.outcome === 'ok').length;
        const rejected = notes.filter((note) => note.outcome === 'rejected').length;
        const failed = notes.length - ok - rejected;
        return { name: child.name, pid: child.pid, state: child.state, ok, failed, rejected };
      }),
    hits: hits(log),
    storeCalls: log.storeCalls.filter((call) => call.at > to - 1_000 && call.at <= to).length,
  };
}
