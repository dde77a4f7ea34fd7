/** Asks before an operator's act: what will happen, why it is done, how long it holds. */

import type { Circuit } from '@switchgear/cli/control-api';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { type ControlApi, failureWords, RequestRefused } from '../api/control-api.ts';
import { DETAIL_TITLE } from '../detail/title.ts';
import type { Fleet } from '../fleet/fleet.ts';
import { useNow } from '../fleet/now.ts';
import { labelOf } from '../words/state.ts';
import { shown } from '../words/text.ts';
import { moment } from '../words/time.ts';
import { ACT_WORDS, type Act, consequences, fingerprint, LENGTHS } from './acts.ts';

export interface ActDialogProps {
  readonly api: ControlApi;
  readonly act: Act;
  /** As it is now: it may change while the dialog is open. */
  readonly circuit: Circuit;
  readonly fleet: Fleet;
  /** Why what the page shows may be old; absent: it is live. */
  readonly stale: string | undefined;
  readonly done: (circuit: Circuit) => void;
  /** It was sent, the dialog was left, and then this came of it. */
  readonly failed: (words: string) => void;
  readonly close: () => void;
}

const DEFAULT_LENGTH = 1;

export function ActDialog({ api, act, circuit, fleet, stale, done, failed, close }: ActDialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  const [by, setBy] = useState(api.operator);
  const [reason, setReason] = useState('');
  const [length, setLength] = useState(DEFAULT_LENGTH);
  const [seen, setSeen] = useState(() => fingerprint(circuit));
  const [sending, setSending] = useState(false);
  const [problem, setProblem] = useState<string>();
  const here = useRef(true);
  useEffect(() => {
    dialog.current?.showModal();
    return () => {
      here.current = false;
    };
  }, []);
  const nowMs = useNow(fleet);

  const { label, confirm, lasts } = ACT_WORDS[act];
  const lasting = LENGTHS[length] ?? LENGTHS[DEFAULT_LENGTH];
  const until = lasting.ms === undefined ? undefined : `at ${moment(nowMs + lasting.ms, nowMs)}`;
  const changed = seen !== fingerprint(circuit);
  const pointless = act === 'release' && !circuit.override;

  const submit = async (event: Event) => {
    event.preventDefault();
    setSending(true);
    setProblem(undefined);
    api.operator = by.trim();
    try {
      const after = await perform(api, act, circuit, reason.trim(), lasting.for);
      fleet.answer(circuit, after);
      if (here.current) {
        dialog.current?.close();
        // The button that led here may be gone with the state that offered it.
        document.getElementById(DETAIL_TITLE)?.focus();
      }
      done(after);
    } catch (error) {
      const words = outcomeWords(error);
      if (!here.current) failed(`${label}: ${shown(circuit.name)}. ${words}`);
      setProblem(words);
      setSending(false);
    }
  };

  return (
    <dialog ref={dialog} class="act" aria-labelledby={`${id}-title`} onClose={close}>
      <form onSubmit={submit}>
        <h2 id={`${id}-title`}>
          {label}: {shown(circuit.name)}
        </h2>
        <ul class="consequences">
          {consequences(act, circuit, until).map((words) => (
            <li key={words}>{words}</li>
          ))}
        </ul>
        <label for={`${id}-by`}>Who are you?</label>
        <input
          id={`${id}-by`}
          required
          maxLength={64}
          autocomplete="off"
          value={by}
          onInput={(event) => setBy(event.currentTarget.value)}
        />
        <label for={`${id}-reason`}>Why? Stored with the circuit, shown to everybody.</label>
        <input
          id={`${id}-reason`}
          required
          maxLength={256}
          autocomplete="off"
          value={reason}
          onInput={(event) => setReason(event.currentTarget.value)}
        />
        {lasts && (
          <fieldset class="lengths">
            <legend>For how long?</legend>
            {LENGTHS.map(({ label: words }, i) => (
              <label key={words}>
                <input
                  type="radio"
                  name={`${id}-length`}
                  checked={i === length}
                  onChange={() => setLength(i)}
                />
                {words}
              </label>
            ))}
          </fieldset>
        )}
        {stale && (
          <p class="problem" role="status">
            {stale} The circuit may be in another state than shown.
          </p>
        )}
        {changed && (
          <p class="problem" role="alert">
            It changed while you were reading: {changeOf(circuit, nowMs)}{' '}
            <button type="button" onClick={() => setSeen(fingerprint(circuit))}>
              I have seen it
            </button>
          </p>
        )}
        {problem && (
          <p class="problem" role="alert">
            {problem}
          </p>
        )}
        <div class="buttons">
          <button type="button" onClick={() => dialog.current?.close()}>
            Cancel
          </button>
          <button
            type="submit"
            class="primary"
            data-act={act}
            disabled={sending || changed || pointless || by.trim() === '' || reason.trim() === ''}
          >
            {sending ? 'Sending …' : confirm}
          </button>
        </div>
      </form>
    </dialog>
  );
}

function changeOf({ state, override }: Circuit, nowMs: number): string {
  const now = `it is ${labelOf(state).toLowerCase()} now`;
  if (!override) return `${now}.`;
  return `${now}, by ${shown(override.by)} at ${moment(override.atMs, nowMs)}: “${shown(override.reason)}”.`;
}

/** What was refused was not done. Of what had no answer nobody here knows. */
function outcomeWords(error: unknown): string {
  if (error instanceof RequestRefused && error.final) return `Not done: ${error.message}`;
  return `It is not known whether this was done: ${failureWords(error)}. See how the circuit is before you try again.`;
}

/** Whoever acts says what he has seen: somebody who came in between is not overruled unseen. */
function perform(
  api: ControlApi,
  act: Act,
  { name, versions }: Circuit,
  reason: string,
  length: (typeof LENGTHS)[number]['for'],
): Promise<Circuit> {
  if (act === 'release') return api.release(name, versions.override, reason);
  if (act === 'reset') return api.reset(name, versions.override, reason);
  return api.override(name, versions.override, { mode: act, reason, ...(length && { for: length }) });
}
