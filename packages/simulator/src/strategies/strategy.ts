import type { EffectiveState } from 'switchgear';
import type { Process } from '../engine/process.ts';
import type { Random } from '../engine/random.ts';
import type { Meter } from '../store/meter.ts';
import type { StoreProfile } from '../store/store-profile.ts';

/** An admitted call; exactly one of its ends is told. A promise settles when the process has nothing left to do for it. */
export interface Ticket {
  success(): Promise<void> | void;
  failure(error: unknown): Promise<void> | void;
  /** Settles when the caller has his answer; of calls that the guard itself may give up. */
  readonly heard?: Promise<void>;
  /** To be set: called when the guard gives the call up before its end, which is told all the same and changes nothing. */
  gaveUp?: (() => void) | undefined;
  /** False where the guard would have refused the call, had it not been told to refuse nothing. */
  readonly counted?: boolean;
}

/** What stands between one process's calls and the dependency. */
export interface Guard {
  /** What this process takes the state to be now; absent where it keeps none of its own. */
  readonly state?: EffectiveState;
  /** Admits a call, or refuses it: `undefined`, or `null` where only too many run already. A promise where it has to ask first. */
  enter(): Ticket | undefined | Promise<Ticket | undefined | null>;
  /**
   * Takes a call that comes at `atMs`, before anything else happens, and goes well until `endMs`: true where it would be admitted,
   * and nothing but a count would come of it. What is false was not taken.
   */
  pass?(atMs: number, endMs: number): boolean;
}

/** A way to protect a dependency, for a whole fleet. Made anew for each run. */
export interface Strategy {
  readonly name: string;
  /** What the store is like and what it was asked for, where there is one. */
  readonly store?: { readonly profile: StoreProfile; readonly meter: Meter };
  guard(process: Process, random: Random): Guard;
}
