/** DynamoDB Local behind a server that writes down what it is asked for, and may lose an answer. */

import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { partitionsOf } from './requests.ts';

export class RecordingProxy {
  readonly #server: Server;
  readonly #partitionKey: string;
  /** `dynamodb:<action> on <partition>`, as it was asked for since the last `forget`. */
  readonly asked = new Set<string>();
  /** Called when the table has done a request: `true` loses its answer. */
  lose: (body: string) => Promise<boolean> = async () => false;

  private constructor(endpoint: string, partitionKey: string) {
    this.#partitionKey = partitionKey;
    this.#server = createServer(async (request, response) => {
      const body = await text(request);
      const target = String(request.headers['x-amz-target']);
      this.#note(target.replace(/^.*[.]/, ''), JSON.parse(body));
      const { authorization = '' } = request.headers;
      const headers = { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': target, authorization };
      const answer = await fetch(endpoint, { method: 'POST', headers, body });
      const content = await answer.text();
      if (await this.lose(body)) return void request.socket.destroy();
      response.writeHead(answer.status, { 'content-type': headers['content-type'] }).end(content);
    });
  }

  static async before(endpoint: string, partitionKey: string): Promise<RecordingProxy> {
    const proxy = new RecordingProxy(endpoint, partitionKey);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  forget(): void {
    this.asked.clear();
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  #note(action: string, input: unknown): void {
    for (const key of partitionsOf(input, this.#partitionKey))
      this.asked.add(`dynamodb:${action} on ${key ?? 'the table'}`);
  }
}

async function text(stream: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
