/** What goes wrong, in the words of HTTP. */

import type { Context } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { isSwitchgearError } from 'switchgear';
import type { z } from 'zod';
import type { Problem } from './schemas.ts';

type Status = 400 | 401 | 403 | 404 | 412 | 413 | 415 | 429 | 500 | 501 | 502 | 503 | 504;

const CODES: Readonly<Record<number, string>> = {
  400: 'INVALID_REQUEST',
  413: 'BODY_TOO_LONG',
  415: 'NOT_JSON',
  504: 'TIMED_OUT',
};

/** A refusal that a handler throws. `code` is stable, `detail` says what is allowed. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly status: Status;
  readonly code: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: Status, code: string, detail: string, headers: Readonly<Record<string, string>> = {}) {
    super(detail);
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}

/** The answer to a request that failed. What nobody foresaw goes to the log, not to the caller. */
export function answerTo(error: unknown, c: Context): Response {
  const { status, code, message, headers } = refusalOf(error);
  if (status === 500) console.error('switchgear: the control API failed', error);
  return c.json({ status, code, detail: message } satisfies Problem, status, headers);
}

function refusalOf(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  if (isSwitchgearError(error, 'INVALID_CONFIGURATION'))
    return new Refusal(400, error.code, error.problems.join('\n'));
  if (isSwitchgearError(error, 'CONFLICT')) return new Refusal(412, error.code, error.message);
  if (isSwitchgearError(error, 'STORE_FAILED')) return new Refusal(502, error.code, error.message);
  if (error instanceof HTTPException) {
    const { status, message } = error;
    return new Refusal(status as Status, CODES[status] ?? 'REFUSED', message || 'the request was refused');
  }
  return new Refusal(500, 'INTERNAL', 'the request failed; the log of the server says why');
}

/** For requests that the schemas refuse. */
export function invalidRequest(error: z.core.$ZodError): Refusal {
  const problems = error.issues.map(({ path, message }) => `${path.join('.') || 'body'}: ${message}`);
  return new Refusal(400, 'INVALID_REQUEST', problems.join('\n'));
}
