/** A small HTTP server and a round of targets: all that the services need. `fetch` keeps its connections alive. */

import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Longer than any pause in the demo: a server that closes an idle connection just as it is used would look like a failure. */
const KEEP_ALIVE_MS = 60_000;

/** Serves on a free port of the loopback interface (or on `port`). `answer` returns the status. */
export async function serve(answer: (response: ServerResponse) => Promise<number>): Promise<Server> {
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, async (request, response) => {
    request.resume();
    const status = await answer(response).catch(() => 500);
    if (!response.destroyed) response.writeHead(status).end();
  });
  await listen(server, 0);
  return server;
}

export function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject);
      resolve();
    });
  });
}

export function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

export function urlOf(server: Server): string {
  return `http://127.0.0.1:${portOf(server)}/`;
}

/** Lets running calls end, takes no more. */
export function drain(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
  });
}

/** Calls `url` and returns the status, once the answer is complete. */
export async function post(url: string, signal: AbortSignal): Promise<number> {
  const response = await fetch(url, { method: 'POST', signal });
  await response.arrayBuffer();
  return response.status;
}

/** Hands out addresses in turn. */
export class Targets {
  #urls: readonly string[] = [];
  #next = 0;

  set(urls: readonly string[]): void {
    this.#urls = urls;
  }

  next(): string {
    const url = this.#urls[this.#next++ % this.#urls.length];
    if (url === undefined) throw new Error('no targets yet');
    return url;
  }
}
