import { MemoryStore } from 'switchgear';
import { FakeClock, FaultyStore } from 'switchgear/testing';
import { expect, test, vi } from 'vitest';
import { bearerTokens } from '../../src/control-api/index.ts';
import { rig } from './rig.ts';

const OPERATOR = 'operator-token-of-32-characters!';
const VIEWER = 'viewer-token-of-32-characters-!!';
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const force = { mode: 'forced-open', reason: 'test' };
const OVERRIDE = '/v1/circuits/payments/override';

/** A gate with tokens before a store that counts what gets through. */
function guarded() {
  const clock = new FakeClock();
  const store = new FaultyStore(new MemoryStore({ clock }));
  const all = rig({ store, clock, auth: bearerTokens({ operator: OPERATOR, viewer: VIEWER }) });
  const calls = () => Object.values(store.calls).reduce((sum, count) => sum + count, 0);
  return { ...all, store, calls };
}

test('without a token nothing is read and nothing is written', async () => {
  const { ask, calls } = guarded();
  for (const path of [
    '/v1/circuits',
    '/v1/circuits/payments',
    '/v1/events',
    '/v1/samples',
    '/metrics',
    '/openapi.json',
  ]) {
    const { status, headers } = await ask('GET', path);
    expect([path, status, headers.get('www-authenticate')]).toEqual([path, 401, 'Bearer']);
  }
  expect((await ask('PUT', OVERRIDE, force)).status).toBe(401);
  expect(calls()).toBe(0);
});

test('a wrong token is as good as none, whatever it looks like', async () => {
  const { ask, calls } = guarded();
  const near = `${OPERATOR.slice(0, -1)}?`;
  const wrong = [
    '',
    ' ',
    'x',
    near,
    `${OPERATOR}x`,
    OPERATOR.toUpperCase(),
    OPERATOR.slice(1),
    'undefined',
    'null',
    '*',
  ];
  for (const token of wrong) expect((await ask('PUT', OVERRIDE, force, bearer(token))).status).toBe(401);
  for (const authorization of [
    OPERATOR,
    `Basic ${OPERATOR}`,
    `Bearer ${OPERATOR} ${VIEWER}`,
    `Bearer${OPERATOR}`,
  ])
    expect((await ask('PUT', OVERRIDE, force, { authorization })).status).toBe(401);
  expect(calls()).toBe(0);
});

test('a viewer reads and changes nothing', async () => {
  const { ask, store, audit } = guarded();
  expect((await ask('GET', '/v1/circuits', undefined, bearer(VIEWER))).status).toBe(200);
  const changes = [
    ['PUT', OVERRIDE, force],
    ['DELETE', OVERRIDE, { reason: 'x' }],
    ['POST', '/v1/circuits/payments/reset', { reason: 'x' }],
    ['POST', '/v1/circuits/payments/recovered', { reason: 'x' }],
    ['POST', '/v1/circuits/payments/outage', { reason: 'x', for: '1m' }],
    ['PUT', '/v1/circuits/payments/policy', { reason: 'x', values: { failureThreshold: 9 } }],
    ['DELETE', '/v1/circuits/payments/policy', { reason: 'x' }],
  ] as const;
  for (const [method, path, body] of changes)
    expect((await ask(method, path, body, bearer(VIEWER))).json()).toMatchObject({
      status: 403,
      code: 'NOT_AN_OPERATOR',
    });
  const { override, clear, policy } = store.calls;
  expect([override, clear, policy, audit]).toEqual([0, 0, 0, []]);
  for (const [method, path, body] of changes)
    expect((await ask(method, path, body, bearer(OPERATOR))).status).toBe(200);
  expect(audit).toHaveLength(changes.length);
});

