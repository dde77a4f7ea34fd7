/** Which header fields a proxy passes on. RFC 9110, 7.6.1: those of one connection end there. */

import type { IncomingMessage } from 'node:http';

/** Fields of one connection, whatever `Connection` lists. `Trailer` goes too: trailers are passed on without being announced. */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'http2-settings',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** What `Connection` may not take away: without a length the body of a GET would be read as the next request. */
const FRAMING = 'content-length';

/** Methods whose requests have no body unless a header says so. */
const BODILESS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'DELETE', 'OPTIONS', 'TRACE']);

/** Names and values in turn, as they came: order, spelling and repetitions are kept. */
export type RawHeaders = string[];

export function hasBody({ headers }: IncomingMessage): boolean {
  return (
    headers['transfer-encoding'] !== undefined ||
    (headers['content-length'] !== undefined && headers['content-length'] !== '0')
  );
}

/** The header of the request as the upstream is to see it: as if its client had asked `host` itself. */
export function requestHeaders(request: IncomingMessage, host: string): RawHeaders {
  const { headers, method = '' } = request;
  const out: RawHeaders = ['Host', host];
  passOn(request, out, (name) => name === 'host');
  if (headers['transfer-encoding'] !== undefined) out.push('Transfer-Encoding', 'chunked');
  // Said plainly, since Node would send an empty chunked body.
  else if (headers['content-length'] === undefined && !BODILESS.has(method)) out.push('Content-Length', '0');
  return out;
}

/** The header of the answer as the client is to see it. A redirect within the upstream stays behind the proxy. */
export function responseHeaders(answer: IncomingMessage, origin: string): RawHeaders {
  const out: RawHeaders = [];
  // Its own framing is the connection's: chunks have no length, and a 204 has no body that could have one.
  const unframed = answer.headers['transfer-encoding'] !== undefined || answer.statusCode === 204;
  passOn(answer, out, (name) => unframed && name === FRAMING);
  if (answer.headers.location !== undefined)
    for (let i = 0; i < out.length; i += 2)
      if (out[i]?.toLowerCase() === 'location') out[i + 1] = behindProxy(out[i + 1] as string, origin);
  return out;
}

/** Trailers that may be passed on, in pairs. */
export function trailers({ rawTrailers }: IncomingMessage): [string, string][] {
  const out: [string, string][] = [];
  for (let i = 0; i < rawTrailers.length; i += 2) {
    const name = rawTrailers[i] as string;
    const lower = name.toLowerCase();
    if (!HOP_BY_HOP.has(lower) && lower !== FRAMING && lower !== 'host')
      out.push([name, rawTrailers[i + 1] as string]);
  }
  return out;
}

function passOn(message: IncomingMessage, out: RawHeaders, except: (name: string) => boolean): void {
  const { rawHeaders } = message;
  const listed = listedByConnection(message.headers.connection);
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] as string).toLowerCase();
    if (HOP_BY_HOP.has(name) || except(name) || listed?.has(name)) continue;
    out.push(rawHeaders[i] as string, rawHeaders[i + 1] as string);
  }
}

function listedByConnection(value: string | undefined): Set<string> | undefined {
  if (value === undefined || value === 'keep-alive' || value === 'close') return undefined;
  const names = new Set(value.split(',').map((name) => name.trim().toLowerCase()));
  names.delete(FRAMING);
  return names;
}

/** `https://upstream/path` as `/path`. `//host` would be another server's address: such a path stays as it was. */
function behindProxy(location: string, origin: string): string {
  if (!URL.canParse(location)) return location;
  const url = new URL(location);
  if (url.origin !== origin || url.pathname.startsWith('//')) return location;
  return url.pathname + url.search + url.hash;
}
