/** `npm run verify:aws` to its end, where AWS is the emulators: so that a real account finds no mistake of the script's own. */

import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { App } from 'aws-cdk-lib';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import {
  type Entry,
  handler as ledger,
} from '../../../../examples/order-payment-ledger-aws/src/functions/ledger.ts';
import { OrderPaymentLedgerStack } from '../../../../examples/order-payment-ledger-aws/src/stack.ts';
import { heedAlarm } from '../../src/lambda/alarm.ts';
import { TaskError } from '../asl/interpreter.ts';
import { readEvent } from '../events/read-event.ts';
import { Bench } from './bench.ts';
import { SYNTHESIS_MS } from './lambda.ts';
import { ask } from './local.ts';

const SCRIPT = fileURLToPath(new URL('../../../../scripts/verify-aws.mjs', import.meta.url));

let bench: Bench;
let server: Server;
let path: string;
let resources: readonly { LogicalResourceId: string; ResourceType: string; PhysicalResourceId: string }[];
/** Services that were asked, in order. */
let asked: string[] = [];
let credentials = true;
/** States that executions have entered. */
const entered = new Set<string>();

beforeAll(async () => {
  bench = await Bench.start(Date.now);
  const app = new App({ context: { 'aws:cdk:bundling-stacks': [] }, analyticsReporting: false });
  new OrderPaymentLedgerStack(app, 'OrderPaymentLedger');
  const { Resources } = app.synth().getStackByName('OrderPaymentLedger').template as {
    Resources: Record<string, { Type: string }>;
  };
  resources = Object.entries(Resources).map(([LogicalResourceId, { Type }]) => ({
    LogicalResourceId,
    ResourceType: Type,
    PhysicalResourceId: Type === 'AWS::DynamoDB::GlobalTable' ? bench.tableName : LogicalResourceId,
  }));
  server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    try {
      response.end(JSON.stringify(await answer(JSON.parse(Buffer.concat(chunks).toString()))));
    } catch (error) {
      response.writeHead(400).end((error as Error).message);
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  path = mkdtempSync(join(tmpdir(), 'switchgear-aws-'));
  symlinkSync(fileURLToPath(new URL('aws-cli.mjs', import.meta.url)), join(path, 'aws'));
}, SYNTHESIS_MS);
beforeEach(() => {
  asked = [];
  credentials = true;
});
afterAll(() => {
  server.close();
  rmSync(path, { recursive: true });
  bench.close();
});

/** What AWS says to a command of its CLI. */
async function answer([service = '', command = '', ...args]: string[]): Promise<object> {
  asked.push(service);
  const option = (name: string) => args[args.indexOf(`--${name}`) + 1] ?? '';
  const json = (name: string) => JSON.parse(option(name));
  switch (`${service} ${command}`) {
    case 'sts get-caller-identity':
      if (!credentials) throw new Error('Unable to locate credentials.');
      return { Account: '123456789012', Arn: 'arn:aws:iam::123456789012:user/ana' };
    case 'cloudformation describe-stack-resources':
      return { StackResources: option('stack-name') === 'OrderPaymentLedger' ? resources : [] };
    case 'stepfunctions start-sync-execution': {
      const target = async (payload: unknown) =>
        ledger(payload as Entry).catch(({ name, message }: Error) => {
          throw new TaskError(name, message);
        });
      const { path, output, ...end } = await bench.run(bench.machine(), json('input'), target);
      for (const state of path) entered.add(state);
      return { ...end, ...(output !== undefined && { output: JSON.stringify(output) }) };
    }
    case 'stepfunctions describe-state-machine':
      return { definition: JSON.stringify(bench.machine()), roleArn: 'arn:aws:iam::123456789012:role/x' };
    case 'stepfunctions test-state': {
      const failed = await ask('UpdateItem', json('definition').Arguments).catch(({ name }: Error) => name);
      return { status: 'FAILED', error: `DynamoDB.${failed}` };
    }
    case 'dynamodb get-item':
      return ask('GetItem', { TableName: option('table-name'), Key: json('key'), ConsistentRead: true });
    case 'dynamodb put-item':
      return ask('PutItem', { TableName: option('table-name'), Item: json('item') });
    case 'logs filter-log-events': {
      const [, state = ''] = /[$][.]details[.]name = "(\w+)"/.exec(option('filter-pattern')) ?? [];
      return { events: entered.has(state) ? [{ message: state }] : [] };
    }
    case 'lambda invoke':
      return { StatusCode: 200 };
    case 'cloudwatch set-alarm-state': {
      const { detail, ...event } = readEvent('alarm-on') as { detail: object };
      const state = { value: option('state-value'), timestamp: new Date().toISOString() };
      const change = { ...event, detail: { ...detail, alarmName: option('alarm-name'), state } };
      const rules = { maxOpenMs: 60_000, recoverAfterMs: 60_000 };
      await heedAlarm(change, { store: bench.store, circuit: 'ledger', ...rules });
      return {};
    }
    case 'pipes describe-pipe':
      return { CurrentState: 'RUNNING' };
    default:
      throw new Error(`no such command: ${service} ${command}`);
  }
}

/** Runs the script, with the stand-in on its path or with nothing on it. */
function verify(args: readonly string[] = [], cli = true) {
  const env = {
    PATH: cli ? [path, dirname(process.execPath)].join(delimiter) : '',
    AWS_STAND_IN: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  };
  return new Promise<{ code: number; out: string; err: string }>((resolve) => {
    execFile(process.execPath, [SCRIPT, ...args], { env }, (error, out, err) =>
      resolve({ code: Number(error?.code ?? 0), out, err }),
    );
  });
}

// Some thirty commands, each a process.
test('finds everything as it should be', { timeout: SYNTHESIS_MS }, async () => {
  const { code, out, err } = await verify();
  expect(out.split('\n').filter((line) => line.startsWith('FAIL'))).toEqual([]);
  expect([err, code]).toEqual(['', 0]);
  expect(out).toContain('all as on the emulators');
});

test('without credentials it says so, and asks for nothing', async () => {
  credentials = false;
  const { code, out, err } = await verify();
  expect([code, out]).toEqual([1, '']);
  expect(err).toMatch(
    /^aws sts get-caller-identity: Unable to locate credentials.\nverify:aws needs the AWS CLI/,
  );
  expect(asked).toEqual(['sts']);
});

test('without the CLI too', async () => {
  const { code, err } = await verify([], false);
  expect([code, err]).toEqual([1, expect.stringMatching(/ENOENT[\s\S]*verify:aws needs the AWS CLI/)]);
});

test('of another stack it changes nothing', async () => {
  const { code, err } = await verify(['Another']);
  expect(code).toBe(1);
  expect(err).toMatch(/^stack Another has no .*: is it the example\? Nothing was changed\.\n$/);
  expect(asked).toEqual(['sts', 'cloudformation']);
});
