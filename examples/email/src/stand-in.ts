/** A provider of e-mail on loopback: delivers, answers 503, or breaks every connection. */

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Condition = 'well' | 'overloaded' | 'broken';

export async function startProvider(name: string, condition: Condition) {
  const provider = { name, condition, url: '', asked: 0, delivered: [] as string[], stop: () => {} };
  const server = createServer(async (request, response) => {
    provider.asked++;
    if (provider.condition === 'broken') return request.socket.destroy();
    let mail = '';
    for await (const chunk of request) mail += chunk;
    if (provider.condition === 'well') provider.delivered.push(mail);
    response.writeHead(provider.condition === 'well' ? 202 : 503).end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  provider.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  provider.stop = () => {
    server.closeAllConnections();
    server.close();
  };
  return provider;
}
