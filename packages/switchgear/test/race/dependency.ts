/** What a fleet calls: a real HTTP server that says who arrives, and when it is answered. */

import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One call that has arrived. */
export class Arrival {
  /** Index of the process that makes it. */
  readonly by: number;
  /** By the machine's clock. */
  readonly atMs = Date.now();
  readonly #response: ServerResponse;

  constructor(by: number, response: ServerResponse) {
    this.by = by;
    this.#response = response;
  }

  /** Once; after the first answer nothing more happens. */
  answer(status: number): void {
    if (!this.#response.writableEnded) this.#response.writeHead(status).end();
  }
}

export class Dependency {
  /** How it answers; `undefined`: not until the test does. */
  status: number | undefined = 200;
  arrivals: Arrival[] = [];
  /** Greatest number of calls at the same time. */
  peak = 0;
  #running = 0;
  readonly #server: Server;

  private constructor() {
    // It closes no idle connection: the next call may be on its way there already.
    this.#server = createServer({ keepAliveTimeout: 0 }, (request, response) => {
      const arrival = new Arrival(Number(request.headers['x-process']), response);
      this.arrivals.push(arrival);
      this.peak = Math.max(this.peak, ++this.#running);
      response.once('close', () => this.#running--);
      if (this.status !== undefined) arrival.answer(this.status);
    });
  }

  static async start(): Promise<Dependency> {
    const dependency = new Dependency();
    dependency.#server.listen(0, '127.0.0.1');
    await once(dependency.#server, 'listening');
    return dependency;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Forgets who has come so far. */
  forget(): void {
    this.arrivals = [];
    this.peak = this.#running;
  }

  /** What is connected now is so no longer. */
  breakConnections(): void {
    this.#server.closeAllConnections();
  }

  /** Answers everybody who still waits, and whoever comes from now on. */
  release(): void {
    this.status = 200;
    for (const arrival of this.arrivals) arrival.answer(200);
  }

  async stop(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }
}
