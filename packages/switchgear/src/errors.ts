/** Everything that this library throws. The caller's own errors pass through untouched. */

const BRAND = Symbol.for('switchgear.error');

/** Stable codes: match on these, not on messages. */
export type ErrorCode =
  | 'CIRCUIT_OPEN'
  | 'CALL_TIMEOUT'
  | 'BULKHEAD_FULL'
  | 'NO_TIME_LEFT'
  | 'INVALID_CONFIGURATION'
  | 'STORE_FAILED'
  | 'CONFLICT';

/** Base of all errors here. `isSwitchgearError` recognises it across duplicate installs. */
export abstract class SwitchgearError extends Error {
  /** Spelt out in each class: a minifier renames the classes. */
  abstract override readonly name: string;
  abstract readonly code: ErrorCode;
  /** Name of the circuit concerned, where there is one. */
  readonly circuit: string | undefined;
  readonly [BRAND] = true;

  constructor(message: string, circuit?: string, options?: ErrorOptions) {
    super(message, options);
    this.circuit = circuit;
  }
}

type AnyError =
  | CircuitOpenError
  | TimeoutError
  | BulkheadFullError
  | NoTimeLeftError
  | ConfigurationError
  | StoreError
  | ConflictError;

/** Whether `error` comes from this library, any copy of it; with `code`, whether it is that one. */
export function isSwitchgearError<Code extends ErrorCode = ErrorCode>(
  error: unknown,
  code?: Code,
): error is Extract<AnyError, { readonly code: Code }> {
  return error instanceof Error && BRAND in error && (!code || (error as SwitchgearError).code === code);
}

/** Why a circuit rejects a call. */
export interface Rejection {
  /** What rejected the call: `open`, `half-open` (others probe), `ramp`, `forced-open`, or `local-open` (this process alone). */
  readonly state: RejectingState;
  /** Milliseconds until a call may be admitted again, at the earliest; `Infinity` where an operator must act. */
  readonly retryAfterMs: number;
  /** Name or code of the failure that tripped the circuit, where known. */
  readonly lastFailure?: string | undefined;
}

/** The call was not made: the circuit admits nothing at present. */
export class CircuitOpenError extends SwitchgearError implements Rejection {
  override readonly name = 'CircuitOpenError';
  override readonly code = 'CIRCUIT_OPEN';
  readonly state: RejectingState;
  readonly retryAfterMs: number;
  readonly lastFailure: string | undefined;

  constructor(circuit: string, { state, retryAfterMs, lastFailure }: Rejection) {
    const wait = retryAfterMs < Infinity ? `, retry in ${Math.ceil(retryAfterMs)} ms` : '';
    super(`circuit "${circuit}" is ${state}${wait}${lastFailure ? ` (${lastFailure})` : ''}`, circuit);
    this.state = state;
    this.retryAfterMs = retryAfterMs;
    this.lastFailure = lastFailure;
  }
}

export type RejectingState = 'open' | 'half-open' | 'ramp' | 'forced-open' | 'local-open';

/** The call took longer than `timeout`. It counts as a failure; the signal that it was given is aborted with this error. */
export class TimeoutError extends SwitchgearError {
  override readonly name = 'TimeoutError';
  override readonly code = 'CALL_TIMEOUT';
  readonly timeoutMs: number;

  constructor(circuit: string, timeoutMs: number) {
    super(`call to "${circuit}" took longer than ${timeoutMs} ms`, circuit);
    this.timeoutMs = timeoutMs;
  }
}

/** The call was not made: as many as allowed are running, and the queue is full or the wait was over. */
export class BulkheadFullError extends SwitchgearError {
  override readonly name = 'BulkheadFullError';
  override readonly code = 'BULKHEAD_FULL';

  constructor(circuit: string, why: 'queue full' | 'waited too long' | 'fleet full', limits: string) {
    super(`bulkhead of "${circuit}": ${why} (${limits})`, circuit);
  }
}

/** The call was not made: its parent has no time left for it. Says nothing about the dependency, and counts as nothing. */
export class NoTimeLeftError extends SwitchgearError {
  override readonly name = 'NoTimeLeftError';
  override readonly code = 'NO_TIME_LEFT';
}

/** Options, environment or a store address are wrong. `problems` has every one of them, each with the value and what is allowed. */
export class ConfigurationError extends SwitchgearError {
  override readonly name = 'ConfigurationError';
  override readonly code = 'INVALID_CONFIGURATION';
  readonly problems: readonly string[];

  constructor(problems: readonly string[], circuit?: string) {
    super(
      `invalid configuration${circuit ? ` of "${circuit}"` : ''}:\n${problems.map((p) => `  - ${p}`).join('\n')}`,
      circuit,
    );
    this.problems = problems;
  }
}

/** A store could not do what it was asked. Never reaches a caller of `execute`: listen with `onStoreError`. */
export class StoreError extends SwitchgearError {
  override readonly name = 'StoreError';
  override readonly code = 'STORE_FAILED';
  /** `refused`: the write is known not to have happened. `unknown`: it may have. */
  readonly fate: 'refused' | 'unknown';

  constructor(message: string, fate: 'refused' | 'unknown', options?: ErrorOptions) {
    super(message, undefined, options);
    this.fate = fate;
  }
}

/** An operator's act was not done: somebody has changed what it was to replace since he saw it (`ifVersion`). */
export class ConflictError extends SwitchgearError {
  override readonly name = 'ConflictError';
  override readonly code = 'CONFLICT';
}
