/** The layer as Lambda unpacks it: what a function finds there that has been deployed without the library. */

import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { App, Stack } from 'aws-cdk-lib';
import { buildSync } from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BUNDLING } from '../src/library-function.ts';
import { CircuitBreakerLayer } from '../src/library-layer.ts';

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), 'switchgear-layer-'));
/** `/opt/nodejs/node_modules` */
let modules: string;

beforeAll(() => {
  const outdir = join(folder, 'out');
  const app = new App({ outdir, analyticsReporting: false });
  new CircuitBreakerLayer(new Stack(app, 'Stack'), 'Layer');
  const { Resources } = app.synth().getStackByName('Stack').template;
  const [layer] = Object.values(Resources) as { Properties: { Content: { S3Key: string } } }[];
  modules = join(
    outdir,
    `asset.${layer?.Properties.Content.S3Key.replace('.zip', '')}`,
    'nodejs/node_modules',
  );
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true }));

const PARTS = ['', '/config', '/dynamodb', '/lambda', '/telemetry', '/middy'];

test('a function as an ES module, bundled without the library, protects its calls', async () => {
  const task = join(folder, 'task');
  mkdirSync(task);
  // Lambda's runtime looks for what ES modules import into the layers too; Node itself only beside them.
  symlinkSync(modules, join(task, 'node_modules'));
  const contents = `
    import { MemoryStore, Switchgear } from 'switchgear';
    import { withSwitchgear } from 'switchgear/lambda';
    const gear = new Switchgear({ store: new MemoryStore() });
    const ledger = gear.breaker('ledger', { failureThreshold: 1 });
    const down = () => Promise.reject(Object.assign(new Error('down'), { code: 'ECONNREFUSED' }));
    const handler = withSwitchgear(() => ledger.execute(down), { gear });
    const context = { awsRequestId: 'r', getRemainingTimeInMillis: () => 10_000 };
    for (let i = 0; i < 2; i++) await handler({}, context).catch(({ name }) => console.log(name));`;
  const outfile = join(task, 'index.mjs');
  buildSync({
    stdin: { contents },
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    external: [...BUNDLING.externalModules, 'switchgear'],
  });
  const { stdout } = await run(process.execPath, [outfile]);
  expect(stdout).toBe('Error\nCircuitOpenError\n');
});

test('each part of the library is there for `require`, which looks where `NODE_PATH` says', async () => {
  const file = join(folder, 'index.cjs');
  writeFileSync(file, PARTS.map((part) => `require('switchgear${part}');`).join('\n'));
  const env = { NODE_PATH: modules };
  await expect(run(process.execPath, ['--no-warnings', file], { env })).resolves.toMatchObject({
    stderr: '',
  });
});
