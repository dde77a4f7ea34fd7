/** Bodies of requests that are gone once they are sent. */

/** Whether `body` is a stream, of the web or of Node, or another source that can be read once. */
export function isReadOnce(body: unknown): boolean {
  if (typeof body !== 'object' || body === null) return false;
  return Symbol.asyncIterator in body || 'getReader' in body || 'pipe' in body;
}
