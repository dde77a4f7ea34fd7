/** A model on loopback that judges comments: well, slower than anybody waits, or answering 500. */

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export async function startModel() {
  const model = { url: '', condition: 'well' as 'well' | 'slow' | 'failing', asked: 0, stop: () => {} };
  const server = createServer(async (request, response) => {
    model.asked++;
    let text = '';
    for await (const chunk of request) text += chunk;
    if (model.condition === 'failing') response.writeHead(500).end();
    const verdict = JSON.stringify({ allowed: !/scam|idiot|free money/i.test(text) });
    if (model.condition === 'well') response.writeHead(200).end(verdict);
    if (model.condition === 'slow') setTimeout(() => response.end(verdict), 1_000).unref();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  model.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  model.stop = () => {
    server.closeAllConnections();
    server.close();
  };
  return model;
}
