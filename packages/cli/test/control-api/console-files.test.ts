import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { rig } from './rig.ts';

const folder = mkdtempSync(join(tmpdir(), 'switchgear-console-'));
afterAll(() => rmSync(folder, { recursive: true }));
const console = join(folder, 'console');
mkdirSync(join(console, 'assets'), { recursive: true });
writeFileSync(join(console, 'index.html'), '<!doctype html><title>Switchgear</title>');
writeFileSync(join(console, 'assets/index-B_9drtdw.js'), 'export {};');
writeFileSync(join(console, '.env'), 'SECRET=1');
writeFileSync(join(folder, 'secret.json'), '{}');
symlinkSync(join(folder, 'secret.json'), join(console, 'linked.json'));

test('the page is asked for anew each time, what has a hash in its name never again', async () => {
  const { ask } = rig({ console });
  const page = await ask('GET', '/');
  expect([page.status, page.headers.get('content-type'), page.headers.get('cache-control')]).toEqual([
    200,
    'text/html; charset=utf-8',
    'no-cache',
  ]);
  const script = await ask('GET', '/assets/index-B_9drtdw.js');
  expect(script.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
  expect(script.headers.get('cache-control')).toContain('immutable');
});

test('nothing is served but the files of the console, whatever the path says', async () => {
  const { ask } = rig({ console });
  for (const path of [
    '/../secret.json',
    '/%2e%2e/secret.json',
    '/..%2fsecret.json',
    '/assets/..%5c..%5csecret.json',
    '/.env',
    '/linked.json',
    '/assets',
    '/assets/',
    '/index.html%00.js',
    '/constructor',
  ])
    expect([path, (await ask('GET', path)).status]).toEqual([path, 404]);
});

test('without a built console the root says where the API is', async () => {
  const { ask } = rig({ console: join(folder, 'nowhere') });
  expect((await ask('GET', '/')).text).toContain('/openapi.json');
});
