/** One circuit: what is the matter, what comes next, and what can be done. */

import type { Circuit } from '@switchgear/cli/control-api';
import { useEffect, useRef } from 'preact/hooks';
import { ACT_WORDS, type Act, actsFor } from '../act/acts.ts';
import type { ControlApi } from '../api/control-api.ts';
import { Glyph } from '../board/glyph.tsx';
import type { Fleet } from '../fleet/fleet.ts';
import { useNow } from '../fleet/now.ts';
import { addressOf, type Route } from '../route.ts';
import { settingsText } from '../what-if/settings.ts';
import { WhatIf } from '../what-if/what-if.tsx';
import { counted, next, why } from '../words/circuit.ts';
import { labelOf, STATES } from '../words/state.ts';
import { shown } from '../words/text.ts';
import { duration, moment } from '../words/time.ts';
import { Close } from './close.tsx';
import { History } from './history.tsx';
import { Rates } from './rates.tsx';
import { timelineOf } from './timeline.ts';
import { DETAIL_TITLE } from './title.ts';
import { useHistory } from './use-history.ts';

export interface DetailProps {
  readonly api: ControlApi;
  readonly fleet: Fleet;
  readonly circuit: Circuit;
  readonly route: Route;
  readonly act: (act: Act) => void;
}

export function Detail({ api, fleet, circuit, route, act }: DetailProps) {
  const title = useRef<HTMLHeadingElement>(null);
  const { name, state } = circuit;
  // Whoever opens it, by mouse, key or screen reader, is at its beginning.
  // Another circuit is another page.
  useEffect(() => title.current?.focus(), [name]);
  const tab = (to: Route['tab'], label: string) => (
    <a href={addressOf({ ...route, tab: to })} aria-current={route.tab === to ? 'page' : undefined}>
      {label}
    </a>
  );
  return (
    <section class="detail" aria-labelledby={DETAIL_TITLE} data-state={state}>
      <header>
        <Close href={addressOf({ ...route, circuit: undefined, tab: 'now' })} />
        <h2 id={DETAIL_TITLE} ref={title} tabIndex={-1}>
          {shown(name)}
        </h2>
        <nav aria-label="Views of this circuit">
          {tab('now', 'Now')}
          {tab('what-if', 'What if')}
        </nav>
      </header>
      {route.tab === 'now' ? (
        <Now key={name} api={api} fleet={fleet} circuit={circuit} act={act} />
      ) : (
        <WhatIf key={name} circuit={circuit} />
      )}
    </section>
  );
}

function Now({ api, fleet, circuit, act }: Omit<DetailProps, 'route'>) {
  const nowMs = useNow(fleet);
  const told = useHistory(api, circuit, fleet.pictures);
  const timeline = told && 'transitions' in told ? timelineOf(told) : undefined;
  const { name, state, sinceMs, override, policy } = circuit;
  const since =
    sinceMs > 0 ? `since ${moment(sinceMs, nowMs)} (${duration(nowMs - sinceMs)})` : 'from the start';
  return (
    <>
      <div class="verdict">
        <Glyph state={state} />
        <div>
          <p class="verdict-state">
            <b>{labelOf(state)}</b> <span>{since}</span>
          </p>
          <p>{STATES[state]?.meaning}</p>
        </div>
      </div>
      <dl class="facts">
        {override && (
          <>
            <dt>By hand</dt>
            <dd>
              <b>{shown(override.by)}</b>: “{shown(override.reason)}”. {override.mode}, since{' '}
              {moment(override.atMs, nowMs)},{' '}
              {override.untilMs === undefined ? 'without an end' : `until ${moment(override.untilMs, nowMs)}`}
              .
            </dd>
          </>
        )}
        <dt>{override ? 'Below it' : 'Why'}</dt>
        <dd>{why(circuit)}</dd>
        <dt>Next</dt>
        <dd>{next(circuit, nowMs)}</dd>
        <dt>Counted</dt>
        <dd>{counted(circuit)}</dd>
        <dt>Settings</dt>
        <dd>
          {policy ? (
            <>
              {settingsText(policy.values)}. Stored by {shown(policy.by)}, {moment(policy.atMs, nowMs)}: “
              {shown(policy.reason)}”.
            </>
          ) : (
            'Those of the code: none are stored.'
          )}
        </dd>
      </dl>
      <div class="acts">
        {actsFor(circuit).map((each) => (
          <button key={each} type="button" data-act={each} onClick={() => act(each)}>
            {ACT_WORDS[each].label} …
          </button>
        ))}
      </div>
      <Rates points={fleet.points(name)} untilMs={fleet.sampledMs} timeline={timeline ?? []} />
      <History
        timeline={timeline}
        problem={told && 'problem' in told ? told.problem : undefined}
        nowMs={nowMs}
      />
    </>
  );
}
