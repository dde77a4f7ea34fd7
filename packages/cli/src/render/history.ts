/** The past of a circuit: its transitions, and what operators did with it. */

import type { HistoryEntry, OperatorAct, StoredPolicy } from 'switchgear';
import { whyMoved } from './circuits.ts';
import { type Cell, columns } from './columns.ts';
import { printable } from './printable.ts';
import type { Style } from './style.ts';
import { moment } from './time.ts';

/** The latest `limit` of both as one table, newest first. */
export function historyTable(
  transitions: readonly HistoryEntry[],
  acts: readonly OperatorAct[],
  limit: number,
  style: Style,
  width?: number,
): string {
  const head = ['WHEN', 'EPOCH', 'WHAT', 'WHY'].map((text) => ({ text, paint: style.bold }));
  const moves = transitions.map((entry): readonly [number, Cell[]] => [
    entry.atMs,
    [
      { text: `${entry.epoch.number}` },
      { text: `${entry.from} → ${entry.to}`, paint: (text) => style.state(entry.to, text) },
      { text: whyMoved(entry) },
    ],
  ]);
  const done = acts.map((act): readonly [number, Cell[]] => [
    act.atMs,
    [{ text: '–' }, { text: whatWasDone(act), paint: style.bold }, { text: whyDone(act) }],
  ]);
  const rows = [...moves, ...done].sort(([a], [b]) => b - a).slice(0, limit);
  return columns([head, ...rows.map(([atMs, cells]) => [{ text: moment(atMs) }, ...cells])], width);
}

/** `forced-open until …`, `released from forced-open`, `resetTimeout=30000`. */
export function whatWasDone(act: OperatorAct): string {
  if (act.kind === 'policy') return printable(settingsText(act));
  const { mode, atMs, untilMs } = act;
  if (untilMs === atMs) return `released from ${mode}`;
  return untilMs === undefined ? mode : `${mode} until ${moment(untilMs)}`;
}

export function settingsText({ values }: Pick<StoredPolicy, 'values'>): string {
  const pairs = Object.entries(values).map(([key, value]) => `${key}=${value}`);
  return pairs.join(' ') || 'no settings';
}

export function whyDone({ reason, by }: OperatorAct): string {
  return printable(`${reason} (${by})`);
}
