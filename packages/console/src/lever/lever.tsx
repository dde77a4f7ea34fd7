/** The demo's lever: breaks and mends the dependency behind the circuit. Only where the server announces one. */

import { useEffect, useState } from 'preact/hooks';
import { type ControlApi, failureWords } from '../api/control-api.ts';

/** What the demo says and takes. */
interface Ledger {
  readonly mode: string;
  readonly modes: readonly { readonly mode: string; readonly label: string }[];
}

export function Lever({ api, path }: { readonly api: ControlApi; readonly path: string }) {
  const [ledger, setLedger] = useState<Ledger>();
  const [problem, setProblem] = useState<string>();
  const pull = (mode?: string) =>
    api.lever<Ledger>(path, mode === undefined ? undefined : { mode }).then(
      (answer) => {
        setLedger(answer);
        setProblem(undefined);
      },
      (error: unknown) => setProblem(failureWords(error)),
    );
  // Read once; from then on each pull answers with how it is.
  useEffect(() => void pull(), []);
  if (!ledger) return null;
  return (
    <fieldset class="lever">
      <legend>The demo’s ledger</legend>
      {ledger.modes.map(({ mode, label }) => (
        <button
          key={mode}
          type="button"
          data-mode={mode}
          aria-pressed={ledger.mode === mode}
          onClick={() => void pull(mode)}
        >
          {label}
        </button>
      ))}
      {problem && (
        <span class="problem" role="alert">
          {problem}
        </span>
      )}
    </fieldset>
  );
}

/** Where the demo's lever is, if this server has one: asked once, when the page is live. */
export function useLever(api: ControlApi, live: boolean): string | undefined {
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
