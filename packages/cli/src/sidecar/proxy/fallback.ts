/** What a client gets instead of the upstream's answer while the circuit is open. */

import type { ServerResponse } from 'node:http';

export interface Fallback {
  readonly status: number;
  /** Media type of the body. */
  readonly type: string;
  readonly body: Uint8Array;
}

export function sendFallback(response: ServerResponse, { status, type, body }: Fallback): void {
  response.writeHead(status, {
    'Content-Type': type,
    'Content-Length': body.byteLength,
    'Cache-Control': 'no-store',
    // The client can tell it from the real one.
    'Proxy-Status': 'switchgear; error=destination_unavailable',
  });
  response.end(body);
}