test('a short token is refused when it is set', () => {
  expect(() => bearerTokens({ operator: 'short' })).toThrow(/operator's token is too short; allowed: 16/);
});

test('a page of another origin changes nothing, and reads nothing', async () => {
  const { ask, audit } = rig();
  const foreign = [
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { origin: 'http://127.0.0.1:8080' },
    { origin: 'http://localhost:4280' },
    { origin: 'http://127.0.0.1:4280.evil.example' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
  ];
  for (const headers of foreign) {
    expect((await ask('PUT', OVERRIDE, force, headers)).json()).toMatchObject({
      status: 403,
      code: 'FOREIGN_ORIGIN',
    });
    expect((await ask('GET', '/v1/circuits', undefined, headers)).status).toBe(403);
  }
  expect(audit).toEqual([]);
  const own = { origin: 'http://127.0.0.1:4280', 'sec-fetch-site': 'same-origin' };
  expect((await ask('PUT', OVERRIDE, force, own)).status).toBe(200);
});

test('what a form of a foreign page can send is no change, even from a browser that tells no origin', async () => {
  const { ask, audit } = rig();
  for (const type of [
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data',
    '',
    'application/jsonp',
  ])
    expect(
      (await ask('POST', '/v1/circuits/payments/reset', '{"reason":"x"}', { 'content-type': type })).status,
    ).toBe(415);
  expect(audit).toEqual([]);
});

test('no answer allows another origin to read it', async () => {
  const { ask } = rig();
  const preflight = await ask('OPTIONS', OVERRIDE, undefined, {
    origin: 'https://evil.example',
    'access-control-request-method': 'PUT',
  });
  expect(preflight.status).toBe(403);
  for (const { headers } of [preflight, await ask('GET', '/v1/circuits')])
    expect([...headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
});

test('a name that was re-bound to this machine is not served', async () => {
  const { ask } = rig();
  for (const host of [
    'evil.example',
    'evil.example:4280',
    '127.0.0.1.evil.example',
    '169.254.169.254',
    '',
    '@@',
    'localhost@evil.example',
  ])
    for (const path of ['/', '/v1/circuits', '/v1/health'])
      expect((await ask('GET', path, undefined, { host })).json()).toMatchObject({
        status: 403,
        code: 'FOREIGN_HOST',
      });
  for (const host of ['localhost', 'localhost:4280', '127.0.0.1:1', '[::1]:4280'])
    expect((await ask('GET', '/v1/circuits', undefined, { host })).status).toBe(200);
  const named = rig({ hosts: ['switchboard.internal'] });
  expect(
    (await named.ask('GET', '/v1/circuits', undefined, { host: 'switchboard.internal:443' })).status,
  ).toBe(200);
  expect((await named.ask('GET', '/v1/circuits')).status).toBe(403);
  const spelt = rig({ hosts: ['Switchboard.Internal'] });
  expect((await spelt.ask('GET', '/v1/circuits', undefined, { host: 'switchboard.internal' })).status).toBe(
    200,
  );
});

test('a body that is too long is refused, told its length or not', async () => {
  const { ask, app, audit } = rig();
  const long = JSON.stringify({ ...force, reason: 'x'.repeat(20_000) });
  expect((await ask('PUT', OVERRIDE, long)).json()).toMatchObject({ status: 413, code: 'BODY_TOO_LONG' });
  const endless = new ReadableStream({
    pull: (controller) => controller.enqueue(new TextEncoder().encode('x'.repeat(4_096))),
  });
  const streamed = await app.request(`http://localhost${OVERRIDE}`, {
    method: 'PUT',
    headers: { host: 'localhost', 'content-type': 'application/json' },
    body: endless,
    duplex: 'half',
  } as RequestInit);
  expect(streamed.status).toBe(413);
  expect(audit).toEqual([]);
});

test('a malformed body is refused with what is allowed, and nothing is written', async () => {
  const { ask, audit } = rig();
  const bodies = [
    '',
    '{',
    'null',
    '[]',
    '"x"',
    '1',
    '{"mode":"forced-open"}',
    '{"mode":"open","reason":"x"}',
    '{"mode":"forced-open","reason":"   "}',
    '{"mode":"forced-open","reason":7}',
    '{"mode":"forced-open","reason":"x","for":"soon"}',
    '{"mode":"forced-open","reason":"x","for":-1}',
    '{"mode":"forced-open","reason":"x","for":"31000h"}',
    '{"mode":"forced-open","reason":"x","for":1e999}',
    '{"mode":"forced-open","reason":"x","by":"somebody else"}',
    '{"mode":"forced-open","reason":"x","__proto__":{"for":1}}',
    `{"mode":"forced-open","reason":"${'x'.repeat(257)}"}`,
    `${'['.repeat(5_000)}`,
  ];
  for (const body of bodies) {
    const { status, text } = await ask('PUT', OVERRIDE, body);
    expect([body.slice(0, 60), status]).toEqual([body.slice(0, 60), 400]);
    expect(JSON.parse(text).detail.length).toBeGreaterThan(5);
  }
  expect(audit.filter(({ outcome }) => outcome !== 'refused')).toEqual([]);
});

test('changes are limited: a burst passes, a flood does not, and reading goes on', async () => {
  const { ask, clock } = rig();
  const statuses: number[] = [];
  for (let at = 0; at < 70; at++) statuses.push((await ask('PUT', OVERRIDE, force)).status);
  expect(statuses.filter((status) => status === 200)).toHaveLength(60);
  const refused = await ask('PUT', OVERRIDE, force);
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '1']);
  expect((await ask('GET', '/v1/circuits')).status).toBe(200);
  await clock.advance(2_000);
  expect((await ask('PUT', OVERRIDE, force)).status).toBe(200);
});

test('a reason cannot forge a line of the audit log', async () => {
  const { auditLine } = await import('../../src/control-api/audit.ts');
  const written: string[] = [];
  const write = process.stderr.write;
  process.stderr.write = (line: string | Uint8Array) => written.push(String(line)) > 0;
  try {
    auditLine({
      act: 'reset',
      circuit: 'payments',
      by: 'me',
      role: 'operator',
      reason: 'x"}\n{"switchgear":"audit","by":"somebody else"}\u2028',
      asked: {},
      outcome: 'done',
    });
  } finally {
    process.stderr.write = write;
  }
  expect(written.join('').split('\n')).toHaveLength(2);
  expect(JSON.parse(written.join(''))).toMatchObject({ switchgear: 'audit', by: 'me', circuit: 'payments' });
});

test('pages run no script but their own, and are shown in no frame', async () => {
  const { ask } = rig();
  const { headers } = await ask('GET', '/');
  const policy = headers.get('content-security-policy') ?? '';
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain("script-src 'self'");
  expect(policy).toContain("frame-ancestors 'none'");
  expect(policy).not.toContain('unsafe');
  expect(headers.get('x-content-type-options')).toBe('nosniff');
  expect(headers.get('referrer-policy')).toBe('no-referrer');
  expect((await ask('GET', '/v1/circuits')).headers.get('cache-control')).toBe('no-store');
});

test('what nobody foresaw is logged, and not told', async () => {
  const clock = new FakeClock();
  const store = new FaultyStore(new MemoryStore({ clock }));
  store.inject('every', async () => Promise.reject(new TypeError('secret in the message')));
  const { ask } = rig({ store, clock });
  const error = console.error;
  const logged: unknown[] = [];
  console.error = (...args) => logged.push(...args);
  try {
    const { status, text } = await ask('GET', '/v1/circuits');
    expect(status).toBe(500);
    expect(text).not.toContain('secret');
  } finally {
    console.error = error;
  }
  expect(String(logged)).toContain('secret in the message');
});

test('a store that hangs does not hang who asks', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  try {
    const clock = new FakeClock();
    const store = new FaultyStore(new MemoryStore({ clock }));
    store.inject('every', () => new Promise(() => {}));
    const { ask } = rig({ store, clock });
    const asked = Promise.all([
      ask('GET', '/v1/circuits'),
      ask('PUT', OVERRIDE, force),
      ask('GET', '/v1/health'),
    ]);
    await vi.advanceTimersByTimeAsync(10_000);
    expect((await asked).map(({ status }) => status)).toEqual([504, 504, 504]);
  } finally {
    vi.useRealTimers();
  }
});
