import type { Process } from '../engine/process.ts';
import type { Verb } from './modelled-store.ts';

/** What goes wrong with one request. */
export interface Trouble {
  /**
   * `lost`: it never arrives. `refused`: the store says no and has done nothing. `unanswered`: done, and nobody hears of it.
   * `broken`: done, and the caller sees an error. `late`: all is well, but late.
   */
  readonly kind: 'lost' | 'refused' | 'unanswered' | 'broken' | 'late';
  /** Added to the way of the request and, once more, to that of its answer. */
  readonly delayMs: number;
}

/** What goes wrong between a process and the store at present; asked once per request. */
export type Troubles = (process: Process, verb: Verb) => Trouble | undefined;
