/** A control API is told of calls: each once, without holding anything up, whatever it answers. */

import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { MemoryStore, Switchgear } from '../../src/index.ts';
import { reportTraffic, type TrafficOptions } from '../../src/telemetry/index.ts';
import { FakeClock } from '../../src/testing/index.ts';

const refused = () => Promise.reject(Object.assign(new Error('no route'), { code: 'ECONNREFUSED' }));
const fine = async () => 'fine';

beforeEach(() => vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] }));
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

interface Post {
  readonly url: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: unknown;
}

/** A server that takes posts, and a process that tells it. */
async function rig(options: Partial<TrafficOptions> = {}) {
  const posts: Post[] = [];
  const fetched = vi.spyOn(globalThis, 'fetch');
  let answers = true;
  let answer = (response: ServerResponse) => void response.writeHead(204).end();
  const server = createServer(async (request, response) => {
    posts.push({ url: request.url, headers: request.headers, body: await json(request) });
    server.emit('told');
    answer(response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const clock = new FakeClock();
  const gear = new Switchgear({ store: new MemoryStore({ clock }), clock, random: () => 0, processId: 'p1' });
  const to = `http://127.0.0.1:${(server.address() as AddressInfo).port}/board`;
  const stop = reportTraffic(gear, { to, clock, ...options });
  const pass = async (ms: number) => {
    // One at a time: the answer to the one before is heard first, unless there is none.
    if (answers) await Promise.allSettled(fetched.mock.results.map(({ value }) => value));
    await new Promise((resolve) => setImmediate(resolve));
    vi.advanceTimersByTime(ms);
    await clock.advance(ms);
  };
  return {
    gear,
    posts,
    stop,
    pass,
    answerWith: (next: typeof answer | undefined) => {
      answers = next !== undefined;
      answer = next ?? (() => {});
    },
    /** Lets five seconds pass, and waits for what is told then. */
    async told(): Promise<unknown> {
      const next = once(server, 'told');
      await pass(5_000);
      await next;
      return posts.at(-1)?.body;
    },
  };
}

test('what was admitted, rejected and failed since the post before, by circuit', async () => {
  const { gear, posts, told, stop } = await rig({ token: 'reporter-token-of-32-characters!' });
  const payments = gear.breaker('payments', {
    failureThreshold: 2,
    resetTimeout: '1h',
    maxResetTimeout: '2h',
  });
  const odd = gear.breaker('__proto__');
  await payments.execute(fine);
  await odd.execute(fine);
  for (let calls = 0; calls < 3; calls++) await payments.execute(refused).catch(() => {});
  await odd
    .execute(() => Promise.reject(Object.assign(new Error('no such order'), { status: 404 })))
    .catch(() => {});
  expect(await told()).toEqual({
    process: 'p1',
    overMs: 5_000,
    circuits: {
      payments: { admitted: 3, rejected: 1, failed: 2 },
      ['__proto__']: { admitted: 2, rejected: 0, failed: 0 },
    },
  });
  expect(posts[0]).toMatchObject({
    url: '/board/v1/traffic',
    headers: { authorization: 'Bearer reporter-token-of-32-characters!', 'content-type': 'application/json' },
  });
  await odd.execute(fine);
  await stop();
  expect(posts.at(-1)?.body).toMatchObject({
    circuits: { ['__proto__']: { admitted: 1, rejected: 0, failed: 0 } },
  });
  expect(posts).toHaveLength(2);
});

test('without calls a sign of life every ten seconds, and nothing at the end', async () => {
  const { gear, posts, told, pass, stop } = await rig();
  gear.breaker('payments');
  expect(await told()).toMatchObject({ circuits: {} });
  await pass(5_000);
  expect(posts).toHaveLength(1);
  await told();
  expect(posts).toHaveLength(2);
  await stop();
  await pass(60_000);
  expect(posts).toHaveLength(2);
});

test('a control API that refuses is said once, without the token, and harms no call', async () => {
  const said = vi.spyOn(console, 'error').mockImplementation(() => {});
  const { gear, told, answerWith, stop } = await rig({ token: 'secret-secret-secret' });
  answerWith((response) => void response.writeHead(401).end('{"token":"secret-secret-secret"}'));
  const payments = gear.breaker('payments');
  for (let round = 0; round < 3; round++) {
    expect(await payments.execute(fine)).toBe('fine');
    // What was in the post before is lost: whether it was counted is not known.
    expect(await told()).toMatchObject({ circuits: { payments: { admitted: 1 } } });
  }
  await stop();
  expect(said).toHaveBeenCalledTimes(1);
  expect(String(said.mock.calls)).toMatch(
    /127\.0\.0\.1:\d+ is not told of calls \(it answers 401\); calls go on/,
  );
  expect(String(said.mock.calls)).not.toContain('secret');
});

test('one that is not there, or sends elsewhere, is said too; the end does not reject', async () => {
  const said = vi.spyOn(console, 'error').mockImplementation(() => {});
  const gone = createServer().listen(0, '127.0.0.1');
  await once(gone, 'listening');
  const { port } = gone.address() as AddressInfo;
  gone.close();
  await once(gone, 'close');
  const away = await rig({ to: `http://127.0.0.1:${port}` });
  await away.gear.breaker('payments').execute(fine);
  await away.stop();
  expect(String(said.mock.calls[0])).toContain('(ECONNREFUSED)');
  const elsewhere = await rig();
  elsewhere.answerWith((response) => void response.writeHead(307, { location: '/elsewhere' }).end());
  await elsewhere.gear.breaker('payments').execute(fine);
  await elsewhere.stop();
  expect(elsewhere.posts.map(({ url }) => url)).toEqual(['/board/v1/traffic']);
  expect(said).toHaveBeenCalledTimes(2);
});

test('one that does not answer gets no second post meanwhile, and does not hold the end', async () => {
  const said = vi.spyOn(console, 'error').mockImplementation(() => {});
  const { gear, posts, told, pass, answerWith, stop } = await rig();
  answerWith(undefined);
  const payments = gear.breaker('payments');
  await payments.execute(fine);
  await told();
  await payments.execute(fine);
  await pass(5_000);
  expect(posts).toHaveLength(1);
  answerWith((response) => void response.writeHead(204).end());
  await stop();
  expect(posts.map(({ body }) => body)).toMatchObject(
    Array(2).fill({ circuits: { payments: { admitted: 1 } } }),
  );
  expect(String(said.mock.calls)).toContain('TimeoutError');
});

test('a post is small; what does not fit is told next, nothing twice', async () => {
  const { gear, posts, told } = await rig();
  const names = Array.from({ length: 300 }, (_, at) => `${at}`.padEnd(200, '\u0416'));
  for (const name of names) await gear.breaker(name).execute(fine);
  const all: string[] = [];
  while (all.length < names.length) {
    const { circuits } = (await told()) as { circuits: object };
    all.push(...Object.keys(circuits));
    expect(Buffer.byteLength(JSON.stringify(posts.at(-1)?.body))).toBeLessThan(65_536);
  }
  expect(posts.length).toBeGreaterThan(1);
  expect(all.sort()).toEqual(names.sort());
});

test('an address or a time that is no use is refused when it is given, without its password', () => {
  const gear = new Switchgear({ store: new MemoryStore() });
  const wrong: [TrafficOptions, RegExp][] = [
    [{ to: 'switchboard:4280' }, /to is no usable address; allowed: http/],
    [{ to: 'ftp://switchboard' }, /to is no usable address/],
    [{ to: 'https://me:secret@switchboard' }, /without user and password/],
    [{ to: 'http://a', every: 999 }, /every is 999; allowed/],
    [{ to: 'http://a', every: '11s' }, /every is '11s'; allowed/],
    [{ to: 7 } as unknown as TrafficOptions, /to is 7; allowed/],
    [{} as TrafficOptions, /to is undefined; allowed/],
  ];
  for (const [options, said] of wrong) {
    expect(() => reportTraffic(gear, options)).toThrow(said);
    expect(() => reportTraffic(gear, options)).not.toThrow(/secret/);
  }
});
