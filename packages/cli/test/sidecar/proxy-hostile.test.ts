/** Requests that are not as they should be: refused or passed on, never believed. */

import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer as createTcpServer, type Socket, type Server as TcpServer } from 'node:net';
import { text } from 'node:stream/consumers';
import fc from 'fast-check';
import { expect, onTestFinished, test, vi } from 'vitest';
import { closeServer } from '../../src/sidecar/open-server.ts';
import { ask, RawClient, startProxy } from './proxy-rig.ts';

/** Sends `bytes` on a connection of its own and returns what came back once it is closed. */
async function answerTo(port: number, bytes: string): Promise<string> {
  const client = new RawClient(port).send(bytes);
  await client.closed;
  return client.heard;
}

const HEAD = 'Host: localhost\r\nConnection: close\r\n';

test('what could be read in two ways is refused, and the upstream sees none of it', async () => {
  const seen: string[] = [];
  const { port } = await startProxy((incoming, outgoing) => {
    seen.push(incoming.url ?? '');
    outgoing.end();
  });
  const chunks = '0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n';
  const refused = {
    'a length and chunks': `POST / HTTP/1.1\r\n${HEAD}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}`,
    'chunks and a length': `POST / HTTP/1.1\r\n${HEAD}Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n${chunks}`,
    'two lengths': `POST / HTTP/1.1\r\n${HEAD}Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcde`,
    'a list of lengths': `POST / HTTP/1.1\r\n${HEAD}Content-Length: 4, 4\r\n\r\nabcd`,
    'a length with a sign': `POST / HTTP/1.1\r\n${HEAD}Content-Length: +4\r\n\r\nabcd`,
    'a length that is negative': `POST / HTTP/1.1\r\n${HEAD}Content-Length: -4\r\n\r\nabcd`,
    'chunks under another name': `POST / HTTP/1.1\r\n${HEAD}Transfer-Encoding: xchunked\r\n\r\n${chunks}`,
    'chunks not last': `POST / HTTP/1.1\r\n${HEAD}Transfer-Encoding: chunked, identity\r\n\r\n${chunks}`,
    'chunks twice': `POST / HTTP/1.1\r\n${HEAD}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}`,
    'a coding below the chunks': `POST / HTTP/1.1\r\n${HEAD}Transfer-Encoding: gzip, chunked\r\n\r\n${chunks}`,
    'a space before the colon': `POST / HTTP/1.1\r\n${HEAD}Content-Length : 4\r\n\r\nabcd`,
    'a folded header': `GET / HTTP/1.1\r\n${HEAD}X-Folded: a\r\n b\r\n\r\n`,
    'a zero byte in a header': `GET / HTTP/1.1\r\n${HEAD}X-Zero: a\0b\r\n\r\n`,
    'a bare carriage return': `GET / HTTP/1.1\r\n${HEAD}X-Bare: a\rContent-Length: 5\r\n\r\n`,
    'no host': 'GET / HTTP/1.1\r\nConnection: close\r\n\r\n',
    'no HTTP at all': 'hello\r\n\r\n',
    'a header that never fits': `GET / HTTP/1.1\r\n${HEAD}X-Long: ${'x'.repeat(20_000)}\r\n\r\n`,
  };
  for (const [what, bytes] of Object.entries(refused))
    expect(await answerTo(port, bytes), what).toMatch(/^HTTP\/1\.1 (400|431|501) /);
  expect(seen).toEqual([]);
});

