/** The whole page: header, board, details, and the dialogs above them. */

import type { Circuit } from '@switchgear/cli/control-api';
import { useEffect, useRef, useState } from 'preact/hooks';
import { ActDialog } from './act/act-dialog.tsx';
import { useAct } from './act/use-act.ts';
import type { ControlApi } from './api/control-api.ts';
import type { LiveFeed } from './api/live-feed.ts';
import { arrange, tally } from './board/arrange.ts';
import { Board } from './board/board.tsx';
import { FilterBar } from './board/filter-bar.tsx';
import { useSteps } from './board/use-steps.ts';
import { Detail } from './detail/detail.tsx';
import { NoDetail } from './detail/no-detail.tsx';
import type { Fleet } from './fleet/fleet.ts';
import { useChanges } from './fleet/listeners.ts';
import { Header } from './header.tsx';
import { KeyHelp } from './key-help.tsx';
import { useKeys } from './keyboard.ts';
import { Lever, useLever } from './lever/lever.tsx';
import { LiveBanner, staleness } from './live-banner.tsx';
import { SignIn } from './sign-in.tsx';
import { Unreadable } from './unreadable.tsx';
import { useRoute } from './use-route.ts';
import { labelOf } from './words/state.ts';
import { shown } from './words/text.ts';
import { moment } from './words/time.ts';

const SAID_MS = 10_000;

export interface AppProps {
  readonly api: ControlApi;
  readonly fleet: Fleet;
  readonly feed: LiveFeed;
}

export function App({ api, fleet, feed }: AppProps) {
  const { status } = useChanges(feed);
  useChanges(fleet);
  const [route, go] = useRoute();
  const [helping, setHelping] = useState(false);
  const [said, say] = useState('');
  const searchField = useRef<HTMLInputElement>(null);
  const lever = useLever(api, status.kind === 'live');

  const circuits = arrange(fleet.circuits, route);
  const counts = tally(fleet.circuits);
  const circuit = route.circuit === undefined ? undefined : fleet.circuit(route.circuit);
  const [act, setAct] = useAct(circuit?.name);
  const steps = useSteps(circuits, route.circuit);
  useEffect(() => {
    document.title = counts.open > 0 ? `(${counts.open} open) Switchboard` : 'Switchboard';
  }, [counts.open]);

  const help = () => setHelping(true);
  useKeys({
    j: () => steps.by(1),
    k: () => steps.by(-1),
    '/': () => searchField.current?.select(),
    '?': help,
    Escape: () => {
      if (route.circuit !== undefined) go({ circuit: undefined, tab: 'now' });
      else {
        go({ search: '', group: undefined });
        searchField.current?.blur();
      }
    },
  });

  // Long enough to be read, short enough not to be taken for news.
  useEffect(() => {
    const timer = setTimeout(() => say(''), SAID_MS);
    return () => clearTimeout(timer);
  }, [said]);

  const header = <Header status={status} counts={counts} total={fleet.size} help={help} />;
  const keys = helping && <KeyHelp close={() => setHelping(false)} />;
  if (status.kind === 'locked')
    return (
      <div class="page">
        {header}
        <main>
          <SignIn
            why={status.why}
            enter={(token) => {
              api.token = token;
              feed.retry();
            }}
          />
        </main>
        {keys}
      </div>
    );
  return (
    <div class="page" data-live={status.kind} data-detail={route.circuit !== undefined}>
      {header}
      <LiveBanner feed={feed} status={status} fleet={fleet} />
      <Unreadable circuits={fleet.unreadable} />
      <div class="bar">
        <FilterBar route={route} go={go} tally={counts} total={fleet.size} searchField={searchField} />
        {lever !== undefined && <Lever api={api} path={lever} />}
      </div>
      <main>
        <Board fleet={fleet} circuits={circuits} route={route} steps={steps} />
        {circuits.length === 0 && fleet.pictures > 0 && (
          <p class="nothing">
            {fleet.size === 0
              ? 'No circuit yet: each appears with its first failure, or when somebody operates it.'
              : 'No circuit fits. Esc shows all.'}
          </p>
        )}
        {circuit && <Detail api={api} fleet={fleet} circuit={circuit} route={route} act={setAct} />}
        {route.circuit !== undefined && !circuit && fleet.pictures > 0 && (
          <NoDetail route={{ ...route, circuit: route.circuit }} />
        )}
      </main>
      {circuit && act && (
        <ActDialog
          api={api}
          act={act}
          circuit={circuit}
          fleet={fleet}
          stale={staleness(status, fleet.nowMs)}
          done={(after) => say(doneWords(after, fleet.nowMs))}
          failed={say}
          close={() => setAct(undefined)}
        />
      )}
      {keys}
      <p class="said" role="status">
        {said}
      </p>
    </div>
  );
}

function doneWords({ name, state, override }: Circuit, nowMs: number): string {
  const until = override?.untilMs === undefined ? '' : ` until ${moment(override.untilMs, nowMs)}`;
  return `Done: ${shown(name)} is ${labelOf(state).toLowerCase()}${until}.`;
}
