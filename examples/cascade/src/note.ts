/** What a process saw of one call. All figures are computed from notes, taken where the call happened. */

export interface Note {
  /** Milliseconds since 1970 by this machine's clock, so that notes of different processes can be compared. */
  readonly startedAt: number;
  readonly endedAt: number;
  readonly outcome: Outcome;
}

export type Outcome =
  /** Answered as it should be. */
  | 'ok'
  /** The answer said 5xx. */
  | '503'
  /** No answer within the call's timeout. */
  | 'timeout'
  /** Nobody listens at the other end. */
  | 'refused'
  /** The connection broke in the middle of the call. */
  | 'broken'
  /** The breaker did not let the call out: nothing was sent. */
  | 'rejected';

/** Milliseconds since 1970 with fractions; never runs backwards within a process. */
export function now(): number {
  return performance.timeOrigin + performance.now();
}

/** Takes the entries off the front of `list` that are `over`: they come in about the order of time. */
export function forget<T>(list: T[], over: (entry: T) => boolean): void {
  const first = list.findIndex((entry) => !over(entry));
  list.splice(0, first < 0 ? list.length : first);
}

/** What became of a call that threw. */
export function outcomeOf(error: unknown, signal: AbortSignal): Outcome {
  if (signal.aborted) return 'timeout';
  for (let cause = error; cause instanceof Error; cause = cause.cause)
    if ('code' in cause && cause.code === 'ECONNREFUSED') return 'refused';
  return 'broken';
}
