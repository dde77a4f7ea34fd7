/** A carrier on loopback. It is down at times, takes no parcel for the moon, and knows a parcel by its key. */

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export async function startCarrier() {
  const carrier = { url: '', down: false, asked: 0, parcels: new Set<string>(), stop: () => {} };
  const server = createServer((request, response) => {
    carrier.asked++;
    const status = carrier.down ? 503 : request.url === '/to-the-moon' ? 422 : 201;
    if (status === 201) carrier.parcels.add(String(request.headers['idempotency-key']));
    response.writeHead(status).end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  carrier.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  carrier.stop = () => {
    server.closeAllConnections();
    server.close();
  };
  return carrier;
}
