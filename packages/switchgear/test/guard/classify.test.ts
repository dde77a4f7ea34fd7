import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BulkheadFullError, CircuitOpenError, TimeoutError } from '../../src/errors.ts';
import { failureName, isBreakable, retryAfterMs } from '../../src/guard/classify.ts';

const NOW_MS = Date.UTC(2026, 9, 21, 6, 30, 12, 345);

/** The dependency, which does as the path says. */
const server = createServer((incoming: IncomingMessage, response: ServerResponse) => {
  const [, what, detail] = new URL(incoming.url ?? '', 'http://x').pathname.split('/');
  if (what === 'hang') return;
  if (what === 'reset') return void incoming.socket.destroy();
  if (what === 'garbage') return void incoming.socket.end('SMTP ready\r\n\r\n');
  if (what === 'truncated') {
    response.writeHead(200, { 'content-length': '1000' }).write('{');
    return void setImmediate(() => incoming.socket.destroy());
  }
  if (what === 'status') return void response.writeHead(Number(detail), { 'retry-after': '7' }).end('no');
  // DynamoDB's way of saying it.
  const [status, type] = String(detail).split('-');
  response
    .writeHead(Number(status), { 'content-type': 'application/x-amz-json-1.0', 'retry-after': '7' })
    .end(JSON.stringify({ __type: `com.amazonaws.dynamodb.v20120810#${type}`, message: 'no' }));
});
let up = '';
let down = '';

