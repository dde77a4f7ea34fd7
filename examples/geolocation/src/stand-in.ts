/** A geolocation service on loopback that can be made to hang: connections open, no answer comes. */

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const COUNTRIES: Readonly<Record<string, string>> = {
  '193.136.1.1': 'Portugal',
  '200.144.1.1': 'Brazil',
  '196.3.1.1': 'Mozambique',
};

export async function startService() {
  const service = { url: '', hangs: false, asked: 0, stop: () => {} };
  const server = createServer((request, response) => {
    service.asked++;
    if (service.hangs) return;
    const country = COUNTRIES[request.url?.slice(1) ?? ''];
    response.writeHead(country ? 200 : 404).end(JSON.stringify({ country }));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  service.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  service.stop = () => {
    server.closeAllConnections();
    server.close();
  };
  return service;
}
