/** Programs of three languages, behind two proxies and a decision API, share one circuit in Redis. */

import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { startRedis } from '../../../../scripts/services.mjs';
import { commandWith, type Running } from '../command/run.ts';
import { ask, portOf } from '../sidecar/proxy-rig.ts';

const run = promisify(execFile);
const URLS = /http:\/\/127\.0\.0\.1:\d+/;

let redis: Awaited<ReturnType<typeof startRedis>>;
let upstream: Server;
let folder: string;
let processes: Running[];
/** Addresses of the two proxies and of the decision API. */
let a: string;
let b: string;
let decisions: string;
let status = 200;
let calls = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'switchgear-'));
  redis = await startRedis();
  upstream = createServer((request, response) => {
    calls++;
    response.writeHead(status, { 'content-type': 'text/plain' });
    request.resume().on('end', () => response.end(`${request.method} ${request.url}`));
  });
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
  const command = commandWith({
    SWITCHGEAR_STORE: `redis://127.0.0.1:${redis.port}`,
    SWITCHGEAR_RESET_TIMEOUT: '1500ms',
    SWITCHGEAR_JITTER: '0',
    // Two cores, many processes: nobody is to go on alone because it had to wait for its turn.
    SWITCHGEAR_STORE_TIMEOUT: '20s',
  });
  const listen = ['--listen', '127.0.0.1:0'];
  const proxy = [
    'proxy',
    '--circuit',
    'stripe',
    '--upstream',
    `http://127.0.0.1:${portOf(upstream)}`,
    ...listen,
  ];
  processes = [command.start(...proxy), command.start(...proxy), command.start('sidecar', ...listen)];
  [a = '', b = '', decisions = ''] = await Promise.all(processes.map((each) => each.says(URLS)));
});

afterAll(async () => {
  for (const { child } of processes) child.kill('SIGKILL');
  await Promise.all(processes.map(({ ended }) => ended));
  upstream.closeAllConnections();
  upstream.close();
  await redis.stop();
  await rm(folder, { recursive: true });
});

async function curl(...args: string[]): Promise<string> {
  return (await run('curl', ['--noproxy', '*', '-sS', '--max-time', '20', ...args])).stdout;
}

async function python(script: string): Promise<string> {
  return (await run('python3', ['-c', script], { env: { ...process.env, no_proxy: '*' } })).stdout;
}

/** Java's own client, which keeps connections and offers HTTP/2; one line per address. */
const JAVA = `
import java.net.URI;
import java.net.http.*;

class Client {
  public static void main(String[] addresses) throws Exception {
    var client = HttpClient.newHttpClient();
    for (var address : addresses) {
      var request = HttpRequest.newBuilder(URI.create(address)).POST(HttpRequest.BodyPublishers.ofString("body")).build();
      var answer = client.send(request, HttpResponse.BodyHandlers.ofString());
      var retry = answer.headers().firstValue("Retry-After").orElse("-");
      System.out.println(answer.statusCode() + " " + retry + " " + answer.body());
    }
  }
}`;

async function java(...addresses: string[]): Promise<string[]> {
  const file = join(folder, 'Client.java');
  await writeFile(file, JAVA);
  const { stdout } = await run('java', ['-XX:TieredStopAtLevel=1', file, ...addresses]);
  return stdout.trim().split('\n');
}

test('curl, Python and Java get their answers through a proxy', async () => {
  expect(await curl(`${a}/v1/charges?x=1`)).toBe('GET /v1/charges?x=1');
  expect(
    await python(`import urllib.request\nprint(urllib.request.urlopen('${a}/py').read().decode(), end='')`),
  ).toBe('GET /py');
  expect(await java(`${a}/one`, `${a}/two`)).toEqual(['200 - POST /one', '200 - POST /two']);
});

test('three failures that Python sees behind one proxy: curl, Java and a permit are refused behind the others', async () => {
  status = 500;
  calls = 0;
  const script = `
import urllib.error, urllib.request
for _ in range(4):
    try: urllib.request.urlopen('${a}/')
    except urllib.error.HTTPError as error: print(error.code, error.headers['Retry-After'] is not None)
`;
  expect(await python(script)).toBe('500 False\n500 False\n500 False\n503 True\n');
  expect(calls).toBe(3);

  // Pushed by Redis, or read after cacheTtl: whichever comes first.
  await processes[1]?.says(/stripe: closed to open/);
  const refused = await curl('-i', `${b}/`);
  expect(refused).toMatch(/^HTTP\/1\.1 503 .*application\/problem\+json.*retry-after: \d/is);
  expect(refused).toContain('"code":"CIRCUIT_OPEN"');
  expect(refused).toContain('"lastFailure":"HTTP 500"');
  const permit = [
    '-H',
    'Content-Type: application/json',
    '-d',
    '{"circuit":"stripe"}',
    `${decisions}/permits`,
  ];
  expect(await curl('-o', '/dev/null', '-w', '%{http_code}', ...permit)).toBe('503');
  expect(calls).toBe(3);
});

