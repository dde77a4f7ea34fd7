/** What the checks of all stores say alike. */

import type { StoreProblem } from './contract.ts';

/** A clock this far off is still no harm, but nobody means it, milliseconds. */
const MOST_OFF_MS = 60_000;

/** `offsetMs`: how far the store's clock is ahead of this process's. */
export function clockProblems(offsetMs: number): StoreProblem[] {
  if (Math.abs(offsetMs) <= MOST_OFF_MS) return [];
  const what = `this process's clock is ${Math.round(Math.abs(offsetMs) / 1_000)} s ${offsetMs > 0 ? 'behind' : 'ahead of'} the store's`;
  return [{ severity: 'warning', what, mend: 'set the clocks: let NTP keep them' }];
}

/** The message of a `StoreError`, taken apart again. */
export function partsOf(message: string, mend: string | undefined, otherwise: string) {
  if (mend === undefined) return { what: message, mend: otherwise };
  return { what: message.replace(`; ${mend}`, ''), mend };
}
