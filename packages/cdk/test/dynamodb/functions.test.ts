/**
 * The functions that constructs bring, as they are deployed: bundled by a synthesis, each in a Node process of its own with the
 * environment that its template gives it, before DynamoDB Local. The rights of each are exactly what it asks for.
 */

import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Alarm } from 'aws-cdk-lib/aws-cloudwatch';
import { Table } from 'aws-cdk-lib/aws-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import {
  AlarmTrip,
  CircuitBreakerTable,
  type CircuitLayout,
  ControlApi,
  HealthCheck,
} from '../../src/index.ts';
import { readEvent } from '../events/read-event.ts';
import { allowed } from '../stack.ts';
import { Bench } from './bench.ts';
import { assetFolder, type LambdaFunction, SYNTHESIS_MS, startFunction } from './lambda.ts';
import { RecordingProxy } from './recording-proxy.ts';
import { misfits } from './requests.ts';

const LAYOUTS: Readonly<Record<string, CircuitLayout>> = {
  'single table': {},
  'no sort key': { partitionKey: 'id', sortKey: null, keyPrefix: 'cb/', ttlAttribute: 'expires-at' },
};

interface Rig {
  readonly bench: Bench;
  readonly proxy: RecordingProxy;
}

let rigs: readonly Rig[];
/** What the health check asks. */
let dependency: Server;
let status = 200;
let outdir: string;
let templates: ReadonlyMap<string, Template>;
const running: LambdaFunction[] = [];

beforeAll(async () => {
  rigs = await Promise.all(
    Object.values(LAYOUTS).map(async (layout) => ({
      bench: await Bench.start(Date.now, layout),
      proxy: await RecordingProxy.before(inject('dynamodbEndpoint'), layout.partitionKey ?? 'PK'),
    })),
  );
  dependency = createServer((_, response) => response.writeHead(status).end()).listen(0, '127.0.0.1');
  await once(dependency, 'listening');
  outdir = assetFolder();
  templates = synthesise();
}, SYNTHESIS_MS);
afterAll(() => {
  for (const { process } of running) process.kill();
  for (const { bench, proxy } of rigs) {
    proxy.close();
    bench.close();
  }
  dependency.closeAllConnections();
  dependency.close();
  rmSync(outdir, { recursive: true });
});

const nameOf = (what: string, at: number) => `${what}${at}`;

/** A stack for each function, so that its rights are its own. */
function synthesise(): ReadonlyMap<string, Template> {
  const app = new App({ outdir, analyticsReporting: false });
  const url = `http://127.0.0.1:${(dependency.address() as AddressInfo).port}/health`;
  const environment = {
    ...{ SWITCHGEAR_FAILURE_THRESHOLD: '1', SWITCHGEAR_RESET_TIMEOUT: '1s', SWITCHGEAR_JITTER: '0' },
    ...{ SWITCHGEAR_CACHE_TTL: '50ms', SWITCHGEAR_STORE_TIMEOUT: '5s' },
  };
  const constructs: Readonly<Record<string, (stack: Stack, table: CircuitBreakerTable) => unknown>> = {
    health: (stack, table) => {
      const props = { table, circuit: 'ledger', check: { url }, environment, trip: false };
      return new HealthCheck(stack, 'Health', props);
    },
    alarm: (stack, table) => {
      const alarms = [Alarm.fromAlarmArn(stack, 'Alarm', 'arn:aws:cloudwatch:eu-central-1:1:alarm:x')];
      return new AlarmTrip(stack, 'Trip', { table, circuit: 'payments', alarms });
    },
    viewer: (stack, table) => new ControlApi(stack, 'Look', { table }),
    operator: (stack, table) => new ControlApi(stack, 'Operate', { table, role: 'operator' }),
  };
  for (const [at, layout] of Object.values(LAYOUTS).entries())
    for (const [what, build] of Object.entries(constructs)) {
      const stack = new Stack(app, nameOf(what, at));
      const table = Table.fromTableName(stack, 'Existing', rigs[at]?.bench.tableName ?? '');
      build(stack, new CircuitBreakerTable(stack, 'Circuits', { ...layout, table }));
    }
  return new Map(
    app.synth().stacks.map(({ stackName, template }) => [stackName, Template.fromJSON(template)]),
  );
}