test('one probe of one proxy lets all of them through again', async () => {
  status = 200;
  await vi.waitUntil(async () => (await ask(Number(new URL(b).port))).status === 200, {
    timeout: 20_000,
    interval: 50,
  });
  await processes[0]?.says(/stripe: (open|half-open) to closed/);
  expect(await java(`${a}/again`)).toEqual(['200 - POST /again']);
});

test("the documentation's client in Python: a permit, a call, an outcome", async () => {
  const page = await readFile(new URL('../../../../docs/sidecar.md', import.meta.url), 'utf8');
  const [, source = ''] = /```python\n(import json.*?)```/s.exec(page) ?? [];
  const client = source
    .replace('http://127.0.0.1:4242', decisions)
    .replace("'stripe'", "'python'")
    .replace('https://api.stripe.com', `http://127.0.0.1:${portOf(upstream)}`);
  expect(client).not.toBe(source);
  expect(await python(`${client}\nprint(answer.decode(), end='')`)).toBe('GET /v1/charges');

  status = 503;
  for (let i = 0; i < 3; i++) await expect(python(client)).rejects.toThrow('HTTP Error 503');
  const state = JSON.parse(await curl(`${decisions}/circuits/python`));
  expect(state).toMatchObject({
    state: 'open',
    transition: { calls: 4, failures: 3, lastFailure: 'HTTPError' },
  });
  status = 200;
});

test("the documentation's client in curl", async () => {
  const page = await readFile(new URL('../../../../docs/sidecar.md', import.meta.url), 'utf8');
  const [, source = ''] = /```sh\n(json=.*?)```/s.exec(page) ?? [];
  const script = source
    .replaceAll('http://127.0.0.1:4242', decisions)
    .replace('https://api.stripe.com', `http://127.0.0.1:${portOf(upstream)}`);
  expect((await run('sh', ['-c', script], { env: { ...process.env, no_proxy: '*' } })).stdout).toBe(
    'GET /v1/charges{"settled":true}',
  );
});

test('the certificate of an upstream is checked', async () => {
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  await run('openssl', ['req', '-x509', ...ec, ...subject, '-keyout', key, '-out', cert]);
  const secure = createSecureServer(
    { key: await readFile(key), cert: await readFile(cert) },
    (request, response) => response.end(`${request.url} over TLS`),
  );
  await new Promise<void>((resolve) => secure.listen(0, '127.0.0.1', resolve));
  const args = ['proxy', '--store', 'memory:', '--circuit', 'tls', '--listen', '127.0.0.1:0'];
  args.push('--upstream', `https://127.0.0.1:${portOf(secure)}`);
  const trusting = commandWith({ NODE_EXTRA_CA_CERTS: cert }).start(...args);
  const strict = commandWith({}).start(...args);
  processes.push(trusting, strict);
  const [known, unknown] = await Promise.all([trusting.says(URLS), strict.says(URLS)]);

  expect(await curl(`${known}/x`)).toBe('/x over TLS');
  expect(await curl('-i', `${unknown}/x`)).toMatch(/^HTTP\/1\.1 502 .*error=tls_certificate_error/s);
  secure.closeAllConnections();
  secure.close();
});

test('SIGTERM lets what is under way end, and the process ends well', async () => {
  const [first, second, third] = processes as [Running, Running, Running];
  upstream.removeAllListeners('request');
  const served = once(upstream, 'request');
  const answer = curl(`${a}/slow`);
  const [, response] = (await served) as [IncomingMessage, ServerResponse];
  response.write('begun, ');
  first.child.kill('SIGTERM');
  await vi.waitUntil(() =>
    run('curl', ['--noproxy', '*', '-sS', a]).then(
      () => false,
      ({ code }) => code === 7,
    ),
  );
  response.end('ended');
  expect(await answer).toBe('begun, ended');
  for (const { child } of [second, third]) child.kill('SIGTERM');
  for (const each of [first, second, third]) expect((await each.ended).code).toBe(0);
});
