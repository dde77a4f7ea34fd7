/** The timeline of a circuit: each transition with its reason, newest first. */

import type { Circuit, HistoryEntry } from '@switchgear/cli/control-api';
import { useEffect, useState } from 'preact/hooks';
import type { ControlApi } from '../api/control-api.ts';
import { Glyph } from '../board/glyph.tsx';
import { reasonOf, sentence } from '../words/circuit.ts';
import { STATES } from '../words/state.ts';
import { duration, moment } from '../words/time.ts';

export interface HistoryProps {
  readonly api: ControlApi;
  readonly circuit: Circuit;
  readonly nowMs: number;
}

type Entries = readonly HistoryEntry[] | { readonly problem: string } | undefined;

export function History({ api, circuit, nowMs }: HistoryProps) {
  const { name, epoch, override } = circuit;
  const [entries, setEntries] = useState<Entries>();
  // A new epoch is a new line of the history.
  useEffect(() => {
    const asking = new AbortController();
    api.history(name, asking.signal).then(
      ({ transitions }) => setEntries(transitions),
      (error: Error) => {
        if (!asking.signal.aborted) setEntries({ problem: error.message });
      },
    );
    return () => asking.abort();
  }, [api, name, epoch.id]);

  return (
    <section class="history" aria-labelledby="history-title">
      <h3 id="history-title">Timeline</h3>
      {entries === undefined && <p class="quiet">Reading …</p>}
      {entries && 'problem' in entries && (
        <p class="problem">The history could not be read: {entries.problem}</p>
      )}
      {Array.isArray(entries) && entries.length === 0 && !override && <p class="quiet">No transition yet.</p>}
      {Array.isArray(entries) && (
        <ol>
          {override && <ByHand override={override} nowMs={nowMs} />}
          {entries.map((entry, i) => (
            <Entry key={entry.epoch.id} entry={entry} untilMs={entries[i - 1]?.atMs} nowMs={nowMs} />
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
          <time dateTime={new Date(atMs).toISOString()}>{moment(atMs, nowMs)}</time>{' '}
          <b>{STATES[mode].label}</b>
          <span class="quiet">
            {untilMs === undefined ? 'until released' : `until ${moment(untilMs, nowMs)}`}
          </span>
        </p>
        <p>“{reason}”</p>
        <p class="quiet">by {by}</p>
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
            {STATES[from].label} → <b>{STATES[to].label}</b>
          </span>
          <span class="quiet">
            {untilMs === undefined ? 'until now, ' : ''}
            {duration((untilMs ?? nowMs) - atMs)}
          </span>
        </p>
        <p>{sentence(reasonOf(entry))}</p>
        <p class="quiet">
          by {by}
          {note ? `: “${note}”` : ''}
        </p>
      </div>
    </li>
  );
}
