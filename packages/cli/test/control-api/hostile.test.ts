/** A real server under requests that mean it no good. */

import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { MemoryStore } from 'switchgear';
import { FaultyStore } from 'switchgear/testing';
import { afterEach, expect, test } from 'vitest';
import { bearerTokens, createControlApi } from '../../src/control-api/index.ts';
import { type Listening, listen } from '../../src/serve/listen.ts';

const OPERATOR = 'operator-token-of-32-characters!';
const REPORTER = 'reporter-token-of-32-characters!';
const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function server(requestWithinMs = 10_000) {
  const store = new FaultyStore(new MemoryStore());
  const api = createControlApi({
    store,
    auth: bearerTokens({ operator: OPERATOR, reporter: REPORTER }),
    audit: () => {},
  });
  const listening = await listen(api, { port: 0, requestWithinMs });
  closing.push(listening.close);
  return { store, ...listening };
}

/** Mulberry32: the same seed gives the same attack. */
function randomFrom(seed: number) {
  let state = seed;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (n: number) => Math.floor(next() * n);
  return { below, pick: <T>(from: readonly T[]) => from[below(from.length)] as T };
}

const METHODS = ['GET', 'PUT', 'POST', 'DELETE', 'PATCH', 'OPTIONS', 'HEAD', 'TRACE', 'PROPFIND'];
const PIECES = [
  '/v1',
  '/circuits',
  '/payments',
  '/override',
  '/reset',
  '/policy',
  '/history',
  '/recovered',
  '/outage',
  '/samples',
  '/traffic',
  '/metrics',
  '/openapi.json',
  '/..',
  '/%2e%2e',
  '//',
  '/%00',
  '/%',
  '/%ff',
  '/\\',
  '/<img>',
  '?limit=-1',
  '?limit=1e9',
  '?sinceMs=x',
  '?circuit=',
  '#',
  '/constructor',
  '/__proto__',
  `/${'a'.repeat(300)}`,
  '*',
]; // prettier-ignore
const BODIES = [
  '',
  '{',
  '[]',
  'null',
  '{"reason":"x"}',
  '{"mode":"forced-open","reason":"x"}',
  '{"reason":"x","for":"1m"}',
  '{"reason":"x","values":{"failureThreshold":1}}',
  '{"__proto__":{"role":"operator"}}',
  '{"process":"p1","overMs":5000,"circuits":{"payments":{"admitted":1,"rejected":0,"failed":1}}}',
  '\u0000',
  'x'.repeat(20_000),
]; // prettier-ignore
const HEADERS: readonly Readonly<Record<string, string>>[] = [
  {},
  { authorization: 'Bearer ' },
  { authorization: `Bearer ${OPERATOR.slice(1)}` },
  { authorization: `bearer ${OPERATOR}x` },
  { authorization: 'Basic b3BlcmF0b3I6' },
  { origin: 'https://evil.example' },
  { 'sec-fetch-site': 'cross-site' },
  { host: 'evil.example' },
  { 'x-forwarded-host': 'localhost', 'x-forwarded-for': '127.0.0.1' },
  { 'x-http-method-override': 'DELETE' },
  { 'content-type': 'application/json' },
  { 'content-type': 'text/plain' },
  { 'transfer-encoding': 'chunked' },
  { 'last-event-id': '0-0' },
  { cookie: `token=${OPERATOR}` },
];

type Chance = ReturnType<typeof randomFrom>;

const anything = ({ below, pick }: Chance) => ({
  method: pick(METHODS),
  path: `/${Array.from({ length: 1 + below(5) }, () => pick(PIECES)).join('')}`.replace(/^\/+/, '/'),
  body: pick(BODIES),
});

const NUMBERS = [0, 1, 1, 7, 1_000_000_000, -1, 0.5, 1e18, null, '1', [], {}, true];
const NAMES = [
  'payments',
  '__proto__',
  'constructor',
  '<img onerror>',
  '',
  '\u0000',
  '\ud800',
  'x'.repeat(255),
  'x'.repeat(256),
];

