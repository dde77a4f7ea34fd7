/** The way to DynamoDB Local, which can fail as a network and a service fail. */

import { once } from 'node:events';
import { createServer, request as forward, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** `refuses`: nobody listens, and connections that were open break. `hangs`: it takes requests and says nothing. */
export type Behaviour = 'passes' | 'refuses' | 'hangs' | 'throttles' | 'answers late';

const LATE_MS = 2_000;
const THROTTLED = JSON.stringify({
  __type: 'com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException',
  message: 'The level of configured provisioned throughput for the table was exceeded.',
});

export class StoreProxy {
  readonly #target: string;
  readonly #server = createServer({ keepAliveTimeout: 0 }, (request, response) => {
    // Whoever asked has gone, or the way to the store has broken.
    this.#serve(request, response).catch(() => response.destroy());
  });
  #port = 0;
  #behaviour: Behaviour = 'refuses';

  private constructor(target: string) {
    this.#target = target;
  }

  static async start(target: string): Promise<StoreProxy> {
    const proxy = new StoreProxy(target);
    await proxy.become('passes');
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  async become(behaviour: Behaviour): Promise<void> {
    const listening = this.#server.listening;
    this.#behaviour = behaviour;
    if (behaviour === 'refuses' && listening) {
      this.#server.close();
      this.#server.closeAllConnections();
      await once(this.#server, 'close');
    }
    if (behaviour !== 'refuses' && !listening) await this.#listen();
  }

  /** On the same port each time. One below those that the system gives away, lest it has another owner meanwhile. */
  async #listen(): Promise<void> {
    for (;;) {
      const port = this.#port || 20_000 + Math.floor(Math.random() * 10_000);
      this.#server.listen(port, '127.0.0.1');
      try {
        await once(this.#server, 'listening');
      } catch (error) {
        if (this.#port || (error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
        continue;
      }
      this.#port = (this.#server.address() as AddressInfo).port;
      return;
    }
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const behaviour = this.#behaviour;
    if (behaviour === 'hangs') return;
    const body = await request.toArray();
    if (behaviour === 'throttles') {
      response.writeHead(400, { 'content-type': 'application/x-amz-json-1.0' }).end(THROTTLED);
      return;
    }
    const { method, url, headers } = request;
    const onward = forward(new URL(url ?? '/', this.#target), { method, headers }).end(Buffer.concat(body));
    const [answer] = (await once(onward, 'response')) as [IncomingMessage];
    if (behaviour === 'answers late') await sleep(LATE_MS);
    response.writeHead(answer.statusCode ?? 500, answer.headers);
    answer.pipe(response);
  }
}
