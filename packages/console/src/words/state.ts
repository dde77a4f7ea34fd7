/** What each state is called, and what it means for calls. A state is told by its word and its glyph; colour only helps. */

import type { Circuit } from '@switchgear/cli/control-api';

export type State = Circuit['state'];

interface StateWords {
  readonly label: string;
  /** What becomes of calls, as a sentence. */
  readonly meaning: string;
  /** Which of the board's groups it is in. */
  readonly group: Group;
}

/** Groups of the board, what needs a person first. */
export const GROUPS = ['open', 'probing', 'overridden', 'closed'] as const;
export type Group = (typeof GROUPS)[number];

export const GROUP_LABELS: Readonly<Record<Group, string>> = {
  open: 'Open',
  probing: 'Recovering',
  overridden: 'By hand',
  closed: 'Closed',
};

export const STATES: Readonly<Record<State, StateWords>> = {
  open: { label: 'Open', group: 'open', meaning: 'Calls are rejected until a probe succeeds.' },
  'half-open': {
    label: 'Half-open',
    group: 'probing',
    meaning: 'Single probe calls test the dependency; all other calls are rejected.',
  },
  ramp: { label: 'Ramping up', group: 'probing', meaning: 'A growing share of the calls goes through.' },
  'forced-open': {
    label: 'Forced open',
    group: 'overridden',
    meaning: 'All calls are rejected, and nothing probes, until it ends.',
  },
  'forced-closed': {
    label: 'Forced closed',
    group: 'overridden',
    meaning: 'All calls go through, whatever fails, until it ends.',
  },
  disabled: {
    label: 'Disabled',
    group: 'overridden',
    meaning: 'The breaker stands aside: all calls go through until it ends.',
  },
  closed: { label: 'Closed', group: 'closed', meaning: 'All calls go through.' },
};

/** A version of the library newer than this page may have states that it does not know. */
export function labelOf(state: State): string {
  return STATES[state]?.label ?? state;
}