test('a chunk that is none ends the request, and nothing behind it is taken for the next', async () => {
  const heard: string[] = [];
  const { port, breaker } = await startProxy((incoming) => {
    heard.push(incoming.url ?? '');
    incoming.on('error', () => heard.push('broken off')).resume();
  });
  const client = new RawClient(port);
  client.send(`POST /first HTTP/1.1\r\n${HEAD}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n`);
  await vi.waitUntil(() => heard.length === 1);
  client.send('zz\r\nGET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await client.closed;
  await vi.waitUntil(() => heard.length > 1);
  expect(heard).toEqual(['/first', 'broken off']);
  expect(client.heard).toMatch(/^(HTTP\/1\.1 400 |$)/);
  expect(breaker.state.evidence.failures).toBe(0);
});

test('a chunk extension is not passed on', async () => {
  const { port } = await startProxy(async (incoming, outgoing) => {
    outgoing.end(JSON.stringify([incoming.headers['transfer-encoding'], await text(incoming)]));
  });
  const heard = await answerTo(
    port,
    `POST / HTTP/1.1\r\n${HEAD}Transfer-Encoding: chunked\r\n\r\n3;evil="\r\nabc\r\n0\r\n\r\n`,
  );
  expect(heard).toMatch(/200 OK|400 Bad Request/);
  if (heard.includes('200 OK')) expect(heard).toContain('["chunked","abc"]');
});

test("the upstream is the command line's: no target and no Host leads elsewhere", async () => {
  const hosts: (string | undefined)[] = [];
  const { port } = await startProxy((incoming, outgoing) => {
    hosts.push(incoming.headers.host);
    outgoing.end(incoming.url);
  });
  const absolute = await answerTo(port, `GET http://169.254.169.254/latest HTTP/1.1\r\n${HEAD}\r\n`);
  expect(absolute).toMatch(/^HTTP\/1\.1 400 .*"code":"NOT_A_PATH"/s);
  expect(await answerTo(port, `GET foo HTTP/1.1\r\n${HEAD}\r\n`)).toMatch(/^HTTP\/1\.1 400 /);
  expect(hosts).toEqual([]);

  const network = await answerTo(port, `GET //169.254.169.254/latest HTTP/1.1\r\n${HEAD}\r\n`);
  expect(network).toContain('//169.254.169.254/latest');
  expect(await answerTo(port, `OPTIONS * HTTP/1.1\r\n${HEAD}\r\n`)).toMatch(/^HTTP\/1\.1 200 /);
  expect(new Set(hosts).size).toBe(1);
  expect(hosts[0]).toMatch(/^127\.0\.0\.1:\d+$/);
});

test('a name that was re-bound to loopback is refused; every name of loopback is not', async () => {
  const { port } = await startProxy((_, outgoing) => outgoing.end());
  const status = async (host: string) => (await ask(port, { headers: { host } })).status;
  for (const host of [
    'evil.example',
    'localhost.evil.example',
    '127.0.0.1.evil.example:80',
    '[::2]',
    '10.0.0.1',
  ])
    expect(await status(host), host).toBe(403);
  for (const host of ['localhost', `localhost:${port}`, '127.0.0.1', '127.1.2.3:1', '[::1]:4243'])
    expect(await status(host), host).toBe(200);
});

test('WebSockets and tunnels are refused in words; an offer of HTTP/2 is passed over', async () => {
  const { port } = await startProxy((incoming, outgoing) => outgoing.end(JSON.stringify(incoming.headers)));
  const webSocket = await answerTo(
    port,
    `GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\r\n`,
  );
  expect(webSocket).toMatch(/^HTTP\/1\.1 501 .*"code":"NO_UPGRADE"/s);
  expect(await answerTo(port, `CONNECT evil.example:443 HTTP/1.1\r\n${HEAD}\r\n`)).toMatch(
    /^HTTP\/1\.1 501 .*"code":"NO_TUNNEL"/s,
  );
  const h2c = await answerTo(
    port,
    'GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n',
  );
  expect(h2c).toMatch(/^HTTP\/1\.1 200 /);
  expect(h2c).not.toMatch(/http2-settings|h2c/);
});

test('Expect: 100-continue is for the upstream to say', async () => {
  const { port, upstream } = await startProxy(async (incoming, outgoing) => {
    outgoing.end(`got ${await text(incoming)}`);
  });
  const expecting = `POST / HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n`;
  const welcome = new RawClient(port).send(expecting);
  await vi.waitUntil(() => welcome.heard.startsWith('HTTP/1.1 100 Continue\r\n\r\n'));
  welcome.send('body');
  await vi.waitUntil(() => welcome.heard.includes('got body'));

  upstream.on('checkContinue', (_, outgoing) => outgoing.writeHead(401).end('who are you'));
  const unwelcome = await answerTo(port, expecting);
  expect(unwelcome).toMatch(/^HTTP\/1\.1 401 .*connection: close.*who are you/is);
});

test('an open circuit answers who expects 100-continue before the body is sent', async () => {
  const { port } = await startProxy((_, outgoing) => outgoing.writeHead(500).end(), { failureThreshold: 1 });
  await ask(port);
  const heard = await answerTo(
    port,
    'POST / HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n',
  );
  expect(heard).toMatch(/^HTTP\/1\.1 503 .*connection: close/is);
});

test('two requests at once on one connection are answered in turn', async () => {
  const { port } = await startProxy((incoming, outgoing) => {
    setTimeout(() => outgoing.end(incoming.url), incoming.url === '/first' ? 30 : 0);
  });
  const heard = await answerTo(
    port,
    `GET /first HTTP/1.1\r\nHost: localhost\r\n\r\nGET /second HTTP/1.1\r\n${HEAD}\r\n`,
  );
  expect(heard.match(/\/first|\/second/g)).toEqual(['/first', '/second']);
});

for (const [what, bytes] of Object.entries({
  'no HTTP': 'hello\r\n\r\n',
  'a length and chunks':
    'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  'two lengths': 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd',
  'a header that never fits': `HTTP/1.1 200 OK\r\nX-Long: ${'x'.repeat(20_000)}\r\n\r\n`,
  'an upgrade that nobody asked for':
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n',
  'nothing but an end': '',
}))
  test(`an upstream that answers with ${what}: 502, and a failure`, async () => {
    const upstream = createTcpServer((socket: Socket) => {
      socket.on('error', () => {});
      socket.once('data', () => socket.end(bytes, 'latin1'));
    }).listen(0, '127.0.0.1');
    await listening(upstream);
    const address = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`;
    const { port, breaker } = await startProxy(() => {}, { address, failureThreshold: 1 });
    expect(await ask(port)).toMatchObject({ status: 502 });
    expect(breaker.state.state).toBe('open');
  });

async function listening(server: TcpServer): Promise<void> {
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
  });
}

test('500 random requests: each connection is answered or closed, and the proxy goes on', async () => {
  const { port } = await startProxy(
    (incoming, outgoing) => void incoming.resume().on('end', () => outgoing.end()),
  );
  const piece = fc.oneof(
    fc.constantFrom(
      'GET ',
      'POST ',
      'CONNECT ',
      '/ ',
      '* ',
      'HTTP/1.1',
      'HTTP/1.0',
      '\r\n',
      '\r\n\r\n',
      '\n',
      '\0',
    ),
    fc.constantFrom(
      'Host: localhost',
      'Content-Length: 3',
      'Transfer-Encoding: chunked',
      'Upgrade: x',
      'Connection: upgrade',
    ),
    fc.constantFrom('Expect: 100-continue', '3\r\nabc\r\n', '0\r\n\r\n', 'Trailer: x', 'TE: trailers', ': '),
    fc.string({ unit: 'binary', maxLength: 20 }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 12 }), async (pieces) => {
      const client = new RawClient(port);
      client.socket.end(`${pieces.join('')}`, 'latin1');
      await client.closed;
    }),
    { numRuns: 500, seed: 7 },
  );
  expect((await ask(port)).status).toBe(200);
}, 30_000);

test('a server on its way down lets what is under way end and takes nothing new', async () => {
  let finish = () => {};
  const rig = await startProxy((_, outgoing) => {
    outgoing.write('begun, ');
    finish = () => outgoing.end('ended');
  });
  const client = new RawClient(rig.port).send('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await vi.waitUntil(() => client.heard.includes('begun'));
  const closed = closeServer(rig.server, 60_000);
  await expect(ask(rig.port)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  finish();
  await vi.waitUntil(() => client.heard.includes('ended'));
  await closed;
});