beforeAll(async () => {
  up = await listening(server);
  const gone = createTcpServer();
  down = await listening(gone);
  await new Promise((closed) => gone.close(closed));
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

function listening(on: ReturnType<typeof createTcpServer>): Promise<string> {
  return new Promise((resolve) =>
    on.listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${(on.address() as AddressInfo).port}`)),
  );
}

async function failureOf(call: () => Promise<unknown>): Promise<unknown> {
  return call().then(
    () => Promise.reject(new Error('the call was to fail')),
    (error: unknown) => error,
  );
}

function expectFailure(error: unknown, name: string): void {
  expect({ breakable: isBreakable(error), name: failureName(error) }).toEqual({ breakable: true, name });
}

describe('Node’s fetch', () => {
  it.each([
    ['a refused connection', () => fetch(down), 'ECONNREFUSED'],
    ['an unknown host', () => fetch('http://nowhere.invalid'), /^(ENOTFOUND|EAI_AGAIN)$/],
    ['a reset connection', () => fetch(`${up}/reset`), /^(UND_ERR_SOCKET|ECONNRESET)$/],
    ['an answer that is not HTTP', () => fetch(`${up}/garbage`), /^HPE_/],
    ['a body that breaks off', () => fetch(`${up}/truncated`).then((r) => r.text()), /^(UND_ERR|ECONNRESET)/],
    ['AbortSignal.timeout', () => fetch(`${up}/hang`, { signal: AbortSignal.timeout(20) }), 'TimeoutError'],
  ])('%s is a failure', async (_, call, name) => {
    const error = await failureOf(call);
    expect(isBreakable(error)).toBe(true);
    expect(failureName(error)).toMatch(name);
  });

  it('a caller’s abort is none', async () => {
    const controller = new AbortController();
    const failed = failureOf(() => fetch(`${up}/hang`, { signal: controller.signal }));
    controller.abort();
    const error = await failed;
    expect([isBreakable(error), failureName(error)]).toEqual([false, 'AbortError']);
  });

  it.each([
    [503, true],
    [500, true],
    [429, true],
    [404, false],
    [400, false],
  ])('a thrown Response of %i: %s', async (status, breakable) => {
    const response = await fetch(`${up}/status/${status}`);
    const own = Object.assign(new Error('not ok'), { response });
    for (const error of [response, own, new Error('charge failed', { cause: own })])
      expect([isBreakable(error), retryAfterMs(error, NOW_MS)]).toEqual([breakable, 7_000]);
    if (breakable) expect(failureName(own)).toBe(`HTTP ${status}`);
  });

  it('a wrong use of it is a fault of the program', async () => {
    const error = await failureOf(() => fetch('http://['));
    expect([isBreakable(error), failureName(error)]).toEqual([false, 'TypeError']);
  });
});

describe('node:http and timers', () => {
  it('a refused connection', async () => {
    const error = await failureOf(() => new Promise((_, reject) => request(down).on('error', reject).end()));
    expectFailure(error, 'ECONNREFUSED');
  });

  it('a wait that AbortSignal.timeout ended says so behind its AbortError', async () => {
    expectFailure(
      await failureOf(() => wait(60_000, undefined, { signal: AbortSignal.timeout(5) })),
      'TimeoutError',
    );
  });
});

describe('AWS SDK v3', () => {
  // Long enough for an answer from a busy machine, but where the time-out is what is tested.
  const send = (endpoint: string, requestTimeout = 60_000) =>
    failureOf(() =>
      new DynamoDBClient({
        region: 'eu-west-1',
        endpoint,
        credentials: { accessKeyId: 'k', secretAccessKey: 's' },
        maxAttempts: 1,
        requestHandler: { requestTimeout, throwOnRequestTimeout: true },
      }).send(new GetItemCommand({ TableName: 't', Key: { PK: { S: 'x' } } })),
    );

  it.each([
    ['400-ProvisionedThroughputExceededException', 'ProvisionedThroughputExceededException'],
    ['400-ThrottlingException', 'ThrottlingException'],
    ['400-RequestLimitExceeded', 'RequestLimitExceeded'],
    ['500-InternalServerError', 'HTTP 500'],
    ['503-ServiceUnavailable', 'HTTP 503'],
  ])('%s is a failure', async (detail, name) => {
    const error = await send(`${up}/aws/${detail}`);
    expectFailure(error, name);
    expect(retryAfterMs(error, NOW_MS)).toBe(7_000);
  });

  it.each([
    ['400-ConditionalCheckFailedException'],
    ['400-ValidationException'],
    ['400-ResourceNotFoundException'],
  ])('%s is an answer', async (detail) => {
    const error = await send(`${up}/aws/${detail}`);
    expect([isBreakable(error), failureName(error)]).toEqual([false, detail.split('-')[1]]);
  });

  it('no connection, and a time-out', async () => {
    expectFailure(await send(down), 'ECONNREFUSED');
    expectFailure(await send(`${up}/hang`, 50), 'TimeoutError');
  });

  it('a fault of the server without a status', () => {
    const error = Object.assign(new Error(), { name: 'InternalFailure', $fault: 'server', $metadata: {} });
    expectFailure(error, 'InternalFailure');
  });
});

describe('axios 1.13 (lib/core/AxiosError.js, settle.js, adapters/http.js)', () => {
  const axios = (code: string, more: object = {}) =>
    Object.assign(new Error('m'), { name: 'AxiosError', isAxiosError: true, code, config: {}, ...more });
  const answered = (status: number) =>
    axios(status < 500 ? 'ERR_BAD_REQUEST' : 'ERR_BAD_RESPONSE', {
      status,
      response: { status, headers: { 'retry-after': '3', get: undefined }, data: {} },
    });
  const wrapped = (cause: object) => {
    const error = axios('ECONNRESET');
    return Object.defineProperty(error, 'cause', { value: cause, enumerable: false });
  };

  it.each([
    ['HTTP 503', answered(503)],
    ['HTTP 429', answered(429)],
    ['ECONNABORTED', axios('ECONNABORTED')],
    ['ETIMEDOUT', axios('ETIMEDOUT')],
    ['ERR_NETWORK', axios('ERR_NETWORK')],
    ['ECONNRESET', wrapped(new Error('socket hang up'))],
  ])('%s is a failure', (name, error) => expectFailure(error, name));

  it.each([
    ['a 404', answered(404)],
    ['a cancel', Object.assign(axios('ERR_CANCELED'), { name: 'CanceledError', __CANCEL__: true })],
    ['a bad option', axios('ERR_BAD_OPTION_VALUE')],
  ])('%s is none', (_, error) => expect(isBreakable(error)).toBe(false));

  it('has its headers in an object with a `get`', () => {
    class AxiosHeaders {
      'Retry-After' = '11';
      get(name: string) {
        return name.toLowerCase() === 'retry-after' ? this['Retry-After'] : undefined;
      }
    }
    const error = axios('ERR_BAD_RESPONSE', { response: { status: 503, headers: new AxiosHeaders() } });
    expect(retryAfterMs(error, NOW_MS)).toBe(11_000);
    expect(retryAfterMs(answered(503), NOW_MS)).toBe(3_000);
  });
});

describe('got 14 (source/core/errors.ts)', () => {
  const got = (name: string, code: string, statusCode?: number) =>
    Object.defineProperty(Object.assign(new Error('m'), { name, code }), 'response', {
      value: statusCode && { statusCode, headers: { 'retry-after': '2' } },
      enumerable: false,
    });

  it.each([
    ['HTTP 502', got('HTTPError', 'ERR_NON_2XX_3XX_RESPONSE', 502)],
    ['TimeoutError', got('TimeoutError', 'ETIMEDOUT')],
    ['ECONNREFUSED', got('RequestError', 'ECONNREFUSED')],
    ['ECONNRESET', got('ReadError', 'ECONNRESET', 200)],
  ])('%s is a failure', (name, error) => expectFailure(error, name));

  it.each([
    ['HTTP 404', got('HTTPError', 'ERR_NON_2XX_3XX_RESPONSE', 404)],
    ['a cancel', got('CancelError', 'ERR_CANCELED')],
    ['a body that is no JSON', got('ParseError', 'ERR_BODY_PARSE_FAILURE', 200)],
  ])('%s is none', (_, error) => expect(isBreakable(error)).toBe(false));
});

describe('undici 7 (lib/core/errors.js)', () => {
  const undici = (name: string, code: string, more: object = {}) =>
    Object.assign(new Error('m'), { name, code, ...more });

  it.each([
    ['UND_ERR_CONNECT_TIMEOUT', undici('ConnectTimeoutError', 'UND_ERR_CONNECT_TIMEOUT')],
    ['UND_ERR_HEADERS_TIMEOUT', undici('HeadersTimeoutError', 'UND_ERR_HEADERS_TIMEOUT')],
    ['UND_ERR_BODY_TIMEOUT', undici('BodyTimeoutError', 'UND_ERR_BODY_TIMEOUT')],
    ['UND_ERR_SOCKET', undici('SocketError', 'UND_ERR_SOCKET')],
    ['HTTP 503', undici('ResponseError', 'UND_ERR_RESPONSE', { statusCode: 503, headers: {} })],
  ])('%s is a failure', (name, error) => expectFailure(error, name));

  it.each([
    ['HTTP 404', undici('ResponseError', 'UND_ERR_RESPONSE', { statusCode: 404, headers: {} })],
    ['an abort', undici('AbortError', 'UND_ERR_ABORTED')],
    ['a wrong argument', undici('InvalidArgumentError', 'UND_ERR_INVALID_ARG')],
  ])('%s is none', (_, error) => expect(isBreakable(error)).toBe(false));
});

describe('our own errors', () => {
  it('a time-out of a breaker within counts; a rejection by it does not (L6)', () => {
    expectFailure(new TimeoutError('payments', 5), 'TimeoutError');
    expectFailure(Object.assign(new TimeoutError('payments', 5), { name: 'a' }), 'TimeoutError');
    expect(isBreakable(new CircuitOpenError('payments', { state: 'open', retryAfterMs: 5 }))).toBe(false);
    expect(isBreakable(new BulkheadFullError('payments', 'queue full', ''))).toBe(false);
  });
});

describe('chains', () => {
  const refused = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' });

  it('a cause, several levels down', () => {
    const error = new Error('order', {
      cause: new Error('payment', { cause: new TypeError('x', { cause: refused }) }),
    });
    expectFailure(error, 'ECONNREFUSED');
  });

  it('one of many, as of an address with two families or Promise.any', () => {
    expectFailure(new AggregateError([new Error('a'), refused]), 'ECONNREFUSED');
    expect(isBreakable(new AggregateError([new Error('a'), new TypeError('b')]))).toBe(false);
  });

  it('an answer stands, whatever lies behind it', () => {
    const notFound = Object.assign(new Error('no such order', { cause: refused }), { status: 404 });
    expect(isBreakable(notFound)).toBe(false);
    expect(isBreakable(new Error('order', { cause: notFound }))).toBe(false);
  });

  it('circles and chains without an end', () => {
    const a = new Error('a');
    const b = new AggregateError([a], 'b', { cause: a });
    a.cause = b;
    expect(isBreakable(a)).toBe(false);
    const endless: unknown = new Proxy(
      {},
      { get: (_, key) => (key === 'cause' || key === '0' ? endless : undefined) },
    );
    expect(isBreakable(endless)).toBe(false);
    const fresh = (): object => ({
      get cause() {
        return fresh();
      },
      get errors() {
        return [fresh(), fresh()];
      },
    });
    expect(isBreakable(fresh())).toBe(false);
    b.errors.push(refused);
    expectFailure(a, 'ECONNREFUSED');
  });
});

describe('programming errors and hostile values', () => {
  it.each([
    ['TypeError', new TypeError('x is not a function')],
    ['RangeError', new RangeError('?')],
    ['ERR_ASSERTION', Object.assign(new Error('?'), { name: 'AssertionError', code: 'ERR_ASSERTION' })],
    ['ENOENT', Object.assign(new Error('?'), { code: 'ENOENT' })],
  ])('%s is none of the dependency’s', (name, error) =>
    expect([isBreakable(error), failureName(error)]).toEqual([false, name]),
  );

  it('a name never is a message', () => {
    const secret = 'password hunter2 refused';
    for (const error of [
      new Error(secret),
      Object.assign(new Error(secret), { name: secret }),
      Object.assign(new Error(secret), { code: secret }),
      Object.assign(new Error(secret), { name: `Throttling ${secret}` }),
      secret,
    ])
      expect(failureName(error)).toBe('Error');
    expect(failureName({ code: 'x'.repeat(65), name: 'y'.repeat(64) })).toBe('y'.repeat(64));
  });

  it('nothing makes it throw', () => {
    const thrower = () => {
      throw new Error('hostile');
    };
    const traps = { get: thrower, has: thrower, getPrototypeOf: thrower, ownKeys: thrower };
    const hostile = [
      null,
      undefined,
      0,
      'x',
      Symbol('x'),
      10n,
      thrower,
      Object.create(null),
      new Proxy({}, traps),
      new Proxy(thrower, traps),
      { cause: new Proxy({}, traps), errors: new Proxy([], traps), response: new Proxy({}, traps) },
      { response: { headers: { get: thrower } } },
      {
        get code() {
          return thrower();
        },
        get status() {
          return thrower();
        },
      },
      {
        code: { toString: thrower },
        name: Symbol('x'),
        status: { valueOf: thrower },
        headers: { 'retry-after': {} },
      },
    ];
    for (const error of hostile) {
      expect(isBreakable(error)).toBe(false);
      expect(failureName(error)).toMatch(/^\w+$/);
      expect(retryAfterMs(error, NOW_MS)).toBeUndefined();
    }
    fc.assert(
      fc.property(fc.anything(), (error) => {
        expect(failureName(error)).toMatch(/^(HTTP )?[\w$.:-]{1,64}$/);
        expect(typeof isBreakable(error)).toBe('boolean');
        retryAfterMs(error, NOW_MS);
      }),
    );
  });
});

describe('Retry-After', () => {
  const asking = (value: unknown) => ({ response: { headers: { 'retry-after': value } } });

  it.each([
    ['120', 120_000],
    [5, 5_000],
    ['0', 0],
    [new Date(NOW_MS + 90_000).toUTCString(), 90_000 - 345],
    [new Date(NOW_MS - 90_000).toUTCString(), undefined],
    ['soon', undefined],
    ['2099-01-01', undefined],
    ['1.5', undefined],
    ['-3', undefined],
    ['nonsense GMT', undefined],
    ['', undefined],
    [['7'], undefined],
  ])('%s is %s ms', (value, ms) => expect(retryAfterMs(asking(value), NOW_MS)).toBe(ms));

  it('is found behind a cause', () => {
    expect(retryAfterMs(new Error('order', { cause: asking('4') }), NOW_MS)).toBe(4_000);
  });
});
