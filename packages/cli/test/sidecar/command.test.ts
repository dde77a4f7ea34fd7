import { once } from 'node:events';
import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { commandWith } from '../command/run.ts';
import { ask, portOf } from './proxy-rig.ts';

const command = commandWith({
  SWITCHGEAR_STORE: 'memory:',
  SWITCHGEAR_FAILURE_THRESHOLD: '1',
  SWITCHGEAR_BY: 'me',
});
const PROXY = ['proxy', '--circuit', 'c', '--upstream', 'http://127.0.0.1:9', '--listen', '127.0.0.1:0'];

test('what is wrong with a command line is said before anything listens', async () => {
  const wrong: [args: string[], said: RegExp][] = [
    [[...PROXY, '--listen', '0.0.0.0:0'], /open to other machines; add --allow-remote/],
    [['sidecar', '--listen', '0.0.0.0:0'], /open to other machines; allowed: 127\.0\.0\.1/],
    [[...PROXY, '--listen', '4243'], /--listen is '4243'; allowed: <address>:<port>/],
    [[...PROXY, '--upstream', 'https://u:secret@a/v1'], /the upstream is not usable; allowed: http or https/],
    [[...PROXY, '--report-to', 'https://u:secret@a'], /to is no usable address; allowed: http/],
    [[...PROXY, '--timeout', 'soon'], /timeout is 'soon'; allowed: milliseconds/],
    [[...PROXY, '--max-concurrent', '0'], /maxConcurrent is 0; allowed: a whole number from 1/],
    [[...PROXY, '--fallback-file', '/nowhere'], /--fallback-file: ENOENT/],
    [[...PROXY, '--fallback-body', 'a', '--fallback-file', 'b'], /give one of them/],
    [[...PROXY, '--fallback-status', '99'], /allowed: 200 to 599/],
    [[...PROXY, '--fallback-body', 'a', '--fallback-status', '204'], /but for 204, 205 and 304/],
    [
      [...PROXY, '--fallback-body', 'a', '--fallback-type', 'text/plain\r\nX: y'],
      /--fallback-type.*allowed/s,
    ],
    [[...PROXY, '--fallback-body', 'a', '--fallback-type', 'text/\u2603'], /--fallback-type.*allowed/s],
  ];
  await Promise.all(
    wrong.map(async ([args, said]) => {
      const { code, out, err } = await command.run(...args);
      expect({ code, out }, err).toEqual({ code: 2, out: '' });
      expect(err).toMatch(said);
      expect(err).not.toContain('secret');
    }),
  );
});

test('a control API is told of the calls, the rest at the end, with the token of the environment', async () => {
  const told: { authorization: string | undefined; body: unknown }[] = [];
  const controlApi = createServer(async (request, response) => {
    told.push({ authorization: request.headers.authorization, body: await json(request) });
    response.writeHead(204).end();
  }).listen(0, '127.0.0.1');
  await once(controlApi, 'listening');
  onTestFinished(() => void controlApi.close());
  const reporting = commandWith({
    SWITCHGEAR_STORE: 'memory:',
    SWITCHGEAR_FAILURE_THRESHOLD: '1',
    SWITCHGEAR_REPORTER_TOKEN: 'reporter-token-of-32-characters!',
  });
  const running = reporting.start(...PROXY, '--report-to', `http://127.0.0.1:${portOf(controlApi)}`);
  const [url] = /http:\S+/.exec(await running.says(/switchgear proxy: .* circuit c/)) ?? [];
  const port = Number(new URL(url ?? '').port);
  expect([(await ask(port)).status, (await ask(port)).status]).toEqual([502, 503]);
  expect((await running.interrupt()).code).toBe(0);
  expect(told.map(({ authorization }) => authorization)).toContain('Bearer reporter-token-of-32-characters!');
  const counted = told.map(({ body }) => (body as { circuits: { c?: object } }).circuits.c).filter(Boolean);
  expect(counted).toEqual([{ admitted: 1, rejected: 1, failed: 1 }]);
});

test('a port that is taken: it says so and ends', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const { code, err } = await command.run(...PROXY, '--listen', `127.0.0.1:${portOf(taken)}`);
  taken.close();
  expect(code).toBe(1);
  expect(err).toContain('cannot listen: listen EADDRINUSE');
});

test('the environment sets the circuit, a fallback stands in, and changes are told', async () => {
  const running = command.start(
    ...PROXY,
    '--fallback-body',
    '[]',
    '--fallback-status',
    '203',
    '--allow-remote',
  );
  const [url] = /http:\S+/.exec(await running.says(/switchgear proxy: .* circuit c/)) ?? [];
  const port = Number(new URL(url ?? '').port);
  expect((await ask(port)).status).toBe(502);
  expect(await ask(port)).toMatchObject({ status: 203, body: '[]' });
  await running.says(/c: closed to open \(failures, ECONNREFUSED; committed/);
  const { code, err } = await running.interrupt();
  expect(code).toBe(0);
  expect(err).toContain('memory: is of this process alone');
});
