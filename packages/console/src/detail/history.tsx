/** The timeline of a circuit: each transition with its reason, newest first. */

import type { Circuit, HistoryEntry } from '@switchgear/cli/control-api';
import { Glyph } from '../board/glyph.tsx';
import { reasonOf, sentence } from '../words/circuit.ts';
import { labelOf } from '../words/state.ts';
import { shown } from '../words/text.ts';
import { duration, moment, timeZone } from '../words/time.ts';
import type { TransitionHistory } from './use-history.ts';

export interface HistoryProps {
  readonly history: TransitionHistory;
  readonly circuit: Circuit;
  readonly nowMs: number;
}

export function History({ history, circuit: { override }, nowMs }: HistoryProps) {
  return (
    <section class="history" aria-label="Timeline">
      <h3>
        Timeline <span class="quiet">times in {timeZone(nowMs)}</span>
      </h3>
      {history === undefined && <p class="quiet">Reading …</p>}
      {history && 'problem' in history && (
        <p class="problem">The history could not be read: {history.problem}</p>
      )}
      {Array.isArray(history) && history.length === 0 && !override && <p class="quiet">No transition yet.</p>}
      {Array.isArray(history) && (
        <ol>
          {override && <ByHand override={override} nowMs={nowMs} />}
          {history.map((entry, i) => (
            <Entry key={entry.epoch.id} entry={entry} untilMs={history[i - 1]?.atMs} nowMs={nowMs} />
          ))}
        </ol>
      )}
    </section>
  );
}

/** What an operator put above the transitions: it is none itself, and of those that ended only the transition after tells. */
function ByHand({
  override,
  nowMs,
}: {
  readonly override: NonNullable<Circuit['override']>;
  readonly nowMs: number;
}) {
  const { mode, by, reason, atMs, untilMs } = override;
  return (
    <li data-state={mode}>
      <Glyph state={mode} />
      <div>
        <p class="entry-head">
          <time dateTime={new Date(atMs).toISOString()}>{moment(atMs, nowMs)}</time> <b>{labelOf(mode)}</b>
          <span class="quiet">
            {untilMs === undefined ? 'until released' : `until ${moment(untilMs, nowMs)}`}
          </span>
        </p>
        <p>“{shown(reason)}”</p>
        <p class="quiet">by {shown(by)}</p>
      </div>
    </li>
  );
}

interface EntryProps {
  readonly entry: HistoryEntry;
  /** When the state that it began was over; absent: it is not. */
  readonly untilMs: number | undefined;
  readonly nowMs: number;
}

function Entry({ entry, untilMs, nowMs }: EntryProps) {
  const { from, to, atMs, by, note } = entry;
  return (
    <li data-state={to}>
      <Glyph state={to} />
      <div>
        <p class="entry-head">
          <time dateTime={new Date(atMs).toISOString()}>{moment(atMs, nowMs)}</time>{' '}
          <span>
            {labelOf(from)} → <b>{labelOf(to)}</b>
          </span>
          <span class="quiet">
            {untilMs === undefined ? 'until now, ' : ''}
            {duration((untilMs ?? nowMs) - atMs)}
          </span>
        </p>
        <p>{sentence(reasonOf(entry))}</p>
        <p class="quiet">
          by {shown(by)}
          {note ? `: “${shown(note)}”` : ''}
        </p>
      </div>
    </li>
  );
}