/** What might be a report, nearly: most often something of it is wrong. */
function aReport({ below, pick }: Chance) {
  const count = () => pick(NUMBERS);
  const counts = () => ({ admitted: count(), rejected: pick([0, 1]), failed: pick([0, 0, 2, -1]) });
  const name = () => JSON.stringify(pick(NAMES));
  const circuits = Array.from({ length: below(4) }, () => `${name()}:${JSON.stringify(counts())}`);
  const more = pick(['', '', '', ',"atMs":0', ',"__proto__":{"role":"operator"}', ',']);
  const overMs = JSON.stringify(pick([5_000, 1, 60_000, 60_001, 0, -1, '5s']));
  const process = JSON.stringify(pick([`p${below(3_000)}`, `p${below(9)}`, pick(NAMES)]));
  return {
    method: 'POST',
    path: '/v1/traffic',
    body: `{"process":${process},"overMs":${overMs},"circuits":{${circuits.join()}}${more}}`,
  };
}

/** Sends `count` random requests, 25 at a time, and returns how often each status came. */
async function attack(
  { port }: Listening,
  seed: number,
  count: number,
  own: Readonly<Record<string, string>> = {},
  draw: (chance: Chance) => {
    readonly method: string;
    readonly path: string;
    readonly body: string;
  } = anything,
) {
  const chance = randomFrom(seed);
  const { pick } = chance;
  const agent = new Agent({ keepAlive: true, maxSockets: 25 });
  const statuses: Record<string, number> = {};
  const send = async () => {
    const { method, path, body } = draw(chance);
    const headers = { ...pick(HEADERS), ...pick(HEADERS), ...own };
    const asked = request({ agent, port, host: '127.0.0.1', method, path, headers });
    asked.end(body);
    try {
      const [answer] = await once(asked, 'response');
      statuses[answer.statusCode] = (statuses[answer.statusCode] ?? 0) + 1;
      // A stream of events does not end.
      if (answer.headers['content-type'] === 'text/event-stream') asked.destroy();
      else await text(answer);
    } catch {
      statuses.cut = (statuses.cut ?? 0) + 1;
    }
  };
  let left = count;
  const worker = async () => {
    while (left-- > 0) await send();
  };
  await Promise.all(Array.from({ length: 25 }, worker));
  agent.destroy();
  return statuses;
}

const answersStill = async ({ url }: Listening) => {
  const headers = { authorization: `Bearer ${OPERATOR}` };
  expect((await fetch(`${url}/v1/circuits`, { headers })).status).toBe(200);
};

test('10 000 random requests without the token: nothing let in, nothing crashed', async () => {
  const { store, ...listening } = await server();
  const statuses = await attack(listening, 20_261_121, 10_000);
  const { override, policy, clear, history } = store.calls;
  expect({ override, policy, clear, history }).toEqual({ override: 0, policy: 0, clear: 0, history: 0 });
  expect(Object.values(statuses).reduce((sum, count) => sum + count, 0)).toBe(10_000);
  // 400 is Node's own answer to what is no HTTP; 200 is the page at `/` and health, which everybody may see.
  expect(
    Object.keys(statuses).filter((status) => !['200', '400', '401', '403', '404', 'cut'].includes(status)),
  ).toEqual([]);
  // A refusal does not wait for the rest of a long body: such a client may lose the connection before it reads the answer.
  expect(statuses.cut ?? 0).toBeLessThan(1_000);
  await answersStill(listening);
}, 60_000);

test('random requests of a reporter: nothing read, nothing changed, nothing crashed', async () => {
  const { store, ...listening } = await server();
  const statuses = await attack(listening, 20_261_122, 2_000, { authorization: `Bearer ${REPORTER}` });
  const { override, policy, clear, history } = store.calls;
  expect({ override, policy, clear, history }).toEqual({ override: 0, policy: 0, clear: 0, history: 0 });
  const expected = ['200', '204', '400', '403', '404', '413', '415', '429', 'cut'];
  expect(Object.keys(statuses).filter((status) => !expected.includes(status))).toEqual([]);
  await answersStill(listening);
}, 60_000);

