/** A dependency behind real HTTP on loopback: well, unwell, slow or dead, as the test says. */

import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Health =
  | 'well'
  | 'unavailable'
  | 'absent'
  | 'silent'
  | 'failing'
  | 'hinting'
  | 'endless'
  | 'moved'
  | 'breaking off';

export class DependencyServer {
  health: Health = 'well';
  /** Bodies of the requests that arrived. */
  readonly requests: string[] = [];
  readonly #server: Server;
  #url = '';
  #arrived: (() => void) | undefined = undefined;
  #gone: (() => void) | undefined = undefined;

  private constructor() {
    this.#server = createServer((request, response) => {
      response.on('close', () => this.#gone?.());
      void bodyOf(request).then((body) => {
        this.requests.push(body);
        this.#arrived?.();
        switch (this.health) {
          case 'well':
            response.writeHead(200, { 'content-type': 'application/json' });
            response.end('{"MessageId":"m-1"}');
            return;
          case 'unavailable':
            response.writeHead(503, { 'content-type': 'application/json', 'retry-after': '70' });
            response.end('{"message":"later"}');
            return;
          case 'absent':
            response.writeHead(404, {
              'content-type': 'application/json',
              'x-amzn-errortype': 'NotFoundException',
            });
            response.end('{"message":"no such thing"}');
            return;
          case 'hinting':
          case 'failing':
            if (this.health === 'hinting') response.writeEarlyHints({ link: '</style.css>; rel=preload' });
            response.writeHead(500, { 'content-type': 'application/json' });
            response.end('{"message":"a bug"}');
            return;
          case 'endless':
            response.writeHead(200);
            response.write('the first part');
            return;
          case 'moved':
            this.health = 'well';
            response.writeHead(302, { location: '/elsewhere' });
            response.end();
            return;
          case 'breaking off':
            response.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' });
            // Its head and this part arrive before the end does.
            response.write('{"MessageId":', () => setImmediate(() => response.destroy()));
            return;
          case 'silent':
        }
      });
    });
  }

  static async start(): Promise<DependencyServer> {
    const made = new DependencyServer();
    await new Promise<void>((resolve) => made.#server.listen(0, '127.0.0.1', resolve));
    made.#url = `http://127.0.0.1:${(made.#server.address() as AddressInfo).port}`;
    return made;
  }

  get url(): string {
    return this.#url;
  }

  /** Resolves when the next request has arrived. */
  arrival(): Promise<void> {
    return new Promise((resolve) => {
      this.#arrived = resolve;
    });
  }

  /** Resolves when the next connection or answer is over. */
  departure(): Promise<void> {
    return new Promise((resolve) => {
      this.#gone = resolve;
    });
  }

  /** Dead: connections are refused from now on. */
  async die(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = '';
  try {
    for await (const chunk of request) body += chunk;
  } catch {
    // Aborted on its way.
  }
  return body;
}
