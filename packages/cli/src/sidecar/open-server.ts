/** HTTP servers as the sidecar opens and closes them. */

import { once } from 'node:events';
import { lstat, unlink } from 'node:fs/promises';
import { createServer, type RequestListener, type Server, type ServerOptions } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import type { ListenAddress } from './listen-address.ts';

/** Time for the head of a request. */
const HEAD_MS = 10_000;
/** Longer than clients keep idle connections: who closes first is they, and no request meets a closing server. */
const IDLE_MS = 75_000;
/** While a server drains: how often it lets go of connections that have become idle. */
const LOOK_MS = 50;

/** A server with limits that do not depend on how Node was started. `requestTimeout`: milliseconds for a whole request, 0 for ever. */
export function boundedServer(
  options: ServerOptions & { readonly requestTimeout: number },
  listener: RequestListener,
): Server {
  const server = createServer(
    {
      headersTimeout: HEAD_MS,
      keepAliveTimeout: IDLE_MS,
      connectionsCheckingInterval: 1_000,
      // Whatever NODE_OPTIONS say: two parsers that disagree about a request are how one is smuggled inside another.
      insecureHTTPParser: false,
      requireHostHeader: true,
      ...options,
    },
    (request, response) => {
      // On its way down: this answer is the last of its connection.
      if (!server.listening) response.shouldKeepAlive = false;
      listener(request, response);
    },
  );
  // Node keeps a thousand and says nothing of the rest; their size is bounded anyway.
  server.maxHeadersCount = 0;
  return server;
}

/**
 * Listens. A Unix socket is for its owner alone; one that a dead process left behind is replaced.
 * @returns where: `http://127.0.0.1:4243` or `unix:/run/switchgear.sock`.
 */
export async function openServer(server: Server, address: ListenAddress): Promise<string> {
  if (address.kind === 'unix') {
    await removeStaleSocket(address.path);
    // The socket comes into being within `listen`: at no moment may others connect.
    const before = process.umask(0o177);
    try {
      server.listen(address.path);
    } finally {
      process.umask(before);
    }
  } else server.listen(address.port, address.host);
  // Rejects with the error of a server that cannot listen.
  await once(server, 'listening');
  if (address.kind === 'unix') return `unix:${address.path}`;
  const { port } = server.address() as AddressInfo;
  return `http://${address.host.includes(':') ? `[${address.host}]` : address.host}:${port}`;
}

/** Takes no new connection, lets what is under way end, and cuts what has not after `graceMs` milliseconds. */
export async function closeServer(server: Server, graceMs: number): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  const look = setInterval(() => server.closeIdleConnections(), LOOK_MS);
  const cut = setTimeout(() => server.closeAllConnections(), graceMs);
  await closed;
  clearInterval(look);
  clearTimeout(cut);
}

async function removeStaleSocket(path: string): Promise<void> {
  const socket = connect(path);
  const code = await new Promise<string | undefined>((resolve) => {
    socket.once('connect', () => resolve(undefined));
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code));
  });
  socket.destroy();
  // Any other file refuses connections as well; it is not ours to remove.
  if (code === 'ECONNREFUSED' && (await lstat(path)).isSocket()) await unlink(path);
}
