/** What the sidecar itself answers, as RFC 9457 has it: `application/problem+json`. */

import type { ServerResponse } from 'node:http';
import { isSwitchgearError } from 'switchgear';

/** `code` is stable: match on it, not on `detail`. */
export interface Problem {
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly circuit?: string;
  /** What rejected the call: `open`, `half-open`, `ramp`, `forced-open` or `local-open`. */
  readonly state?: string;
  /** Milliseconds until a call may be admitted, at the earliest; absent where an operator must act. */
  readonly retryAfterMs?: number;
  /** Name or code of the failure that tripped the circuit. */
  readonly lastFailure?: string;
  /** The error type of RFC 9209: tells this answer from one of the upstream's with the same status. */
  readonly proxyStatus?: string;
}

/** Why a call was not made, or not answered in time; `undefined` for an error that is not the breaker's. */
export function breakerProblem(error: unknown): Problem | undefined {
  if (isSwitchgearError(error, 'CIRCUIT_OPEN')) {
    const { code, circuit, state, retryAfterMs, lastFailure, message } = error;
    return {
      status: 503,
      code,
      detail: message,
      ...(circuit && { circuit }),
      state,
      ...(Number.isFinite(retryAfterMs) && { retryAfterMs: Math.ceil(retryAfterMs) }),
      ...(lastFailure && { lastFailure }),
      proxyStatus: 'destination_unavailable',
    };
  }
  if (isSwitchgearError(error, 'BULKHEAD_FULL'))
    return {
      status: 503,
      code: error.code,
      detail: error.message,
      ...(error.circuit && { circuit: error.circuit }),
      proxyStatus: 'connection_limit_reached',
    };
  if (isSwitchgearError(error, 'CALL_TIMEOUT'))
    return {
      status: 504,
      code: error.code,
      detail: error.message,
      ...(error.circuit && { circuit: error.circuit }),
      proxyStatus: 'http_response_timeout',
    };
  return undefined;
}

/** Answers with `problem`. Its wait is told in whole seconds too, never 0: who comes again at once is rejected again. */
export function sendProblem(response: ServerResponse, { proxyStatus, ...problem }: Problem): void {
  const { status, retryAfterMs } = problem;
  const body = JSON.stringify(problem);
  response.writeHead(status, {
    'Content-Type': 'application/problem+json',
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-store',
    ...(retryAfterMs !== undefined && { 'Retry-After': Math.max(1, Math.ceil(retryAfterMs / 1_000)) }),
    ...(proxyStatus && { 'Proxy-Status': `switchgear; error=${proxyStatus}` }),
  });
  response.end(body);
}
