import { Readable } from 'node:stream';
import axios, { type AxiosError } from 'axios';
import { describe, expect, test } from 'vitest';
import { guardedAdapter } from '../../src/axios/index.ts';
import type { Breaker } from '../../src/breaker.ts';
import { compose, retry } from '../../src/guard/index.ts';
import { type Client, caught, clientCases, rig } from './cases.ts';

const makeClient =
  (adapter: 'http' | 'fetch') =>
  (url: string, breaker?: Breaker): Client => {
    const instance = axios.create({
      baseURL: url,
      adapter: breaker ? guardedAdapter(breaker, adapter) : adapter,
    });
    return {
      send: (signal) =>
        instance.get('/', signal ? { signal } : {}).then(
          ({ status }) => status,
          (error: AxiosError) => {
            if (error.response) return error.response.status;
            throw error;
          },
        ),
      close: () => {},
    };
  };

describe('guardedAdapter over axios’s http', () => {
  clientCases(makeClient('http'), { aborts: true, readsBody: true });
});

describe('guardedAdapter over axios’s fetch', () => {
  clientCases(makeClient('fetch'), { aborts: true, readsBody: true, refusal: 'ERR_NETWORK' });
});

describe('guardedAdapter', () => {
  const r = rig();

  test('a status that axios was told to accept counts all the same', async () => {
    const { breaker } = r.breaker();
    const client = axios.create({ adapter: guardedAdapter(breaker), validateStatus: () => true });
    r.server.health = 'unavailable';
    expect((await client.get(r.server.url)).status).toBe(503);
    expect((await client.get(r.server.url)).status).toBe(503);
    expect(await caught(client.get(r.server.url))).toMatchObject({ code: 'CIRCUIT_OPEN' });
  });

  test('answers and errors carry the config that axios made: it can be sent again', async () => {
    const { breaker } = r.breaker({ timeout: '2s' });
    const client = axios.create({ adapter: guardedAdapter(breaker) });
    expect((await client.get(r.server.url)).config.signal).toBeUndefined();
    r.server.health = 'unavailable';
    const error = (await caught(client.get(r.server.url))) as AxiosError;
    expect(error.config?.signal).toBeUndefined();
    expect(error.response?.config).toBe(error.config);
    r.server.health = 'well';
    expect((await client.request(error.config ?? {})).status).toBe(200);
  });

  test('axios’s own timeout is a failure', async () => {
    const { breaker } = r.breaker({ failureThreshold: 10 });
    const client = axios.create({ adapter: guardedAdapter(breaker) });
    r.server.health = 'silent';
    expect(await caught(client.get(r.server.url, { timeout: 20 }))).toMatchObject({ code: 'ECONNABORTED' });
    expect(breaker.state.evidence.failures).toBe(1);
  });

  test('a body that is a stream is sent once, another as often as the guard wants', async () => {
    const { breaker, clock } = r.breaker();
    const again = retry({ clock, random: () => 0, maxDelay: '100s' });
    const client = axios.create({ adapter: guardedAdapter(compose(breaker, again)) });
    r.server.health = 'unavailable';
    const stream = caught(client.post(r.server.url, Readable.from(['order'])));
    expect(await stream).toMatchObject({ response: { status: 503 } });
    expect(r.server.requests).toEqual(['order']);
    const text = caught(client.post(r.server.url, 'text'));
    while (r.server.requests.length < 4) await clock.advance(70_000).then(() => new Promise(setImmediate));
    expect(await text).toMatchObject({ response: { status: 503 } });
    expect(r.server.requests.slice(1)).toEqual(['text', 'text', 'text']);
  });

  test('a cancel token ends its request as it would have, counts as nothing, and is repeated by nobody', async () => {
    const { breaker } = r.breaker({ failureThreshold: 1 });
    const again = retry({ random: () => 0, minDelay: 1, isRetryable: (error) => !axios.isCancel(error) });
    const client = axios.create({ adapter: guardedAdapter(compose(breaker, again)) });
    const { token, cancel } = axios.CancelToken.source();
    r.server.health = 'silent';
    const arrival = r.server.arrival();
    const call = caught(client.get(r.server.url, { cancelToken: token }));
    await arrival;
    cancel('enough');
    expect(await call).toMatchObject({ code: 'ERR_CANCELED', message: 'enough' });
    expect(r.server.requests.length).toBe(1);
    expect(breaker.state).toMatchObject({ state: 'closed', evidence: { failures: 0 } });
  });

  test('interceptors see the rejection', async () => {
    const { breaker, gear, operator } = r.breaker();
    await operator.setStates({ dependency: { mode: 'forced-open', reason: 'test' } });
    await gear.warm();
    const client = axios.create({ adapter: guardedAdapter(breaker) });
    const seen: unknown[] = [];
    client.interceptors.response.use(undefined, (error) => {
      seen.push(error);
      throw error;
    });
    const error = await caught(client.get(r.server.url));
    expect(seen).toEqual([error]);
    expect(error).toMatchObject({ code: 'CIRCUIT_OPEN', state: 'forced-open' });
  });
});
