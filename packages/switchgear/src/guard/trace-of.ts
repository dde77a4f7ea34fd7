/**
 * What the console may show of something that was thrown: the stack, which nothing else would show. Never the error whole, which of an
 * HTTP client has the request in it, credentials and all. Never throws.
 */
export function traceOf(thrown: unknown): string {
  try {
    return String((thrown as Error | undefined)?.stack ?? thrown);
  } catch {
    return 'an error without words';
  }
}
