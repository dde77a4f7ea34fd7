/** `@switchgear/cli/serve`: the control API behind Node's HTTP server. */

import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import type { ControlApi } from '../control-api/index.ts';
import { DEFAULT_HOST, DEFAULT_PORT } from './address.ts';

export interface ListenOptions {
  /** Address to listen on. Default: 127.0.0.1. */
  readonly host?: string;
  /** Port to listen on; 0: any that is free. Default: 4280. */
  readonly port?: number;
  /** How long a client may take for the head of a request, and for all of it, milliseconds. Default: 10 000. */
  readonly requestWithinMs?: number;
}

export interface Listening {
  readonly host: string;
  readonly port: number;
  /** `http://127.0.0.1:4280` */
  readonly url: string;
  /** Ends streams, connections and the watching of the store. */
  close(): Promise<void>;
}

const REQUEST_WITHIN_MS = 10_000;
const KEEP_ALIVE_MS = 5_000;
/** A client that asks and then does not read; streams say something every 15 s. */
const IDLE_MS = 60_000;
/** A client that opens connections and says nothing takes these at most. */
const MAX_CONNECTIONS = 1_000;
const MAX_HEADER_BYTES = 16_384;

/**
 * Serves a control API until it is closed; closes it where it cannot. Slow clients are cut off. It asks for no token by itself: anything but loopback needs
 * an API with `auth`.
 * @throws the system's error where the address cannot be had (`EADDRINUSE`, `EACCES`).
 */
export async function listen(
  { app, close }: ControlApi,
  { host = DEFAULT_HOST, port = DEFAULT_PORT, requestWithinMs = REQUEST_WITHIN_MS }: ListenOptions = {},
): Promise<Listening> {
  const server = createAdaptorServer({
    fetch: app.fetch,
    serverOptions: {
      headersTimeout: requestWithinMs,
      requestTimeout: requestWithinMs,
      // Node looks for slow requests this often only.
      connectionsCheckingInterval: requestWithinMs / 10,
      keepAliveTimeout: KEEP_ALIVE_MS,
      maxHeaderSize: MAX_HEADER_BYTES,
    },
  }) as Server;
  server.maxConnections = MAX_CONNECTIONS;
  server.setTimeout(IDLE_MS);
  server.listen({ host, port });
  try {
    await once(server, 'listening');
  } catch (error) {
    await close();
    throw error;
  }
  const { address, port: bound, family } = server.address() as AddressInfo;
  return {
    host: address,
    port: bound,
    url: `http://${family === 'IPv6' ? `[${address}]` : address}:${bound}`,
    async close() {
      server.close();
      await close();
      server.closeAllConnections();
    },
  };
}
