/** The whole page: header, board, details, and the dialogs above them. */

import type { Circuit } from '@switchgear/cli/control-api';
import { useEffect, useRef, useState } from 'preact/hooks';
import { ActDialog } from './act/act-dialog.tsx';
import type { Act } from './act/acts.ts';
import type { ControlApi } from './api/control-api.ts';
import type { LiveFeed } from './api/live-feed.ts';
import { arrange, tally } from './board/arrange.ts';
import { Board } from './board/board.tsx';
import { FilterBar } from './board/filter-bar.tsx';
import { tileId } from './board/tile.tsx';
import { Detail } from './detail/detail.tsx';
import type { Fleet } from './fleet/fleet.ts';
import { useChanges } from './fleet/listeners.ts';
import { Header } from './header.tsx';
import { KeyHelp } from './key-help.tsx';
import { useKeys } from './keyboard.ts';
import { Lever } from './lever/lever.tsx';
import { LiveBanner, staleness } from './live-banner.tsx';
import { SignIn } from './sign-in.tsx';
import { useRoute } from './use-route.ts';
import { plural } from './words/numbers.ts';
import { STATES } from './words/state.ts';
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
  const [cursor, setCursor] = useState<string>();
  const [act, setAct] = useState<Act>();
  const [helping, setHelping] = useState(false);
  const [said, say] = useState('');
  const searchField = useRef<HTMLInputElement>(null);
  const lever = useLever(api, status.kind === 'live');

  const circuits = arrange(fleet.circuits, route);
  const counts = tally(fleet.circuits);
  const circuit = route.circuit === undefined ? undefined : fleet.circuit(route.circuit);
  useEffect(() => {
    document.title = counts.open > 0 ? `(${counts.open} open) Switchboard` : 'Switchboard';
  }, [counts.open]);

  // Back on the board, the keyboard is where it came from.
  const left = useRef<string>(undefined);
  useEffect(() => {
    if (route.circuit === undefined && left.current !== undefined)
      document.getElementById(tileId(left.current))?.focus();
    left.current = route.circuit;
  }, [route.circuit]);

  const step = (by: number) => {
    const at = circuits.findIndex(({ name }) => name === cursor);
    const to = circuits[at < 0 ? 0 : Math.min(circuits.length - 1, Math.max(0, at + by))];
    setCursor(to?.name);
  };
  useKeys({
    j: () => step(1),
    k: () => step(-1),
    '/': () => searchField.current?.select(),
    '?': () => setHelping(true),
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
  const done = (after: Circuit) => {
    fleet.put(after);
    setAct(undefined);
    say(doneWords(after, fleet.nowMs));
  };

  const header = <Header status={status} counts={counts} total={fleet.size} help={() => setHelping(true)} />;
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
        <Board fleet={fleet} circuits={circuits} route={route} cursor={cursor} />
        {circuits.length === 0 && status.kind !== 'connecting' && (
          <p class="nothing">
            {fleet.size === 0
              ? 'No circuit yet: each appears with its first failure, or when somebody operates it.'
              : 'No circuit fits.'}
          </p>
        )}
        {circuit && <Detail api={api} fleet={fleet} circuit={circuit} route={route} act={setAct} />}
        {route.circuit !== undefined && !circuit && status.kind === 'live' && (
          <section class="detail">
            <p class="nothing">There is no circuit of this name: {route.circuit}</p>
          </section>
        )}
      </main>
      {circuit && act && (
        <ActDialog
          api={api}
          act={act}
          circuit={circuit}
          nowMs={() => fleet.nowMs}
          stale={staleness(status)}
          done={done}
          close={() => setAct(undefined)}
        />
      )}
      {helping && <KeyHelp close={() => setHelping(false)} />}
      <p class="said" role="status">
        {said}
      </p>
    </div>
  );
}

function doneWords({ name, state, override }: Circuit, nowMs: number): string {
  const until = override?.untilMs === undefined ? '' : ` until ${moment(override.untilMs, nowMs)}`;
  return `Done: ${name} is ${STATES[state].label.toLowerCase()}${until}.`;
}

/** Circuits that are missing on the board although they are there: silence would be a lie. */
function Unreadable({ circuits }: { readonly circuits: Fleet['unreadable'] }) {
  if (circuits.length === 0) return null;
  return (
    <div class="banner">
      <p>
        <b>{plural(circuits.length, 'circuit')} cannot be read:</b>{' '}
        {circuits.map(({ name, problem }) => `${name} (${problem})`).join('; ')}
      </p>
    </div>
  );
}

/** Where the demo's lever is, if this server has one: asked once, when the page is live. */
function useLever(api: ControlApi, live: boolean): string | undefined {
  const [lever, setLever] = useState<string>();
  useEffect(() => {
    if (live)
      api.health().then(
        ({ lever }) => setLever(lever),
        () => {},
      );
  }, [api, live]);
  return lever;
}
