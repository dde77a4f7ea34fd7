import { once } from 'node:events';
import { createServer, type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { expect, test, vi } from 'vitest';
import { ask, keptAgent, portOf, RawClient, startProxy } from './proxy-rig.ts';

test('the upstream sees the request as if the program had asked it, and the program its answer', async () => {
  const seen: { method?: string; url?: string; raw?: string[]; body?: string } = {};
  const { port, upstream } = await startProxy(async (incoming, outgoing) => {
    Object.assign(seen, { method: incoming.method, url: incoming.url, raw: incoming.rawHeaders });
    seen.body = await text(incoming);
    outgoing.writeHead(201, 'Made', ['Set-Cookie', 'a=1', 'Set-Cookie', 'b=2', 'X-Case', 'Kept']);
    outgoing.end('made');
  });
  const headers = { 'X-Twice': ['1', '2'], 'X-Forwarded-For': '192.0.2.1', Authorization: 'Bearer t' };

  const answer = await ask(
    port,
    { method: 'POST', path: '//a/../b?q=%2F&r=a b'.replace(' ', '+'), headers },
    'body',
  );

  expect(seen).toMatchObject({ method: 'POST', url: '//a/../b?q=%2F&r=a+b', body: 'body' });
  expect(pairs(seen.raw ?? [])).toEqual([
    ['Host', `127.0.0.1:${portOf(upstream)}`],
    ['X-Twice', '1'],
    ['X-Twice', '2'],
    ['X-Forwarded-For', '192.0.2.1'],
    ['Authorization', 'Bearer t'],
    ['Content-Length', '4'],
    ['Connection', 'keep-alive'],
  ]);
  expect(answer).toMatchObject({ status: 201, body: 'made' });
  expect(answer.headers['set-cookie']).toEqual(['a=1', 'b=2']);
  expect(answer.rawHeaders).toContain('X-Case');
});

test('headers of one connection end there, and the length of a body cannot be taken away with them', async () => {
  const { port } = await startProxy((incoming, outgoing) => {
    outgoing.setHeader('Connection', 'X-Own');
    outgoing.setHeader('X-Own', '1');
    outgoing.setHeader('Proxy-Authenticate', 'Basic');
    outgoing.setHeader('X-Kept', '1');
    void text(incoming).then((body) => outgoing.end(JSON.stringify([incoming.headers, body])));
  });
  const client = new RawClient(port).send(
    'GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close, X-Secret, Content-Length\r\nX-Secret: 1\r\nX-Kept: 1\r\n' +
      'TE: trailers\r\nKeep-Alive: timeout=9\r\nProxy-Authorization: Basic x\r\nContent-Length: 35\r\n\r\n' +
      'GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n',
  );
  await client.closed;

  const [head = '', body = ''] = client.heard.split('\r\n\r\n');
  expect(head).not.toMatch(/x-own|proxy-authenticate/i);
  expect(head).toMatch(/x-kept: 1/i);
  const [headers, sent] = JSON.parse(body);
  expect(headers).toEqual({
    host: expect.any(String),
    connection: 'keep-alive',
    'x-kept': '1',
    'content-length': '35',
  });
  expect(sent).toBe('GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n');
});

test('three 5xx or 429 open the circuit: 503 with Retry-After and a problem; the answers themselves are passed on', async () => {
  let calls = 0;
  const { port } = await startProxy((_, outgoing) => {
    outgoing.writeHead([500, 429, 503][calls++] ?? 200).end('their words');
  });
  for (const status of [500, 429, 503])
    expect(await ask(port)).toMatchObject({ status, body: 'their words' });

  const rejected = await ask(port);

  expect(calls).toBe(3);
  expect(rejected.status).toBe(503);
  expect(rejected.headers).toMatchObject({
    'content-type': 'application/problem+json',
    'retry-after': '3600',
    'proxy-status': 'switchgear; error=destination_unavailable',
    'cache-control': 'no-store',
  });
  expect(JSON.parse(rejected.body)).toMatchObject({
    status: 503,
    code: 'CIRCUIT_OPEN',
    circuit: 'dependency',
    state: 'open',
    lastFailure: 'HTTP 503',
  });
});

test("the upstream's Retry-After sets how long the circuit stays open", async () => {
  const { port } = await startProxy(
    (_, outgoing) => outgoing.writeHead(503, { 'retry-after': '4321' }).end(),
    { failureThreshold: 1 },
  );
  await ask(port);
  expect(Number((await ask(port)).headers['retry-after'])).toBeGreaterThan(4300);
});

test('answers that are not the fault of the upstream count as successes', async () => {
  const { port, breaker } = await startProxy((incoming, outgoing) => {
    outgoing.writeHead(Number(incoming.url?.slice(1))).end();
  });
  for (const status of [404, 401, 302, 400, 422])
    expect((await ask(port, { path: `/${status}` })).status).toBe(status);
  expect(breaker.state.state).toBe('closed');
});

test('an upstream that refuses connections: 502 with the reason, then the circuit opens', async () => {
  const dead = createServer().listen(0, '127.0.0.1');
  await once(dead, 'listening');
  const port = portOf(dead);
  await new Promise((resolve) => dead.close(resolve));
  const rig = await startProxy(() => {}, { address: `http://127.0.0.1:${port}` });

  const answers = [await ask(rig.port), await ask(rig.port), await ask(rig.port), await ask(rig.port)];

  expect(answers.map(({ status }) => status)).toEqual([502, 502, 502, 503]);
  expect(answers[0]?.headers['proxy-status']).toBe('switchgear; error=connection_refused');
  expect(JSON.parse(answers[0]?.body ?? '')).toMatchObject({
    code: 'UPSTREAM_FAILED',
    circuit: 'dependency',
  });
});

test('an upstream that says nothing: 504, counted, and its connection is closed', async () => {
  const aborted: Promise<unknown>[] = [];
  const { port, breaker } = await startProxy(
    (incoming) => {
      aborted.push(once(incoming.socket, 'close'));
    },
    { timeoutMs: 30 },
  );
  for (let i = 0; i < 3; i++) expect(await ask(port)).toMatchObject({ status: 504 });
  await Promise.all(aborted);
  expect(aborted).toHaveLength(3);
  expect(breaker.state).toMatchObject({ state: 'open', transition: { lastFailure: 'TimeoutError' } });
});

test('in shadow mode silence only counts', async () => {
  const { port, breaker } = await startProxy(
    (_, outgoing) => {
      setTimeout(() => outgoing.end('late'), 60);
    },
    { timeoutMs: 20, mode: 'shadow' },
  );
  for (let i = 0; i < 4; i++) expect(await ask(port)).toMatchObject({ status: 200, body: 'late' });
  expect(breaker.state.state).toBe('open');
});

test('the fallback is answered while the circuit is open, and for nothing else', async () => {
  const fallback = { status: 203, type: 'text/plain', body: Buffer.from('stale prices') };
  const { port } = await startProxy((_, outgoing) => outgoing.writeHead(500).end('their words'), {
    fallback,
  });
  for (let i = 0; i < 3; i++) expect((await ask(port)).body).toBe('their words');

  const { status, headers, body } = await ask(port);

  expect({ status, body }).toEqual({ status: 203, body: 'stale prices' });
  expect(headers).toMatchObject({
    'content-type': 'text/plain',
    'proxy-status': 'switchgear; error=destination_unavailable',
  });
  const head = await ask(port, { method: 'HEAD' });
  expect(head).toMatchObject({ status: 203, body: '' });
  expect(head.headers['content-length']).toBe('12');
});

test('a full bulkhead: 503 of its own, and the circuit hears nothing of it', async () => {
  const held: (() => void)[] = [];
  const { port, breaker } = await startProxy((_, outgoing) => void held.push(() => outgoing.end()), {
    maxConcurrent: 1,
    maxQueue: 0,
  });
  const first = ask(port);
  await vi.waitUntil(() => held.length === 1);
  const rejected = await ask(port);
  held[0]?.();

  expect(rejected.status).toBe(503);
  expect(JSON.parse(rejected.body)).toMatchObject({ code: 'BULKHEAD_FULL' });
  expect((await first).status).toBe(200);
  expect(breaker.state.evidence.failures).toBe(0);
});

test('a redirect within the upstream stays behind the proxy, any other is passed on', async () => {
  const { port, upstream } = await startProxy((incoming, outgoing) => {
    outgoing.writeHead(307, { location: decodeURIComponent(incoming.url?.slice(1) ?? '') }).end();
  });
  const origin = `http://127.0.0.1:${portOf(upstream)}`;
  const redirected = async (to: string) =>
    (await ask(port, { path: `/${encodeURIComponent(to)}` })).headers.location;
  expect(await redirected(`${origin}/next?a=1#b`)).toBe('/next?a=1#b');
  expect(await redirected('/relative')).toBe('/relative');
  expect(await redirected('https://elsewhere.example/x')).toBe('https://elsewhere.example/x');
  // `//evil.example` would be an address.
  expect(await redirected(`${origin}//evil.example`)).toBe(`${origin}//evil.example`);
});

test('HEAD, 204 and 304 have no body and end at once, on a connection that goes on', async () => {
  const { port } = await startProxy((incoming, outgoing) => {
    const status = Number(incoming.url?.slice(1));
    outgoing.writeHead(status, status === 204 ? {} : { 'content-length': '5', etag: '"e"' });
    outgoing.end(incoming.method === 'HEAD' || status !== 200 ? undefined : 'hello');
  });
  const agent = keptAgent();
  const head = await ask(port, { agent, method: 'HEAD', path: '/200' });
  expect(head).toMatchObject({ status: 200, body: '', headers: { 'content-length': '5' } });
  expect((await ask(port, { agent, path: '/204' })).headers).not.toHaveProperty('transfer-encoding');
  expect((await ask(port, { agent, path: '/304' })).headers).toMatchObject({ etag: '"e"' });
  expect(await ask(port, { agent, path: '/200' })).toMatchObject({ body: 'hello' });
});

test('trailers are passed on both ways', async () => {
  let seen: IncomingMessage['trailers'] = {};
  const { port } = await startProxy(async (incoming, outgoing) => {
    await text(incoming);
    seen = incoming.trailers;
    outgoing.writeHead(200, { trailer: 'x-sum' });
    outgoing.write('body');
    outgoing.addTrailers({ 'X-Sum': '42' });
    outgoing.end();
  });
  const outgoing = request({
    host: '127.0.0.1',
    port,
    method: 'PUT',
    headers: { 'transfer-encoding': 'chunked' },
  });
  outgoing.write('part');
  outgoing.addTrailers({ 'X-Check': '7' });
  outgoing.end();
  const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
  expect(await text(incoming)).toBe('body');
  expect(incoming.trailers).toEqual({ 'x-sum': '42' });
  expect(seen).toEqual({ 'x-check': '7' });
});

test('an answer begins before its body: a client of server-sent events is not kept waiting', async () => {
  let finish = () => {};
  const { port } = await startProxy((_, outgoing) => {
    outgoing.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
    finish = () => outgoing.end('data: 1\n\n');
  });
  const outgoing = request({ host: '127.0.0.1', port }).end();
  const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
  expect(incoming.headers['content-type']).toBe('text/event-stream');
  finish();
  expect(await text(incoming)).toBe('data: 1\n\n');
});

test('an answer to a request that is still being sent is passed on at once', async () => {
  const { port } = await startProxy((incoming, outgoing) => {
    incoming.once('data', (chunk) => outgoing.write(`got ${chunk}`));
    incoming.once('end', () => outgoing.end('done'));
  });
  const outgoing = request({ host: '127.0.0.1', port, method: 'POST' });
  outgoing.write('one');
  const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
  const [first] = await once(incoming.setEncoding('utf8'), 'data');
  expect(first).toBe('got one');
  outgoing.end();
  expect(await text(incoming)).toBe('done');
});

function pairs(raw: readonly string[]): [string, string][] {
  return raw.flatMap((name, i) => (i % 2 ? [] : [[name, raw[i + 1] as string]]));
}

test('a head of very many fields is passed on whole, both ways', async () => {
  const many = Array.from({ length: 1_500 }, (_, i) => [`a${i}`, '1']).flat();
  const { port, upstream } = await startProxy((request, response) => {
    response.writeHead(200, many).end(`${request.headers.last}`);
  });
  upstream.maxHeadersCount = 0;
  const client = new RawClient(port).send(
    `GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${'x: 1\r\n'.repeat(1_500)}Last: seen\r\n\r\n`,
  );
  await client.closed;
  expect(client.heard.match(/\r\na\d+: 1(?=\r\n)/g)).toHaveLength(1_500);
  expect(client.heard).toContain('\r\nseen\r\n');
});
