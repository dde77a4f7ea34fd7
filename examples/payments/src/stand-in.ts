/** A payment provider on loopback. It declines some cards, which is an answer, and is overloaded at times, which is not. */

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export async function startProvider() {
  const provider = { url: '', overloaded: false, asked: 0, charged: 0, stop: () => {} };
  const server = createServer((request, response) => {
    provider.asked++;
    const status = provider.overloaded ? 503 : request.url === '/expired-card' ? 402 : 201;
    if (status === 201) provider.charged++;
    response.writeHead(status).end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  provider.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  provider.stop = () => {
    server.closeAllConnections();
    server.close();
  };
  return provider;
}