describe.each(Object.keys(LAYOUTS).map((name, at) => [name, at] as const))('%s', (_, at) => {
  let bench: Bench;
  let proxy: RecordingProxy;
  beforeEach(() => {
    ({ bench, proxy } = rigs[at] as Rig);
    proxy.forget();
    proxy.lose = async () => false;
    status = 200;
  });

  const templateOf = (what: string) => templates.get(nameOf(what, at)) as Template;

  /** The function of a stack, in a new environment. */
  async function start(what: string): Promise<(event: unknown) => Promise<unknown>> {
    const lambda = await startFunction(templateOf(what), outdir, proxy.endpoint);
    running.push(lambda);
    return lambda.invoke;
  }

  const asksForExactlyItsRights = (what: string) =>
    expect(misfits(allowed(templateOf(what)), proxy.asked)).toEqual([]);

  test('the health check trips, probes and closes; a lost answer is looked for', async () => {
    const circuit = 'ledger';
    const invoke = await start('health');
    // What it is started with says nothing of a dependency: a document, the same once more, or none.
    const event = readEvent('scheduled');
    const check = async (started: unknown = event) =>
      (await invoke(started)) as { healthy: boolean; counted: boolean };
    const recovery = async () => {
      status = 200;
      while (!(await check()).counted);
      expect((await bench.record(circuit)).state).toBe('closed');
    };
    for (const started of [event, event, null, 'malformed'])
      expect(await check(started)).toMatchObject({ healthy: true, counted: true });
    status = 503;
    expect(await check()).toMatchObject({ healthy: false, counted: true });
    expect((await bench.record(circuit)).state).toBe('open');
    await recovery();
    // An operator comes between the next trip and its answer, which is lost: the history has it.
    proxy.lose = async (body) => {
      if (!body.includes('#openUntilMs = ')) return false;
      proxy.lose = async () => false;
      await bench.store.clear([circuit], { by: 'ana', reason: 'test' });
      return true;
    };
    status = 503;
    await check();
    await recovery();
    asksForExactlyItsRights('health');
  });

  test('an alarm opens the circuit, its OK lets it recover', async () => {
    const heed = await start('alarm');
    const event = (file: string, atMs: number) => {
      const { detail, ...rest } = readEvent(file) as { detail: { state: object } };
      const timestamp = new Date(atMs).toISOString().replace('Z', '+0000');
      return { ...rest, detail: { ...detail, state: { ...detail.state, timestamp } } };
    };
    const forced = async () => (await bench.record('payments')).override;
    expect(await heed(event('alarm-on', Date.now() - 2_000))).toBe('changed');
    expect(await forced()).toMatchObject({ mode: 'forced-open', reason: expect.stringMatching(/^ALARM/) });
    expect(await heed(event('alarm-off', Date.now()))).toBe('changed');
    expect(await forced()).toMatchObject({ mode: 'forced-open', reason: expect.stringMatching(/^OK/) });
    expect(await heed({})).toBe('nothing');
    asksForExactlyItsRights('alarm');
  });

  /** Asks as a function URL does; gives the status. */
  async function client(what: string) {
    const invoke = await start(what);
    const url = readEvent('function-url') as { requestContext: { http: object } };
    return async (method: string, rawPath: string, body?: object) => {
      const http = { ...url.requestContext.http, method, path: rawPath };
      const requestContext = { ...url.requestContext, http };
      const event = { ...url, rawPath, requestContext, ...(body && { body: JSON.stringify(body) }) };
      return ((await invoke(event)) as { statusCode: number }).statusCode;
    };
  }
  const PARTS = ['', '/history', '/override', '/policy'].map((part) => `/v1/circuits/new${part}`);
  const LOOKS = ['/metrics', '/v1/health', '/v1/circuits', ...PARTS];

  test.each(['operator', 'viewer'])('the control API for %ss', async (role) => {
    const ask = await client(role);
    const act = (method: string, path: string, body: object) =>
      ask(method, `/v1/circuits/new/${path}`, { reason: 'test', ...body });
    const acts = [
      await act('PUT', 'override', { mode: 'forced-open' }),
      await act('PUT', 'override', { mode: 'disabled' }),
      await act('PUT', 'policy', { values: { quorum: 1 } }),
      await act('PUT', 'policy', { values: { quorum: 2 } }),
      await act('POST', 'reset', {}),
      await act('POST', 'recovered', {}),
    ];
    expect(new Set(acts)).toEqual(new Set([role === 'operator' ? 200 : 403]));
    // Where there is a history now.
    for (const path of LOOKS) expect(await ask('GET', path), path).toBe(200);
    asksForExactlyItsRights(role);
  });
});
