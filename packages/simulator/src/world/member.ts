import type { Process } from '../engine/process.ts';
import type { Guard } from '../strategies/strategy.ts';

/** A process of the fleet with what guards its calls. */
export interface Member {
  readonly process: Process;
  readonly guard: Guard;
}

/** Which process a call comes to, and what happens to processes between calls. */
export interface Placement {
  /** All processes that are or were. */
  readonly members: readonly Member[];
  /** The process that takes the next call; `luck` is uniform in [0, 1). */
  place(luck: number): Member;
  /** Milliseconds until the process is ready for the call that was just placed. */
  startMs(member: Member): number;
  /** The call is over, and so is what the process does behind it. */
  done(member: Member): void;
  /** Whether `done` matters. */
  readonly waits: boolean;
}
