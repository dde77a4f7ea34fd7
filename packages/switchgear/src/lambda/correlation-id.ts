/** What the caller says to tie the work of several functions together. */

const HEADER = 'x-correlation-id';

/** It comes from outside and goes into every log line: nothing that could break one, or bloat it. */
const SOUND = /^[\w.:/+=@-]{1,128}$/;

/** The header `x-correlation-id` of an HTTP event, or the field `correlationId` of any other. Never throws. */
export function correlationIdOf(event: unknown): string | undefined {
  const { headers, correlationId } = Object(event) as Record<string, unknown>;
  const [, header] =
    Object.entries(Object(headers) as object).find(([name]) => name.toLowerCase() === HEADER) ?? [];
  return header ?? correlationId;
}

/** `id` if it may stand in a log. */
export function soundId(id: unknown): string | undefined {
  return typeof id === 'string' && SOUND.test(id) ? id : undefined;
}
