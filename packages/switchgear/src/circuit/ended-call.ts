/** What a process tells about a call that is over. */

/**
 * `success`, `slow` (it went well, and took longer than `slowCallDuration`), `failure`: what the breaker counted. `ignored`: no
 * verdict, by an error that is none of the dependency's, the caller's abort or a cancelled permit. Not made: `rejected` by
 * the circuit (in shadow mode: would have been), `bulkhead-full`.
 */
export type CallOutcome = 'success' | 'slow' | 'failure' | 'ignored' | 'rejected' | 'bulkhead-full';

/** One call, as the breaker saw it end. Every call ends once. */
export interface EndedCall {
  readonly circuit: string;
  readonly outcome: CallOutcome;
  /** What was thrown, or the result that counted as a failure; absent where there is neither. May hold secrets. */
  readonly cause?: unknown;
  /** The request that made the call: see `Switchgear.correlateBy`. */
  readonly correlationId?: string;
}
