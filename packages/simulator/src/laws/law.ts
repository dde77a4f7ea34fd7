import type { StateChange } from 'switchgear';
import type { Process } from '../engine/process.ts';
import type { StoreWatcher } from '../store/modelled-store.ts';
import type { CallWatcher } from '../world/traffic.ts';

export type LawName = `L${1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10 | 11 | 12 | 13 | 14}`;

/** One law of the design, held against a run from outside: it sees calls, store and events, nothing within the library. */
export interface Law extends Partial<StoreWatcher>, Partial<CallWatcher> {
  /** A process has told its listeners of a change. */
  changed?(process: Process, change: StateChange): void;
  /** The run is over: nothing was wrong with anything for long enough, and nothing is under way. */
  finished?(): void;
}

/** Says that a law is broken. */
export type Verdict = (law: LawName, process: Process, what: string) => void;

export interface Violation {
  readonly law: LawName;
  /** From the start of the run, milliseconds. */
  readonly atMs: number;
  readonly process: string;
  readonly what: string;
}
