/** The breaker as it is drawn: a lever between two contacts. Its shape alone tells the state. */

import type { State } from '../words/state.ts';

/** Where the lever's free end is: on the contact, half way, or up. */
const LEVERS: Readonly<Record<State, string>> = {
  closed: 'M12 24H36',
  ramp: 'M12 24H36',
  'half-open': 'M12 24 34 15',
  open: 'M12 24 30 7',
  'forced-open': 'M12 24 30 7',
  'forced-closed': 'M12 24H36',
  disabled: 'M12 24 30 7',
};

export function Glyph({ state }: { readonly state: State }) {
  const forced = state === 'forced-open' || state === 'forced-closed';
  return (
    <svg class="glyph" viewBox="0 0 48 34" aria-hidden="true" focusable="false">
      <path class="wire" d="M1 24H9M39 24H47" />
      {state === 'disabled' && <path class="wire" d="M5 24V31H43V24" />}
      <path class="lever" d={LEVERS[state] ?? LEVERS.open} />
      {state === 'half-open' && <path class="trial" d="M12 24H36" />}
      {state === 'ramp' && <path class="level" d="M18 18v-4M24 18v-8M30 18V6" />}
      <circle class="contact" cx="11" cy="24" r="3" />
      <circle class="contact" cx="37" cy="24" r="3" />
      {forced && (
        <g class="lock">
          <path d="M38 9V6.500a3 3 0 0 1 6 0V9" />
          <rect x="36.500" y="9" width="9" height="7" rx="1.500" />
        </g>
      )}
    </svg>
  );
}
