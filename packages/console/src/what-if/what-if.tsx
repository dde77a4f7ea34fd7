/** What would other settings have done? The simulator answers, with the circuit's own beside them. */

import type { Circuit } from '@switchgear/cli/control-api';
import { TROUBLES } from '@switchgear/simulator';
import { useState } from 'preact/hooks';
import type { Question } from './messages.ts';
import { Outcomes } from './outcomes.tsx';
import { meaningOf, otherSettings, ownSettings, policyOf, SETTINGS, type SettingTexts } from './settings.ts';
import { useSimulation } from './use-simulation.ts';

type Trouble = keyof typeof TROUBLES;

/** A fleet to begin with: the size of a small service. */
const SCENE = {
  processes: '20',
  rps: '200',
  trouble: 'outage' as Trouble,
  outage: '60',
  store: 'dynamodb' as const,
};
const TIMEOUT_MS = 2_000;

export function WhatIf({ circuit }: { readonly circuit: Circuit }) {
  const own = ownSettings(circuit);
  const [texts, setTexts] = useState<SettingTexts>(own);
  const [scene, setScene] = useState<SceneTexts>(SCENE);
  const [simulation, run, stop] = useSimulation();
  const changed = SETTINGS.filter((setting) => texts[setting] !== own[setting]);

  const submit = (event: Event) => {
    event.preventDefault();
    const others = otherSettings(circuit);
    run(questionOf(scene, { ...others, ...policyOf(own) }, { ...others, ...policyOf(texts) }));
  };
  return (
    <form class="what-if" onSubmit={submit}>
      <p class="quiet">
        The library itself, in a fleet that is simulated in this browser. Nothing here touches the real
        circuit.{' '}
        {circuit.policy
          ? 'It begins with the settings stored with the circuit'
          : 'No settings are stored with the circuit: it begins with the library’s defaults'}
        ; what only its code says is not known here.
      </p>
      <Scene scene={scene} change={(part) => setScene({ ...scene, ...part })} />
      <table class="settings">
        <thead>
          <tr>
            <th scope="col">Setting</th>
            <th scope="col">Now</th>
            <th scope="col">What if</th>
          </tr>
        </thead>
        <tbody>
          {SETTINGS.map((setting) => (
            <tr key={setting} data-changed={changed.includes(setting)}>
              <th scope="row" title={meaningOf(setting)}>
                {setting}
              </th>
              <td>{own[setting]}</td>
              <td>
                <input
                  aria-label={`${setting}: ${meaningOf(setting)}`}
                  value={texts[setting]}
                  spellcheck={false}
                  onInput={(event) => setTexts({ ...texts, [setting]: event.currentTarget.value })}
                />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <div class="buttons">
        <button type="button" disabled={changed.length === 0} onClick={() => setTexts(own)}>
          As they are
        </button>
        {simulation.kind === 'running' ? (
          // Another element than the one beside: turned into it during the click that ends a run, it would begin the next.
          <button key="stop" type="button" onClick={stop}>
            Stop
          </button>
        ) : (
          <button key="run" type="submit" class="primary">
            Simulate
          </button>
        )}
      </div>
      {simulation.kind === 'running' && (
        <progress aria-label="Simulating" max={1} value={simulation.share}>
          {Math.round(simulation.share * 100)} %
        </progress>
      )}
      {simulation.kind === 'refused' && (
        <ul class="problem" role="alert">
          {simulation.problems.map((problem) => (
            <li key={problem}>{problem}</li>
          ))}
        </ul>
      )}
      {simulation.kind === 'done' && <Outcomes {...simulation} />}
    </form>
  );
}

interface SceneTexts {
  readonly processes: string;
  readonly rps: string;
  readonly trouble: Trouble;
  /** Seconds. */
  readonly outage: string;
  readonly store: Question['store'];
}

function Scene({
  scene,
  change,
}: {
  readonly scene: SceneTexts;
  readonly change: (part: Partial<SceneTexts>) => void;
}) {
  const number = (key: 'processes' | 'rps' | 'outage', label: string, max: number) => (
    <label>
      {label}
      <input
        type="number"
        min={1}
        max={max}
        required
        value={scene[key]}
        onInput={(event) => change({ [key]: event.currentTarget.value })}
      />
    </label>
  );
  return (
    <fieldset class="scene">
      <legend>The fleet, and what goes wrong</legend>
      {number('processes', 'Processes', 500)}
      {number('rps', 'Calls per second', 5_000)}
      {number('outage', 'Seconds of trouble', 600)}
      <label>
        Store
        <select
          value={scene.store}
          onChange={(event) => change({ store: event.currentTarget.value as Question['store'] })}
        >
          <option value="dynamodb">DynamoDB</option>
          <option value="redis">Redis</option>
        </select>
      </label>
      <label class="wide">
        Trouble
        <select
          value={scene.trouble}
          onChange={(event) => change({ trouble: event.currentTarget.value as Trouble })}
        >
          {Object.entries(TROUBLES).map(([trouble, words]) => (
            <option key={trouble} value={trouble}>
              {trouble}: {words}
            </option>
          ))}
        </select>
      </label>
    </fieldset>
  );
}

function questionOf(
  { processes, rps, trouble, outage, store }: SceneTexts,
  now: Question['now'],
  whatIf: Question['whatIf'],
): Question {
  const shape = {
    processes: Number(processes),
    rps: Number(rps),
    trouble,
    outageMs: Number(outage) * 1_000,
    recoveryMs: 0,
    timeoutMs: TIMEOUT_MS,
  };
  return {
    // One seed, so that only what was changed makes a difference.
    simulation: { shape, seed: 1 },
    store,
    now,
    whatIf,
  };
}
