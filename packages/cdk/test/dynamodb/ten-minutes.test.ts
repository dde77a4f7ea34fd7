/** The first steps of `docs/aws.md`, taken literally: its stack is synthesised, its function bundled and run. */

import { once } from 'node:events';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { App, type Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { Bench } from './bench.ts';
import { assetFolder, type LambdaFunction, SYNTHESIS_MS, startFunction } from './lambda.ts';

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));
/** Below the root, so that packages are found as a user finds them; ignored by git. */
const FOLDER = join(ROOT, `.cache/ten-minutes-${process.pid}`);
const page = readFileSync(join(ROOT, 'docs/aws.md'), 'utf8');
const [stackCode = '', functionCode = ''] = [...page.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(
  ([, code = '']) => code,
);

let bench: Bench;
let payments: Server;
let status = 200;
let outdir: string;
let orders: LambdaFunction;

beforeAll(async () => {
  bench = await Bench.start(Date.now);
  payments = createServer((_, response) => response.writeHead(status).end('{}')).listen(0, '127.0.0.1');
  await once(payments, 'listening');
  outdir = assetFolder();
  mkdirSync(join(FOLDER, 'src'), { recursive: true });
  // What the page means by `src`, wherever this test runs.
  writeFileSync(join(FOLDER, 'stack.ts'), stackCode.replace('src/orders.ts', join(FOLDER, 'src/orders.ts')));
  writeFileSync(join(FOLDER, 'src/orders.ts'), functionCode);
  const outfile = join(FOLDER, 'stack.mjs');
  await build({ entryPoints: [join(FOLDER, 'stack.ts')], outfile, format: 'esm', platform: 'node' });
  const { OrdersStack } = (await import(pathToFileURL(outfile).href)) as {
    OrdersStack: new (scope: App, id: string) => Stack;
  };
  const app = new App({ outdir, analyticsReporting: false });
  new OrdersStack(app, 'Orders');
  const template = Template.fromJSON(app.synth().getStackByName('Orders').template);
  orders = await startFunction(template, outdir, inject('dynamodbEndpoint'), {
    PAYMENTS: `http://127.0.0.1:${(payments.address() as AddressInfo).port}`,
    // The template knows the table by its reference.
    SWITCHGEAR_STORE: `dynamodb://${bench.tableName}`,
    // This machine may be busier than Lambda's.
    SWITCHGEAR_STORE_TIMEOUT: '5s',
  });
}, SYNTHESIS_MS);
afterAll(() => {
  orders?.process.kill();
  payments.closeAllConnections();
  payments.close();
  bench.close();
  for (const folder of [FOLDER, outdir]) rmSync(folder, { recursive: true, force: true });
});

test('the fifth failure opens the circuit, and nobody is called any more', async () => {
  expect(await orders.invoke({ id: '1' })).toEqual({});
  status = 503;
  // Of one that has worked: the ratio is met long before.
  for (let i = 0; i < 5; i++)
    await expect(orders.invoke({ id: '1' })).rejects.toThrow('payments answers 503');
  status = 200;
  await expect(orders.invoke({ id: '1' })).rejects.toThrow('CircuitOpenError');
  expect(await bench.record('payments')).toMatchObject({ state: 'open', transition: { failures: 5 } });
});
