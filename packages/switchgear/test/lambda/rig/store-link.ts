/** The way from a rig's processes to the store: it tells the world's time, and can break. */

import { once } from 'node:events';
import { createServer, request as forward, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { World } from './world.ts';

export class StoreLink {
  /** Requests are taken and nothing is said, for as long as this is set. */
  hangs = false;
  /** Requests that have arrived. */
  requests = 0;
  readonly #target: string;
  readonly #world: World;
  readonly #server = createServer({ keepAliveTimeout: 0 }, (request, response) => {
    // Whoever asked has gone, or the way has broken.
    this.#serve(request, response).catch(() => response.destroy());
  });

  private constructor(target: string, world: World) {
    this.#target = target;
    this.#world = world;
  }

  static async to(target: string, world: World): Promise<StoreLink> {
    const link = new StoreLink(target, world);
    link.#server.listen(0, '127.0.0.1');
    await once(link.#server, 'listening');
    return link;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Every connection dies, as those of a frozen process do. */
  breakConnections(): void {
    this.#server.closeAllConnections();
  }

  async end(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.requests++;
    const body = await request.toArray();
    if (this.hangs) return;
    const { method, url, headers } = request;
    const onward = forward(new URL(url ?? '/', this.#target), { method, headers }).end(Buffer.concat(body));
    const [answer] = (await once(onward, 'response')) as [IncomingMessage];
    // The service's clock is the world's.
    const date = new Date(this.#world.now()).toUTCString();
    response.writeHead(answer.statusCode ?? 500, { ...answer.headers, date });
    answer.pipe(response);
  }
}
