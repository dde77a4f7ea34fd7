/** What the page and its worker tell each other. */

import type { Results, Simulation, Timeline } from '@switchgear/simulator';

/** The calls are the same for both settings, and for none. */
export interface Question {
  readonly simulation: Omit<Simulation, 'policy' | 'strategies'>;
  readonly store: 'dynamodb' | 'redis';
  readonly now: NonNullable<Simulation['policy']>;
  readonly whatIf: NonNullable<Simulation['policy']>;
}

export interface Outcome {
  readonly results: Results;
  readonly timeline: Timeline;
}

export type Answer =
  | { readonly kind: 'progress'; readonly share: number }
  | {
      readonly kind: 'done';
      /** Since the start of the run. */
      readonly trouble: { readonly fromMs: number; readonly untilMs: number };
      readonly none: Outcome;
      readonly now: Outcome;
      readonly whatIf: Outcome;
    }
  /** Every problem of the question. */
  | { readonly kind: 'refused'; readonly problems: readonly string[] };
