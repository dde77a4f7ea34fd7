import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { isLocal, parseListenAddress } from '../../src/sidecar/listen-address.ts';
import { boundedServer, closeServer, openServer } from '../../src/sidecar/open-server.ts';
import { Upstream } from '../../src/sidecar/proxy/upstream.ts';
import { ask, portOf, RawClient } from './proxy-rig.ts';

test('addresses to listen on', () => {
  const tcp = (host: string, port: number) => ({ kind: 'tcp', host, port });
  expect(parseListenAddress('127.0.0.1:4243')).toEqual(tcp('127.0.0.1', 4243));
  expect(parseListenAddress('[::1]:0')).toEqual(tcp('::1', 0));
  expect(parseListenAddress('localhost:80')).toEqual(tcp('localhost', 80));
  expect(parseListenAddress('unix:/run/a b.sock')).toEqual({ kind: 'unix', path: '/run/a b.sock' });
  for (const wrong of [
    '',
    '4243',
    ':4243',
    '127.0.0.1',
    '::1:4243',
    '[1.2.3.4]:1',
    'a:65536',
    'a b:1',
    'unix:',
    'http://a:1',
  ])
    expect(() => parseListenAddress(wrong), wrong).toThrow(/allowed: <address>:<port>/);
});

test('which of them only this machine reaches', () => {
  const local = (text: string) => isLocal(parseListenAddress(text));
  for (const each of ['127.0.0.1:1', '127.9.9.9:1', '[::1]:1', 'localhost:1', 'unix:/x'])
    expect(local(each), each).toBe(true);
  for (const each of ['0.0.0.0:1', '[::]:1', '10.0.0.1:1', '127.evil.example:1', '128.0.0.1:1'])
    expect(local(each), each).toBe(false);
});

test('a Unix socket is for its owner alone; one of a dead process is replaced, one of a living is not', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'switchgear-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, 'a.sock');
  const address = { kind: 'unix', path } as const;
  const server = () => boundedServer({ requestTimeout: 0 }, (_, response) => response.end('here'));
  const living = server();
  expect(await openServer(living, address)).toBe(`unix:${path}`);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect((await ask(0, { socketPath: path })).body).toBe('here');
  await expect(openServer(server(), address)).rejects.toMatchObject({ code: 'EADDRINUSE' });
  await closeServer(living, 0);

  const script = "require('net').createServer().listen(process.argv[1], () => console.log('listening'))";
  const killed = spawn(process.execPath, ['--eval', script, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(killed.stdout, 'data');
  killed.kill('SIGKILL');
  await once(killed, 'close');
  expect((await stat(path)).isSocket()).toBe(true);
  const heir = server();
  await openServer(heir, address);
  expect((await ask(0, { socketPath: path })).body).toBe('here');
  await closeServer(heir, 0);
});

test('a file that is no socket is never taken for one that was left behind', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'switchgear-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, 'orders.csv');
  await writeFile(path, 'precious');
  const server = boundedServer({ requestTimeout: 0 }, () => {});
  await expect(openServer(server, { kind: 'unix', path })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  expect(await readFile(path, 'utf8')).toBe('precious');
});

test('a server that cannot listen says so', async () => {
  const taken = createServer();
  await openServer(taken, { kind: 'tcp', host: '127.0.0.1', port: 0 });
  onTestFinished(() => void taken.close());
  const { port } = taken.address() as { port: number };
  await expect(openServer(createServer(), { kind: 'tcp', host: '127.0.0.1', port })).rejects.toMatchObject({
    code: 'EADDRINUSE',
  });
});

test('a head that never ends is given up, although bodies may take for ever', async () => {
  const server = boundedServer({ requestTimeout: 0, headersTimeout: 100 }, (_, response) => response.end());
  await openServer(server, { kind: 'tcp', host: '127.0.0.1', port: 0 });
  onTestFinished(() => closeServer(server, 0));
  const client = new RawClient(portOf(server)).send('GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ');
  await client.closed;
  expect(client.heard).toMatch(/^HTTP\/1\.1 408 /);
});

test('an upstream is a scheme, a host and a port', () => {
  for (const [address, host] of [
    ['https://api.example.com', 'api.example.com'],
    ['http://[::1]:8080', '[::1]:8080'],
    ['HTTPS://API.example.com:443/', 'api.example.com'],
  ] as const)
    expect(new Upstream(address).host).toBe(host);
  for (const wrong of [
    'api.example.com',
    'ftp://a',
    'https://a/v1',
    'https://a?b',
    'https://u:secret@a',
    'https://',
    'https://a/#x',
  ]) {
    expect(() => new Upstream(wrong), wrong).toThrow(/allowed: http or https/);
    expect(() => new Upstream(wrong)).not.toThrow(/secret/);
  }
});
