/** What a log line about a circuit says. */

import type { StateChange } from '../circuit/state-change.ts';
import type { RejectingState } from '../errors.ts';
import type { Verb } from '../store/store-guard.ts';

/** One structured line. `event` tells the kinds apart; `message` is for people and may be worded anew in any version. */
export type LogEntry = {
  readonly message: string;
  /** The invocation or request that this happened in, where it is known. */
  readonly correlationId?: string;
} & (
  | ({
      readonly event: 'circuit-changed';
      /** Calls rejected that no line has told of yet. */
      readonly rejected?: number;
    } & Omit<StateChange, 'epoch'> & { readonly epoch: number })
  | {
      readonly event: 'calls-rejected';
      readonly circuit: string;
      /** Calls rejected since the last line that told of some, this one included. */
      readonly rejected: number;
      /** What rejected the latest of them. */
      readonly state?: RejectingState;
      /** Milliseconds until a call may be admitted again, as the latest was told; absent where an operator must act. */
      readonly retryAfterMs?: number;
    }
  | {
      readonly event: 'store-failed';
      readonly verb: Verb;
      readonly error: string;
      /** Failures of this verb and kind since the last line that told of some, this one included. */
      readonly failures: number;
    }
);

/** In one sentence: `circuit "payments": closed to open (failures, 3 of 4 calls failed, ECONNREFUSED)`. */
export function sentenceOf(change: StateChange): string {
  const { circuit, from, to, reason, calls, failures, lastFailure, note } = change;
  const evidence = calls ? `${failures} of ${calls} calls failed` : undefined;
  const why = [reason, evidence, lastFailure, note].filter(Boolean).join(', ');
  return `circuit "${circuit}": ${from} to ${to} (${why})`;
}
