import type { IncomingMessage } from 'node:http';
import type { z } from 'zod';
import type { Problem } from '../problem.ts';

/** The longest that a request's body may be. */
const MAX_BYTES = 4_096;

/** A request that is refused. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail);
    this.problem = problem;
  }
}

/**
 * The body of a request, as `schema` has it.
 * @throws Refusal (413 `BODY_TOO_LONG`, 415 `NOT_JSON`, 400 `INVALID_REQUEST` with every problem)
 */
export async function jsonBody<T>(request: IncomingMessage, schema: z.ZodType<T>): Promise<T> {
  // A form of a foreign page cannot send JSON.
  if (!/^application\/json *(;|$)/i.test(request.headers['content-type'] ?? ''))
    throw new Refusal({
      status: 415,
      code: 'NOT_JSON',
      detail: 'the body must be JSON; allowed: Content-Type: application/json',
    });
  const result = schema.safeParse(parsed(await text(request)));
  if (result.success) return result.data;
  const problems = result.error.issues.map(({ path, message }) => `${path.join('.') || 'body'}: ${message}`);
  throw new Refusal({ status: 400, code: 'INVALID_REQUEST', detail: problems.join('\n') });
}

async function text(request: IncomingMessage): Promise<string> {
  let length = 0;
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MAX_BYTES)
      throw new Refusal({
        status: 413,
        code: 'BODY_TOO_LONG',
        detail: `the body is too long; allowed: ${MAX_BYTES} bytes`,
      });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Refusal({ status: 400, code: 'INVALID_REQUEST', detail: 'the body is no JSON' });
  }
}
