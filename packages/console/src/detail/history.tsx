/** The timeline of a circuit: transitions with their reasons, and what operators did, newest first. */

import type { HistoryEntry } from '@switchgear/cli/control-api';
import type { ComponentChildren } from 'preact';
import { Glyph } from '../board/glyph.tsx';
import { settingsText } from '../what-if/settings.ts';
import { reasonOf, sentence } from '../words/circuit.ts';
import { labelOf, type State } from '../words/state.ts';
import { shown } from '../words/text.ts';
import { duration, moment, timeZone } from '../words/time.ts';
import { atMsOf, type Happening } from './timeline.ts';

export interface HistoryProps {
  /** Newest first; `undefined` until it is read. */
  readonly timeline: readonly Happening[] | undefined;
  readonly problem: string | undefined;
  readonly nowMs: number;
}

export function History({ timeline, problem, nowMs }: HistoryProps) {
  return (
    <section class="history" aria-label="Timeline">
      <h3>
        Timeline <span class="quiet">times in {timeZone(nowMs)}</span>
      </h3>
      {problem !== undefined && <p class="problem">The history could not be read: {problem}</p>}
      {problem === undefined && timeline === undefined && <p class="quiet">Reading …</p>}
      {timeline?.length === 0 && <p class="quiet">No transition yet.</p>}
      <ol>
        {timeline?.map((happening) => (
          <Entry key={keyOf(happening)} happening={happening} nowMs={nowMs} />
        ))}
      </ol>
    </section>
  );
}

interface EntryProps {
  readonly happening: Happening;
  readonly nowMs: number;
}

function Entry({ happening, nowMs }: EntryProps) {
  // What changes no state is drawn as none.
  const line = (
    drawn: State | undefined,
    head: ComponentChildren,
    after: string,
    words: string,
    by: string,
  ) => {
    const atMs = atMsOf(happening);
    return (
      <li data-state={drawn}>
        {drawn ? <Glyph state={drawn} /> : <span />}
        <div>
          <p class="entry-head">
            <time dateTime={new Date(atMs).toISOString()}>{moment(atMs, nowMs)}</time> <span>{head}</span>
            <span class="quiet">{after}</span>
          </p>
          {words && <p>{words}</p>}
          <p class="quiet">by {by}</p>
        </div>
      </li>
    );
  };
  if (happening.kind === 'transition') {
    const { entry, endMs } = happening;
    const { from, to, atMs, by, note } = entry;
    const lasted = `${endMs === undefined ? 'until now, ' : ''}${duration((endMs ?? nowMs) - atMs)}`;
    const head = (
      <>
        {labelOf(from)} → <b>{labelOf(to)}</b>
      </>
    );
    return line(to, head, lasted, sentence(reasonOf(entry)), authorText(by, note));
  }
  const { by, reason } = happening.act;
  const said = `“${shown(reason)}”`;
  if (happening.kind === 'policy') {
    const values = settingsText(happening.act.values);
    return line(undefined, <b>{values ? 'Settings' : 'Settings removed'}</b>, values, said, shown(by));
  }
  if (happening.kind === 'release') return line(undefined, <b>Released</b>, '', said, shown(by));
  const until = happening.endMs === undefined ? 'until released' : `until ${moment(happening.endMs, nowMs)}`;
  return line(happening.act.mode, <b>{labelOf(happening.act.mode)}</b>, until, said, shown(by));
}

function keyOf(happening: Happening): string {
  if (happening.kind === 'transition') return happening.entry.epoch.id;
  return `${happening.act.kind} ${happening.act.version} ${happening.act.atMs}`;
}

function authorText(by: string, note: HistoryEntry['note']): string {
  return `${shown(by)}${note ? `: “${shown(note)}”` : ''}`;
}
