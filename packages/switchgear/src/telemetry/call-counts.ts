/** Calls of a process, counted by circuit and outcome since somebody began to count. */

import type { CallOutcome } from '../circuit/ended-call.ts';
import type { Switchgear } from '../switchgear.ts';

export type Counts = Readonly<Record<CallOutcome, number>>;

const NONE: Counts = { success: 0, slow: 0, failure: 0, ignored: 0, rejected: 0, 'bulkhead-full': 0 };

export const OUTCOMES = Object.keys(NONE) as readonly CallOutcome[];

export class CallCounts {
  readonly #counts = new Map<string, Record<CallOutcome, number>>();
  /** Ends the counting. */
  readonly stop: () => void;

  constructor(gear: Switchgear) {
    this.stop = gear.onCall(({ circuit, outcome }) => {
      let counts = this.#counts.get(circuit);
      if (!counts) {
        counts = { ...NONE };
        this.#counts.set(circuit, counts);
      }
      counts[outcome]++;
    });
  }

  /** Zeros for a circuit without a call: a series that begins with its first failure hides that failure from every rate. */
  of(circuit: string): Counts {
    return this.#counts.get(circuit) ?? NONE;
  }
}
