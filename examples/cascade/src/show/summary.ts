/** The three runs side by side. */

import type { Figures } from '../measure.ts';
import { TITLES } from '../strategy.ts';

type Row = readonly [label: string, cell: (figures: Figures) => string];

const NOTHING = '–';
const count = (value: number | null) => (value === null ? NOTHING : String(Math.round(value)));
const ms = (value: number | null, otherwise: string) =>
  value === null ? otherwise : `${Math.round(value)} ms`;

const ROWS: readonly Row[] = [
  ['calls that hit the failing ledger (1)', (f) => count(f.hits)],
  ['time until the fleet was protected (2)', (f) => ms(f.protectedAfterMs, 'never')],
  ['probes: calls on the ledger after that (3)', (f) => count(f.probes)],
  ['  most of them at once, in the whole fleet', (f) => count(f.probesAtOnce)],
  ['time until the client had recovered (4)', (f) => ms(f.recoveredAfterMs, 'never')],
  ['client: errors before the outage (5)', (f) => count(f.errorsBeforeOutage)],
  ['client: errors during the outage', (f) => `${f.outage.errors} of ${f.outage.calls}`],
  ['client: errors after it', (f) => count(f.phases.recovery?.errors ?? null)],
  ['client: p50 / p99 while the ledger was healthy', (f) => times(f.phases.healthy)],
  ['client: p50 / p99 while it was slow', (f) => times(f.phases.slow)],
  ['client: p50 / p99 while it answered 503', (f) => times(f.phases['503'])],
  ['client: p50 / p99 while it was dead', (f) => times(f.phases.dead)],
  ['client: p50 / p99 during the whole outage', (f) => times(f.outage)],
  ['store calls per 1 000 calls, whole run (6)', (f) => count(f.storeCallsPer1000)],
  ['store calls per 1 000 calls, before the outage', (f) => count(f.storeCallsPer1000WhileHealthy)],
  ['store writes before the outage', (f) => count(f.storeWritesWhileHealthy)],
];

const NOTES = `(1) received by the ledger while it was slow or answered 503, plus connections refused while it was dead
(2) from the first failed call until every payment process of that time had rejected a call
(3) begun after (2), up to the first that succeeded; half of the fleet is replaced by fresh processes meanwhile
(4) from the ledger being healthy until the last call that failed for the client
(5) none is due: where there are some, this machine is too busy for the load
(6) requests to the store (with --store: calls of its verbs); one batched read per process and cacheTtl: the fewer calls a process makes, the more of them per call

The errors are the ledger's: a breaker makes them quick and keeps calls off it; answers in their place take a fallback.`;

export function summary(figures: readonly Figures[]): string {
  const table = [
    ['', ...figures.map((f) => TITLES[f.strategy])],
    ...ROWS.map(([label, cell]) => [label, ...figures.map(cell)]),
  ];
  const widths = (table[0] ?? []).map((_, column) =>
    Math.max(...table.map((row) => row[column]?.length ?? 0)),
  );
  const line = (row: readonly string[]) =>
    row.map((text, i) => (i === 0 ? text.padEnd(widths[i] ?? 0) : text.padStart(widths[i] ?? 0))).join('  ');
  const [head = [], ...rows] = table;
  return [line(head), '─'.repeat(line(head).length), ...rows.map(line), '', NOTES].join('\n');
}

function times(figures: { readonly p50Ms: number; readonly p99Ms: number } | undefined): string {
  return figures ? `${Math.round(figures.p50Ms)} / ${Math.round(figures.p99Ms)} ms` : NOTHING;
}