test('10 000 random reports: those that make sense are taken, nothing else happens', async () => {
  const { store, ...listening } = await server();
  const before = { ...store.calls };
  const own = { authorization: `Bearer ${REPORTER}`, 'content-type': 'application/json' };
  const statuses = await attack(listening, 20_261_123, 10_000, own, aReport);
  expect(statuses['204']).toBeGreaterThan(100);
  const expected = ['204', '400', '403', '429', '503', 'cut'];
  expect(Object.keys(statuses).filter((status) => !expected.includes(status))).toEqual([]);
  for (const verb of ['override', 'policy', 'clear', 'report', 'transition'] as const)
    expect([verb, store.calls[verb]]).toEqual([verb, before[verb]]);
  expect(({} as Record<string, unknown>).admitted).toBeUndefined();
  await answersStill(listening);
}, 120_000);

test('random requests of an operator are answered, and never with an error of the server', async () => {
  const { store: _, ...listening } = await server();
  const statuses = await attack(listening, 7, 2_000, { authorization: `Bearer ${OPERATOR}` });
  expect(Object.keys(statuses).filter((status) => status.startsWith('5'))).toEqual([]);
  await answersStill(listening);
}, 60_000);

/** A connection that says `first`, and then a byte now and then, for ever. */
function drip(port: number, first: string): { readonly socket: Socket; readonly said: Promise<string> } {
  const socket = connect(port, '127.0.0.1', () => socket.write(first));
  socket.on('error', () => {});
  const timer = setInterval(() => socket.writable && socket.write('x'), 20);
  socket.on('close', () => clearInterval(timer));
  return { socket, said: text(socket).catch(() => '') };
}

test('slow-loris: slow heads and slow bodies are cut off while others are served', async () => {
  const listening = await server(400);
  const heads = Array.from({ length: 40 }, () =>
    drip(listening.port, 'GET /v1/circuits HTTP/1.1\r\nHost: localhost\r\nX-A: '),
  );
  const bodies = Array.from({ length: 40 }, () =>
    drip(
      listening.port,
      `PUT /v1/circuits/payments/override HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${OPERATOR}\r\n` +
        'Content-Type: application/json\r\nContent-Length: 5000\r\n\r\n{',
    ),
  );
  await answersStill(listening);
  const said = await Promise.all([...heads, ...bodies].map(({ said }) => said));
  for (const answer of said) expect(answer === '' || answer.startsWith('HTTP/1.1 4')).toBe(true);
  await answersStill(listening);
  expect(listening.store.calls.override).toBe(0);
});

test('streams are limited, and their places free again once their connections are gone', async () => {
  const { url } = await server();
  const headers = { authorization: `Bearer ${OPERATOR}` };
  const leaving = new AbortController();
  const open = () => fetch(`${url}/v1/events`, { headers, signal: leaving.signal });
  const streams = await Promise.all(Array.from({ length: 100 }, open));
  expect(streams.map(({ status }) => status)).toEqual(Array(100).fill(200));
  expect((await open()).status).toBe(503);
  leaving.abort();
  // The server hears of it when it hears of it: there is nothing to wait for but the place.
  let status = 503;
  while (status === 503) {
    const again = await fetch(`${url}/v1/events`, { headers });
    status = again.status;
    await again.body?.cancel();
  }
  expect(status).toBe(200);
});

test('what is no HTTP at all ends its own connection and no other', async () => {
  const listening = await server();
  const { below } = randomFrom(99);
  const noise = Array.from({ length: 200 }, () =>
    Buffer.from(Array.from({ length: 1 + below(500) }, () => below(256))),
  );
  const smuggled = [
    'GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n',
    'GET http://evil.example/v1/circuits HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n',
    'CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example\r\n\r\n',
    `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`,
    'GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade, close\r\n\r\n',
  ].map((each) => Buffer.from(each));
  const answers = await Promise.all(
    [...noise, ...smuggled].map(async (bytes) => {
      const socket = connect(listening.port, '127.0.0.1');
      socket.on('error', () => {});
      socket.end(bytes);
      return text(socket).catch(() => '');
    }),
  );
  for (const answer of answers) expect(answer).toMatch(/^(HTTP\/1\.1 (200|400|403|431)|$)/);
  await answersStill(listening);
});

test('an address that is taken is said by its code', async () => {
  const { port } = await server();
  const api = createControlApi({ store: new MemoryStore(), live: false });
  await expect(listen(api, { port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
});
