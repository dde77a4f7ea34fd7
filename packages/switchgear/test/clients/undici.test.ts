import { constants, createServer, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { Writable } from 'node:stream';
import { Agent, H2CClient, interceptors, request, stream, fetch as undiciFetch } from 'undici';
import { describe, expect, test } from 'vitest';
import type { Breaker } from '../../src/breaker.ts';
import { fallback, lastGoodAnswer, retry } from '../../src/guard/index.ts';
import { guardedDispatch } from '../../src/undici/index.ts';
import { type Client, caught, clientCases, rig } from './cases.ts';

function agents() {
  const agent = new Agent();
  return { agent, guarded: (breaker: Breaker<unknown>) => agent.compose(guardedDispatch(breaker)) };
}

function client(url: string, breaker?: Breaker): Client {
  const { agent, guarded } = agents();
  const dispatcher = breaker ? guarded(breaker) : agent;
  return {
    async send(signal) {
      const { statusCode, body } = await request(url, { dispatcher, ...(signal && { signal }) });
      await body.dump();
      return statusCode;
    },
    close: () => agent.destroy(),
  };
}

describe('guardedDispatch', () => {
  clientCases(client, { aborts: true, readsBody: false });

  const r = rig();

  test('undici’s fetch and stream go through it as well', async () => {
    const { breaker } = r.breaker();
    const { agent, guarded } = agents();
    const dispatcher = guarded(breaker);
    const response = await undiciFetch(r.server.url, { dispatcher });
    expect(await response.json()).toEqual({ MessageId: 'm-1' });
    let text = '';
    const sink = () =>
      new Writable({
        write(chunk, _, done) {
          text += chunk;
          done();
        },
      });
    await stream(r.server.url, { dispatcher, method: 'GET' }, sink);
    expect(text).toBe('{"MessageId":"m-1"}');
    r.server.health = 'unavailable';
    await undiciFetch(r.server.url, { dispatcher });
    await undiciFetch(r.server.url, { dispatcher });
    const rejected = (await caught(undiciFetch(r.server.url, { dispatcher }))) as Error;
    expect(rejected.cause ?? rejected).toMatchObject({ code: 'CIRCUIT_OPEN' });
    await agent.destroy();
  });

  test('undici’s retry before it repeats inside one outcome, behind it with an outcome each', async () => {
    const { agent } = agents();
    const again = interceptors.retry({ maxRetries: 2, minTimeout: 1, maxTimeout: 1, retryAfter: false });
    r.server.health = 'unavailable';
    for (const [order, failures] of [
      ['before', 1],
      ['behind', 3],
    ] as const) {
      const { breaker } = r.breaker({ failureThreshold: 100 });
      const own = guardedDispatch(breaker);
      const dispatcher = order === 'before' ? agent.compose(again, own) : agent.compose(own, again);
      await caught(request(r.server.url, { dispatcher }));
      expect(breaker.state.evidence.failures).toBe(failures);
    }
    expect(r.server.requests.length).toBe(6);
    await agent.destroy();
  });

  test('a request that never had a connection ends at its timeout, and is not sent afterwards', async () => {
    const { breaker, clock } = r.breaker({ timeout: '2s' });
    const agent = new Agent({ connections: 1, pipelining: 1 });
    r.server.health = 'silent';
    const arrival = r.server.arrival();
    const controller = new AbortController();
    const { signal } = controller;
    const blocking = caught(request(r.server.url, { dispatcher: agent, signal }));
    await arrival;
    const waiting = caught(request(r.server.url, { dispatcher: agent.compose(guardedDispatch(breaker)) }));
    await clock.advance(2_000);
    expect(await waiting).toMatchObject({ code: 'CALL_TIMEOUT' });
    expect(breaker.state.evidence.failures).toBe(1);
    r.server.health = 'well';
    controller.abort();
    await blocking;
    // Behind it in the same queue.
    await (await request(r.server.url, { dispatcher: agent })).body.dump();
    expect(r.server.requests.length).toBe(2);
    await agent.destroy();
  });

  test('guards of the breaker neither send a request twice nor answer it', async () => {
    const { gear, clock } = r.breaker();
    const breaker = gear.breaker('with guards', {
      failureThreshold: 2,
      guards: [
        fallback('none'),
        lastGoodAnswer({ clock }),
        retry({ clock, random: () => 0, maxDelay: '100s' }),
      ],
    });
    const { agent, guarded } = agents();
    const dispatcher = guarded(breaker);
    const send = async () => {
      const { statusCode, body } = await request(r.server.url, { dispatcher });
      await body.dump();
      return statusCode;
    };
    expect(await send()).toBe(200);
    r.server.health = 'unavailable';
    expect([await send(), await send()]).toEqual([503, 503]);
    expect(await caught(send())).toMatchObject({ code: 'CIRCUIT_OPEN' });
    expect(r.server.requests.length).toBe(3);
    await agent.destroy();
  });

  test('a head that only announces another is no verdict', async () => {
    const { breaker } = r.breaker();
    const { agent, guarded } = agents();
    r.server.health = 'hinting';
    const { statusCode, body } = await request(r.server.url, { dispatcher: guarded(breaker) });
    await body.dump();
    expect([statusCode, breaker.state.evidence.failures]).toEqual([500, 1]);
    await agent.destroy();
  });

  test('over HTTP/2: a stream that is refused or broken, and a connection that ends, count; the next one is well', async () => {
    const { breaker } = r.breaker({ failureThreshold: 100 });
    let end: (stream: ServerHttp2Stream) => void = () => {};
    const server = createServer().on('stream', (stream) => end(stream.on('error', () => {})));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const client = new H2CClient(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const dispatcher = client.compose(guardedDispatch(breaker));
    const failures: number[] = [];
    const well = (stream: ServerHttp2Stream) => {
      stream.respond({ ':status': 200 });
      stream.end('well');
    };
    const { NGHTTP2_REFUSED_STREAM, NGHTTP2_INTERNAL_ERROR } = constants;
    for (const how of [
      well,
      (stream: ServerHttp2Stream) => stream.close(NGHTTP2_REFUSED_STREAM),
      (stream: ServerHttp2Stream) => stream.close(NGHTTP2_INTERNAL_ERROR),
      (stream: ServerHttp2Stream) => stream.session?.destroy(),
      well,
    ]) {
      end = how;
      const answer = await caught(
        dispatcher.request({ path: '/', method: 'GET' }).then(({ body }) => body.text()),
      );
      if (how === well) expect(answer).toBe('well');
      else expect(answer).toBeInstanceOf(Error);
      failures.push(breaker.state.evidence.failures);
    }
    expect(failures).toEqual([0, 1, 2, 3, 3]);
    await client.destroy();
    await new Promise((resolve) => server.close(resolve));
  });

  test('redirects: behind it each is an outcome, before it all of them are one', async () => {
    const told: string[][] = [];
    for (const order of ['before', 'behind'] as const) {
      const { gear, breaker } = r.breaker();
      const outcomes: string[] = [];
      gear.onCall(({ outcome }) => outcomes.push(outcome));
      const { agent } = agents();
      const own = guardedDispatch(breaker);
      const follow = interceptors.redirect({ maxRedirections: 3 });
      const dispatcher = order === 'before' ? agent.compose(follow, own) : agent.compose(own, follow);
      r.server.health = 'moved';
      const { statusCode, body } = await request(r.server.url, { dispatcher });
      await body.dump();
      expect(statusCode).toBe(200);
      told.push(outcomes);
      await agent.destroy();
    }
    expect(told).toEqual([['success'], ['success', 'success']]);
  });

  test('a request that is wrong counts as nothing', async () => {
    const { breaker } = r.breaker({ failureThreshold: 1 });
    const { agent, guarded } = agents();
    const wrong = request(r.server.url, { dispatcher: guarded(breaker), headers: { 'bad name': 'x' } });
    expect(await caught(wrong)).toMatchObject({ code: 'UND_ERR_INVALID_ARG' });
    expect(breaker.state.state).toBe('closed');
    await agent.destroy();
  });
});
