/** What shows only at the edges of a request's life: before its first byte, after its last, and on the way down. */

import { once } from 'node:events';
import { Agent, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { MemoryStore, Switchgear } from 'switchgear';
import { expect, onTestFinished, test, vi } from 'vitest';
import { OpenPermits } from '../../src/sidecar/decisions/open-permits.ts';
import { closeServer } from '../../src/sidecar/open-server.ts';
import { ask, keptAgent, portOf, RawClient, startProxy } from './proxy-rig.ts';

test('an idle connection to the upstream is given up after 4 s, however long the upstream would keep it', async () => {
  const keep = vi.spyOn(Agent.prototype, 'keepSocketAlive');
  onTestFinished(() => keep.mockRestore());
  const { port, upstream } = await startProxy((_, response) => response.end('well'));
  upstream.keepAliveTimeout = 3_600_000;
  await ask(port);
  const own = () =>
    keep.mock.calls.map(([socket]) => socket as Socket).find((each) => each.remotePort === portOf(upstream));
  await vi.waitUntil(own);
  expect(own()?.timeout).toBe(4_000);
});

test('a 204 with a length has none behind the proxy, and the connection goes on', async () => {
  const upstream = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', () => socket.write('HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n'));
  }).listen(0, '127.0.0.1');
  onTestFinished(() => void upstream.close());
  await once(upstream, 'listening');
  const address = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`;
  const { port } = await startProxy(() => {}, { address });
  const agent = keptAgent();
  for (let i = 0; i < 2; i++) {
    const { status, headers } = await ask(port, { agent });
    expect(status).toBe(204);
    expect(headers).not.toHaveProperty('content-length');
  }
});

test('the upstream hears of a request whose body has not begun', async () => {
  const { port } = await startProxy((request, response) => {
    response.end(`${request.method} heard`);
  });
  const client = new RawClient(port).send(
    'POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n',
  );
  await vi.waitUntil(() => client.heard.includes('POST heard'));
});

test('on the way down an answer says that its connection ends', async () => {
  const waiting: ServerResponse[] = [];
  const { port, server } = await startProxy((_, response) => waiting.push(response));
  const before = ask(port, { agent: keptAgent() });
  await vi.waitUntil(() => waiting.length === 1);
  waiting[0]?.end();
  expect((await before).headers.connection).toBe('keep-alive');

  const client = new RawClient(port);
  await once(client.socket, 'connect');
  client.send('GET / HTTP/1.1\r\nHost: local');
  // With half a head the connection is not idle, and stays while the server closes.
  const closed = closeServer(server, 10_000);
  client.send('host\r\n\r\n');
  await vi.waitUntil(() => waiting.length === 2);
  waiting[1]?.end();
  await vi.waitUntil(() => client.heard.includes('\r\n\r\n'));
  expect(client.heard).toMatch(/^HTTP\/1\.1 200[\s\S]*\r\nConnection: close\r\n/);
  await closed;
});

test('a permit whose program left before it learnt of it goes back', async () => {
  const gear = new Switchgear({ store: new MemoryStore() });
  onTestFinished(() => gear.close());
  const breaker = gear.breaker('stripe', { maxConcurrent: 1, maxQueue: 0 });
  const permits = new OpenPermits();
  const gone = new AbortController();
  const { id } = await permits.grant(breaker, gone.signal);
  await expect(breaker.acquire()).rejects.toMatchObject({ code: 'BULKHEAD_FULL' });
  gone.abort();
  expect(permits.settle(id, { outcome: 'failure' })).toBe(false);
  (await breaker.acquire()).cancel();
});
