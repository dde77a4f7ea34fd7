import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { MemoryStore, Switchgear } from 'switchgear';
import { FakeClock } from 'switchgear/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  type Check,
  checkHealth,
  type HealthReport,
  httpCheck,
  proberOf,
} from '../src/lambda/health-check.ts';

const OPTIONS = { failureThreshold: 1, resetTimeout: '10s', jitter: 0, healthCheckGrace: '30s' } as const;

let clock: FakeClock;
let store: MemoryStore;
let lines: string[];
beforeEach(() => {
  clock = new FakeClock();
  store = new MemoryStore({ clock });
  lines = [];
});

const works: Check = async () => {};
const fails: Check = () => Promise.reject(Object.assign(new Error('down'), { status: 503 }));

function gear(prober: boolean) {
  const timing = { cacheTtl: 1_000, awaitReports: true };
  return new Switchgear({ store, clock, random: () => 0, prober, defaults: OPTIONS, ...timing });
}

/** A health check as a new process would make it. */
function healthCheck(check: Check, timeoutMs = 1_000): Promise<HealthReport> {
  return checkHealth({
    breaker: proberOf(gear(true), 'payments'),
    check,
    timeoutMs,
    log: (line) => lines.push(line),
    now: () => clock.now(),
  });
}

describe('a health check', () => {
  test('of a healthy dependency is a call like any other', async () => {
    expect(await healthCheck(works)).toMatchObject({ healthy: true, counted: true });
    expect(JSON.parse(lines[0] as string)).toMatchObject({
      _aws: {
        Timestamp: clock.now(),
        CloudWatchMetrics: [{ Namespace: 'Switchgear', Dimensions: [['circuit']] }],
      },
      circuit: 'payments',
      HealthCheckFailures: 0,
      CircuitOpenness: 0,
    });
  });

  test('that fails counts as a failure', async () => {
    expect(await healthCheck(fails)).toMatchObject({ healthy: false, counted: true });
    const [record] = await store.load(['payments'], () => ({ bucketMs: 6_000, buckets: 10 }));
    expect(record?.state).toBe('open');
    expect(JSON.parse(lines[0] as string)).toMatchObject({ HealthCheckFailures: 1, CircuitOpenness: 1 });
  });

  test.each<[string, Check]>([
    [
      'rejects with an error that says nothing of a dependency',
      () => Promise.reject(new Error('3 orders hang')),
    ],
    ['is answered 404', () => Promise.reject(Object.assign(new Error('gone'), { status: 404 }))],
    [
      'throws at once',
      () => {
        throw new TypeError('no such thing');
      },
    ],
    ['never ends, and heeds no signal', () => new Promise(() => {})],
  ])('that %s has failed all the same', async (_, check) => {
    expect(await healthCheck(check, 20)).toMatchObject({ healthy: false, counted: true });
    const [record] = await store.load(['payments'], () => ({ bucketMs: 6_000, buckets: 10 }));
    expect(record?.state).toBe('open');
  });

  test('of an open circuit tests beside it, and moves nothing', async () => {
    await healthCheck(fails);
    const [before] = await store.load(['payments'], () => ({ bucketMs: 6_000, buckets: 10 }));
    expect(await healthCheck(works)).toMatchObject({ healthy: true, counted: false });
    expect(await healthCheck(fails)).toMatchObject({ healthy: false, counted: false });
    expect(await store.load(['payments'], () => ({ bucketMs: 6_000, buckets: 10 }))).toEqual([before]);
  });

  test('probes in the place of customers, and closes the circuit', async () => {
    await healthCheck(fails);
    await clock.advance(11_000);
    const customer = gear(false).breaker('payments', OPTIONS);
    await expect(customer.execute(async () => 'called')).rejects.toMatchObject({ code: 'CIRCUIT_OPEN' });
    expect(await healthCheck(works)).toMatchObject({ healthy: true, counted: true });
    const [record] = await store.load(['payments'], () => ({ bucketMs: 6_000, buckets: 10 }));
    expect(record).toMatchObject({ state: 'closed', transition: { reason: 'recovered' } });
  });
});

describe('of HTTP', () => {
  let server: Server;
  let url: string;
  let status = 200;
  beforeAll(async () => {
    server = createServer((_, response) => {
      if (status) response.writeHead(status).end('body');
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/health`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  test.each([200, 204, 302, 399])('%i is well', async (answer) => {
    status = answer;
    await httpCheck(url)(AbortSignal.timeout(5_000));
  });

  test.each([400, 404, 429, 500, 503])('%i is not', async (answer) => {
    status = answer;
    await expect(httpCheck(url)(AbortSignal.timeout(5_000))).rejects.toMatchObject({ status: answer });
  });

  test('no answer in time is not', async () => {
    status = 0;
    await expect(httpCheck(url)(AbortSignal.timeout(20))).rejects.toMatchObject({ name: 'TimeoutError' });
  });
});
