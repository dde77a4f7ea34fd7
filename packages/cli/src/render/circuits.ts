/** Circuits as a table. */

import type { Unreadable } from '../circuits/read-records.ts';
import type { Circuit } from '../control-api/schemas.ts';
import { type Cell, columns } from './columns.ts';
import { printable } from './printable.ts';
import type { Style } from './style.ts';
import { span, wait } from './time.ts';

export interface CircuitsShown {
  readonly nowMs: number;
  readonly circuits: readonly Circuit[];
  readonly unreadable: readonly Unreadable[];
}

export function circuitsTable(
  { nowMs, circuits, unreadable }: CircuitsShown,
  style: Style,
  width?: number,
): string {
  const head = ['CIRCUIT', 'STATE', 'FOR', 'FAILED', 'NEXT', 'WHY'].map((text) => ({
    text,
    paint: style.bold,
  }));
  const rows = circuits.map((circuit): Cell[] => [
    { text: printable(circuit.name) },
    { text: circuit.state, paint: (text) => style.state(circuit.state, text) },
    { text: circuit.sinceMs > 0 ? span(nowMs - circuit.sinceMs) : '–' },
    { text: failed(circuit) },
    { text: next(circuit, nowMs) },
    { text: why(circuit) },
  ]);
  const bad = unreadable.map((each): Cell[] => [
    { text: printable(each.name) },
    { text: 'unreadable', paint: (text) => style.state('open', text) },
    ...['–', '–', '–'].map((text) => ({ text })),
    { text: printable(each.problem) },
  ]);
  return columns([head, ...rows, ...bad], width);
}

/** Stands below a table in which some calls are. */
export const ISOLATED =
  "isolated: a process's first failed call in the window after a good one; the fleet's ratio is judged without it";

function failed({ evidence: { calls, failures, slow, isolated }, failureRatio }: Circuit): string {
  if (calls === 0) return '–';
  const share = `${failures}/${calls} ${Math.round(failureRatio * 100)} %`;
  return `${share}${isolated > 0 ? `, ${isolated} isolated` : ''}${slow > 0 ? `, ${slow} slow` : ''}`;
}

/** What happens next, and when. */
function next({ state, override, openUntilMs, leases, retryAfterMs }: Circuit, nowMs: number): string {
  if (override)
    return override.untilMs === undefined ? 'until released' : `ends in ${wait(override.untilMs - nowMs)}`;
  if (leases.length > 0) return `probed by ${leases.map(({ by }) => printable(by)).join(', ')}`;
  if (state === 'open')
    return openUntilMs !== undefined && openUntilMs > nowMs && retryAfterMs !== 0
      ? `probes in ${wait(openUntilMs - nowMs)}`
      : 'probes with the next call';
  return state === 'half-open' ? 'probes with the next call' : '–';
}

function why({ override, ended, transition, policy }: Circuit): string {
  const parts: string[] = [];
  if (override) parts.push(printable(`${override.reason} (${override.by})`));
  else if (ended) parts.push(printable(`after ${ended.mode}: ${ended.reason} (${ended.by})`));
  else if (transition) parts.push(whyMoved(transition));
  if (policy) parts.push('has a stored policy');
  return parts.join('; ') || '–';
}

type Transition = NonNullable<Circuit['transition']>;

/** Why a transition happened and who committed it, in a line. */
export function whyMoved({ reason, note, calls, failures, lastFailure, by }: Transition): string {
  const counts = calls ? `, ${failures} of ${calls} calls failed` : '';
  return printable(`${note ?? reason}${counts}${lastFailure ? `, last ${lastFailure}` : ''} (${by})`);
}
