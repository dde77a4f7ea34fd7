/** From what was seen to the figures of the summary. Pure: the same log gives the same figures. */

import type { StoreCall } from './embedded-store.ts';
import type { Note } from './note.ts';
import { isOutage, type LedgerMode, type PhaseName } from './script.ts';
import type { Strategy } from './strategy.ts';

/** What measuring needs of a run's log. */
export interface Seen {
  readonly strategy: Strategy;
  readonly phases: readonly {
    readonly name: PhaseName;
    readonly ledger: LedgerMode;
    readonly fromMs: number;
  }[];
  readonly endedAt: number | undefined;
  readonly client: readonly Note[];
  readonly payments: readonly { readonly notes: readonly Note[] }[];
  readonly ledgers: readonly { readonly notes: readonly Note[] }[];
  readonly storeCalls: readonly StoreCall[];
}

/** What the client of order saw of the calls that began within a span of time. */
export interface ClientFigures {
  readonly calls: number;
  readonly errors: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** `null`: it did not happen, or there is nothing to measure. Times in milliseconds. */
export interface Figures {
  readonly strategy: Strategy;
  /** Calls that the ledger received while it failed, and connections that it refused while it was dead. */
  readonly hits: number;
  readonly phases: Readonly<Partial<Record<PhaseName, ClientFigures>>>;
  /** Calls of the client that had failed when the outage began. None is due: the machine is too busy for the load. */
  readonly errorsBeforeOutage: number;
  /** All phases in which the ledger failed. */
  readonly outage: ClientFigures;
  /** From the first failed call on the ledger to the moment when the last payment process rejected its first call. */
  readonly protectedAfterMs: number | null;
  /** Calls on the ledger begun from then on until the first of them succeeded, that one included. */
  readonly probes: number | null;
  /** The most of these that were under way at the same moment, in the whole fleet. */
  readonly probesAtOnce: number | null;
  /** From the ledger being healthy to the start of the last call that failed for the client. */
  readonly recoveredAfterMs: number | null;
  /** Requests that reached the store (on the user's own: verbs that were called), per 1 000 calls of the client: the whole run, and its healthy beginning. */
  readonly storeCallsPer1000: number | null;
  readonly storeCallsPer1000WhileHealthy: number | null;
  /** Writes among those of the healthy beginning. */
  readonly storeWritesWhileHealthy: number | null;
}

/** Success must have lasted this long at the end of a run to count as recovered. */
const STEADY_MS = 500;

export function measure(seen: Seen): Figures {
  const endMs = seen.endedAt ?? Number.POSITIVE_INFINITY;
  const spans = seen.phases.map((phase, i) => ({ ...phase, toMs: seen.phases[i + 1]?.fromMs ?? endMs }));
  const within = (note: { startedAt: number }, fromMs: number, toMs: number) =>
    note.startedAt >= fromMs && note.startedAt < toMs;
  const outage = spans.filter((span) => isOutage(span.name));
  const protectedAt = protection(seen);
  const probes = protectedAt && probesAfter(seen, protectedAt.atMs);
  const healthyFrom = spans[0]?.fromMs ?? 0;
  const healthyTo = spans[0]?.toMs ?? 0;
  const early = seen.storeCalls.filter((call) => call.at >= healthyFrom && call.at < healthyTo);
  const earlyCalls = seen.client.filter((note) => within(note, healthyFrom, healthyTo)).length;
  const hasStore = seen.strategy === 'shared';

  return {
    strategy: seen.strategy,
    hits: hits(seen),
    phases: Object.fromEntries(
      spans.map(({ name, fromMs, toMs }) => [
        name,
        clientFigures(seen.client.filter((n) => within(n, fromMs, toMs))),
      ]),
    ),
    errorsBeforeOutage: seen.client.filter(
      (n) => n.outcome !== 'ok' && n.startedAt >= healthyFrom && n.endedAt < healthyTo,
    ).length,
    outage: clientFigures(
      seen.client.filter((n) => outage.some((span) => within(n, span.fromMs, span.toMs))),
    ),
    protectedAfterMs: protectedAt ? protectedAt.atMs - protectedAt.firstFailureMs : null,
    probes: probes ? probes.length : null,
    probesAtOnce: probes ? mostAtOnce(probes) : null,
    recoveredAfterMs: recovery(seen, endMs),
    storeCallsPer1000: hasStore ? (1_000 * seen.storeCalls.length) / seen.client.length : null,
    storeCallsPer1000WhileHealthy: hasStore ? (1_000 * early.length) / earlyCalls : null,
    storeWritesWhileHealthy: hasStore ? early.filter((call) => call.write).length : null,
  };
}

/** What the ledger itself counted as received while it failed, and what the callers saw refused: nobody else can. */
export function hits({ ledgers, payments }: Pick<Seen, 'ledgers' | 'payments'>): number {
  const received = ledgers.flatMap(({ notes }) => notes).filter((note) => note.outcome !== 'ok');
  const refused = payments.flatMap(({ notes }) => notes).filter((note) => note.outcome === 'refused');
  return received.length + refused.length;
}

/** Of the processes that were there when it began to fail: one that starts later has not seen it. */
function protection({ payments, phases }: Seen): { firstFailureMs: number; atMs: number } | undefined {
  const outageAt = phases.find((phase) => isOutage(phase.name))?.fromMs ?? Number.POSITIVE_INFINITY;
  const fleet = payments.filter(({ notes }) => notes.some((note) => note.startedAt < outageAt));
  const since = (notes: readonly Note[]) => notes.filter((note) => note.endedAt >= outageAt);
  const failures = fleet
    .flatMap(({ notes }) => since(notes))
    .filter((note) => note.outcome !== 'ok' && note.outcome !== 'rejected');
  const firstRejections = fleet.map(({ notes }) => {
    const rejections = since(notes).filter((note) => note.outcome === 'rejected');
    return Math.min(...rejections.map((note) => note.startedAt));
  });
  const atMs = Math.max(...firstRejections);
  if (!Number.isFinite(atMs)) return undefined;
  // A breaker that was open already, on a machine too busy to answer, protected from the start.
  return { firstFailureMs: Math.min(atMs, ...failures.map((note) => note.endedAt)), atMs };
}

/** Judged by what was called, not by what the breaker says: whatever still goes out once all reject is a probe. */
function probesAfter({ payments }: Seen, atMs: number): Note[] {
  const calls = payments
    .flatMap(({ notes }) => notes)
    .filter((note) => note.outcome !== 'rejected' && note.startedAt > atMs);
  const firstSuccess = Math.min(...calls.filter((note) => note.outcome === 'ok').map((note) => note.endedAt));
  return calls.filter((note) => note.startedAt < firstSuccess);
}

/** The largest number of `notes` whose spans of time share a moment. */
export function mostAtOnce(notes: readonly Note[]): number {
  const edges = notes.flatMap((note) => [
    { at: note.startedAt, step: 1 },
    { at: note.endedAt, step: -1 },
  ]);
  // An end sorts before a start at the same moment: one after the other is not at once.
  edges.sort((a, b) => a.at - b.at || a.step - b.step);
  let running = 0;
  let most = 0;
  for (const edge of edges) {
    running += edge.step;
    most = Math.max(most, running);
  }
  return most;
}

function recovery({ phases, client }: Seen, endMs: number): number | null {
  const healthyAt = phases.find((phase) => phase.name === 'recovery')?.fromMs;
  if (healthyAt === undefined) return null;
  const errors = client.filter((note) => note.outcome !== 'ok' && note.startedAt >= healthyAt);
  const lastError = Math.max(healthyAt, ...errors.map((note) => note.startedAt));
  return endMs - lastError >= STEADY_MS ? lastError - healthyAt : null;
}

export function clientFigures(notes: readonly Note[]): ClientFigures {
  const durations = notes.map((note) => note.endedAt - note.startedAt).sort((a, b) => a - b);
  return {
    calls: notes.length,
    errors: notes.filter((note) => note.outcome !== 'ok').length,
    p50Ms: quantile(durations, 0.5),
    p99Ms: quantile(durations, 0.99),
  };
}

/** Of sorted values, the smallest one that a share `q` of them does not exceed. */
function quantile(sorted: readonly number[], q: number): number {
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? 0;
}
