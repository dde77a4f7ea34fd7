/** What an operator can do to a circuit: its words, and what it will do before it is done. */

import type { Circuit } from '@switchgear/cli/control-api';
import { shown } from '../words/text.ts';

export const ACTS = ['forced-open', 'forced-closed', 'disabled', 'release', 'reset'] as const;
export type Act = (typeof ACTS)[number];

export interface ActWords {
  /** On the button that opens the dialog. */
  readonly label: string;
  /** On the button that does it. */
  readonly confirm: string;
  /** Whether it holds for a time. */
  readonly lasts: boolean;
}

export const ACT_WORDS: Readonly<Record<Act, ActWords>> = {
  'forced-open': { label: 'Force open', confirm: 'Force it open', lasts: true },
  'forced-closed': { label: 'Force closed', confirm: 'Force it closed', lasts: true },
  disabled: { label: 'Disable', confirm: 'Disable it', lasts: true },
  release: { label: 'Release', confirm: 'Release it', lasts: false },
  reset: { label: 'Reset', confirm: 'Reset it', lasts: false },
};

/** What may be done to a circuit as it is. */
export function actsFor({ override }: Circuit): readonly Act[] {
  const modes = ACTS.filter((act) => act !== override?.mode);
  return override ? modes : modes.filter((act) => act !== 'release');
}

/** What will happen, each thing a sentence. `until` says when a lasting one ends, `undefined`: never by itself. */
export function consequences(
  act: Act,
  { name, override, state }: Circuit,
  until: string | undefined,
): string[] {
  const circuit = shown(name);
  const by = override && shown(override.by);
  const replaced =
    override && ACT_WORDS[act].lasts ? [`This takes the place of what ${by} did (${override.mode}).`] : [];
  const end = (then: string) =>
    until === undefined
      ? `It has no end: it holds until somebody releases it. Then ${then}.`
      : `It ends ${until}. Then ${then}.`;
  switch (act) {
    case 'forced-open':
      return [
        `Every call to ${circuit} is rejected at once, in the whole fleet. Calls that run are not stopped.`,
        end('one probe call decides whether it closes'),
        ...replaced,
        REACH,
      ];
    case 'forced-closed':
      return [
        `Every call to ${circuit} goes through, in the whole fleet, however many fail.`,
        'Nothing trips. Failures are counted and shown.',
        end('it begins anew, closed, and may trip again'),
        ...replaced,
        REACH,
      ];
    case 'disabled':
      return [
        `The breaker of ${circuit} stands aside, in the whole fleet: every call goes through.`,
        'Nothing trips. Failures are counted and shown.',
        end('it begins anew, closed, and may trip again'),
        ...replaced,
        REACH,
      ];
    case 'release':
      if (!override) return ['Nothing is in force any more: it has ended, or somebody has released it.'];
      return [
        `Ends what ${by} did (${override.mode}).`,
        state === 'forced-open'
          ? `${circuit} becomes half-open: one probe call decides whether it closes. No rush of calls.`
          : `${circuit} begins anew, closed, and may trip again.`,
        REACH,
      ];
    case 'reset':
      return [
        `${circuit} begins anew, closed: every call goes through at once, without a probe.`,
        'What was counted is forgotten, and an override ends. The history stays.',
        REACH,
      ];
  }
}

/** `cacheTtl` as it is unless a fleet sets another, and what chance adds to it. */
const REACH =
  'Each process follows with its next refresh: at once where the store pushes, else within 5.5 s unless set otherwise.';

/** How long a lasting act may hold. An end is the rule: what nobody remembers ends by itself. */
export const LENGTHS = [
  { label: '5 minutes', for: '5m', ms: 5 * 60_000 },
  { label: '15 minutes', for: '15m', ms: 15 * 60_000 },
  { label: '1 hour', for: '1h', ms: 60 * 60_000 },
  { label: '4 hours', for: '4h', ms: 4 * 60 * 60_000 },
  { label: '24 hours', for: '24h', ms: 24 * 60 * 60_000 },
  { label: 'until released', for: undefined, ms: undefined },
] as const;

/** What must not have changed between opening a dialog and confirming it. */
export function fingerprint({ state, override, epoch }: Circuit): string {
  return JSON.stringify([state === 'closed' || state === 'ramp', override, epoch]);
}
