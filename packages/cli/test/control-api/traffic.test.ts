/** Processes tell of their calls: samples show them, and a reporter can do nothing else. */

import { MemoryStore } from 'switchgear';
import { FakeClock, FaultyStore } from 'switchgear/testing';
import { afterEach, expect, test } from 'vitest';
import { bearerTokens, type ControlApiOptions } from '../../src/control-api/index.ts';
import { rig } from './rig.ts';

const PATH = '/v1/traffic';
const OPERATOR = 'operator-token-of-32-characters!';
const VIEWER = 'viewer-token-of-32-characters-!!';
const REPORTER = 'reporter-token-of-32-characters!';
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const report = (circuits: object = {}, more: object = {}) => ({
  process: 'p1',
  overMs: 5_000,
  circuits,
  ...more,
});
const counts = (admitted: number, rejected = 0, failed = 0) => ({ admitted, rejected, failed });

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** A server to which somebody listens, so that there is a sample each second, and circuits that the store knows. */
async function liveRig(names: readonly string[], options: Partial<Omit<ControlApiOptions, 'clock'>> = {}) {
  const clock = new FakeClock();
  const store = new FaultyStore(new MemoryStore({ clock }));
  for (const name of names) await store.clear([name], { by: 'test', reason: 'so that it is there' });
  const all = rig({ live: true, store, clock, ...options });
  closing.push(all.close);
  const headers = { host: 'localhost', ...(options.auth && bearer(OPERATOR)) };
  const { body } = await all.app.request('http://localhost/v1/events', { headers });
  closing.push(async () => body?.cancel());
  await clock.advance(0);
  return {
    ...all,
    store,
    /** What the samples of the next seconds say of a circuit. */
    async samples(seconds: number, circuit: string): Promise<object[]> {
      const sinceMs = clock.now();
      for (let second = 0; second < seconds; second++) await clock.advance(1_000);
      const { samples } = (await all.ask('GET', `/v1/samples?sinceMs=${sinceMs}`, undefined, headers)).json();
      return samples.map(({ circuits }: { circuits: Record<string, object> }) => circuits[circuit]);
    },
  };
}

test('what processes tell adds up, evenly over the time in which it was counted', async () => {
  const { ask, samples } = await liveRig(['payments']);
  expect((await ask('POST', PATH, report({ payments: counts(10, 5, 5) }))).status).toBe(204);
  await ask('POST', PATH, report({ payments: counts(20) }, { process: 'p2' }));
  const told = { calls: 0, failures: 0, admitted: 6, rejected: 1, failed: 1, processes: 2 };
  expect(await samples(6, 'payments')).toEqual([...Array(5).fill(told), undefined]);
});

test('nothing is lost between two samples, however odd the numbers', async () => {
  const { ask, samples } = await liveRig(['payments']);
  const seen: Record<string, number>[] = [];
  for (let round = 0; round < 4; round++) {
    await ask('POST', PATH, report({ payments: counts(7, 3, 2) }, { overMs: 3_700 }));
    seen.push(...((await samples(3, 'payments')) as Record<string, number>[]));
  }
  seen.push(...((await samples(6, 'payments')) as Record<string, number>[]));
  const sum = (key: string) => seen.reduce((total, sample) => total + (sample?.[key] ?? 0), 0);
  expect(['admitted', 'rejected', 'failed'].map(sum)).toEqual([28, 12, 8]);
});

test('who tells is counted by circuit while it gives signs of life; that nobody does any more is said once', async () => {
  const { ask, samples } = await liveRig(['payments', 'ledger']);
  await ask('POST', PATH, report({ payments: counts(1) }));
  await ask('POST', PATH, report({ payments: counts(1), ledger: counts(1) }, { process: 'p2' }));
  for (let round = 0; round < 3; round++) {
    await samples(10, 'payments');
    await ask('POST', PATH, report({}, { process: 'p2' }));
  }
  // Silent for 30 s by now: p1.
  const [ledger] = await samples(1, 'ledger');
  expect(ledger).toBeUndefined();
  const later = (await samples(60, 'payments')).filter(Boolean);
  expect(later).toEqual([{ calls: 0, failures: 0, ...counts(0), processes: 0 }]);
});

test('that a circuit has no calls is said again once a minute, for pages that come later', async () => {
  const { ask, samples } = await liveRig(['payments']);
  await ask('POST', PATH, report({ payments: counts(1) }, { overMs: 1_000 }));
  await samples(2, 'payments');
  const said: unknown[] = [];
  for (let round = 0; round < 12; round++) {
    said.push(...(await samples(10, 'payments')).filter(Boolean));
    await ask('POST', PATH, report());
  }
  expect(said).toEqual(Array(2).fill({ calls: 0, failures: 0, ...counts(0), processes: 1 }));
});

test('times are those of the server: a clock that was set back or on makes nothing negative and keeps nobody', async () => {
  const { ask, clock, samples } = await liveRig(['payments']);
  await ask('POST', PATH, report({ payments: counts(10) }));
  await samples(1, 'payments');
  const { now } = clock;
  clock.now = () => now.call(clock) - 3_600_000;
  await ask('POST', PATH, report({ payments: counts(10) }, { process: 'p2' }));
  clock.now = now;
  for (const told of (await samples(8, 'payments')).filter(Boolean))
    for (const value of Object.values(told)) expect(value).toBeGreaterThanOrEqual(0);
  for (const skewed of [{ atMs: 0 }, { overMs: -1 }, { overMs: 1e15 }, { overMs: 0.5 }])
    expect((await ask('POST', PATH, report({}, skewed))).status).toBe(400);
});

test('a name that would be markup, or a prototype, is a name', async () => {
  const names = ['<img src=x onerror=alert(1)>', 'constructor', '__proto__'];
  const { ask, samples } = await liveRig(names);
  for (const [at, name] of names.entries()) {
    const body = `{"process":"p${at}","overMs":1000,"circuits":{${JSON.stringify(name)}:{"admitted":4,"rejected":0,"failed":0}}}`;
    expect((await ask('POST', PATH, body)).status).toBe(204);
  }
  expect(await samples(1, names[0] as string)).toMatchObject([{ admitted: 4 }]);
  expect(({} as Record<string, unknown>).admitted).toBeUndefined();
});

test('nobody tells without a token, nor with a viewer’s; a reporter tells and does nothing else', async () => {
  const auth = bearerTokens({ operator: OPERATOR, viewer: VIEWER, reporter: REPORTER });
  const { ask, store, audit } = await liveRig(['payments'], { auth });
  const told = report({ payments: counts(1) });
  expect((await ask('POST', PATH, told)).status).toBe(401);
  for (const wrong of [`${REPORTER}x`, REPORTER.slice(1), REPORTER.toUpperCase(), ''])
    expect((await ask('POST', PATH, told, bearer(wrong))).status).toBe(401);
  expect((await ask('POST', PATH, told, bearer(VIEWER))).status).toBe(403);
  for (const token of [REPORTER, OPERATOR])
    expect((await ask('POST', PATH, told, bearer(token))).status).toBe(204);
  const { override, policy, clear, list } = store.calls;
  const refused = [
    ...[
      '/v1/circuits',
      '/v1/circuits/payments',
      '/v1/samples',
      '/v1/events',
      '/metrics',
      '/openapi.json',
    ].map((path) => ['GET', path] as const),
    ['PUT', '/v1/circuits/payments/override', { mode: 'forced-open', reason: 'x' }] as const,
    ['DELETE', '/v1/circuits/payments/override', { reason: 'x' }] as const,
    ['POST', '/v1/circuits/payments/reset', { reason: 'x' }] as const,
    ['POST', '/v1/circuits/payments/recovered', { reason: 'x' }] as const,
    ['PUT', '/v1/circuits/payments/policy', { reason: 'x', values: {} }] as const,
    ['POST', '/v1/traffic/../circuits/payments/reset', { reason: 'x' }] as const,
  ];
  for (const [method, path, body] of refused)
    expect([path, (await ask(method, path, body, bearer(REPORTER))).json()]).toMatchObject([
      path,
      { status: 403, code: 'ONLY_A_REPORTER' },
    ]);
  expect(store.calls).toMatchObject({ override, policy, clear, list });
  expect(audit).toEqual([]);
});

test('what makes no sense is refused, and counted nowhere', async () => {
  const { ask, samples } = await liveRig(['payments']);
  const bodies = [
    '',
    '{',
    'null',
    '[]',
    '{}',
    JSON.stringify(report({}, { process: '' })),
    JSON.stringify(report({}, { process: 'x'.repeat(65) })),
    JSON.stringify(report([])),
    JSON.stringify(report({ payments: 7 })),
    JSON.stringify(report({ payments: { admitted: 1 } })),
    JSON.stringify(report({ payments: counts(-1) })),
    JSON.stringify(report({ payments: counts(0.5) })),
    JSON.stringify(report({ payments: counts(1e18) })),
    JSON.stringify(report({ payments: counts(1, 0, 2) })),
    JSON.stringify(report({ payments: { ...counts(1), calls: 1 } })),
    JSON.stringify(report({ '': counts(1) })),
    JSON.stringify(report({ ['x'.repeat(256)]: counts(1) })),
    JSON.stringify(report(Object.fromEntries(Array.from({ length: 1_001 }, (_, at) => [at, counts(1)])))),
    `${'['.repeat(5_000)}`,
  ];
  for (const body of bodies)
    expect([body.slice(0, 60), (await ask('POST', PATH, body)).status]).toEqual([body.slice(0, 60), 400]);
  const long = `{"process":"${'x'.repeat(70_000)}"}`;
  expect((await ask('POST', PATH, long)).json()).toMatchObject({ status: 413, code: 'BODY_TOO_LONG' });
  const form = await ask('POST', PATH, JSON.stringify(report()), { 'content-type': 'text/plain' });
  expect(form.status).toBe(415);
  const foreign = await ask('POST', PATH, report(), { origin: 'https://evil.example' });
  expect(foreign.status).toBe(403);
  expect((await samples(2, 'payments')).filter(Boolean)).toEqual([]);
});

test('a process that tells too often is stopped, others and operators are not', async () => {
  const { ask, clock } = await liveRig(['payments']);
  const statuses: number[] = [];
  for (let at = 0; at < 80; at++) statuses.push((await ask('POST', PATH, report())).status);
  expect(statuses.filter((status) => status === 204)).toHaveLength(10);
  const refused = await ask('POST', PATH, report());
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '1']);
  expect((await ask('POST', PATH, report({}, { process: 'p2' }))).status).toBe(204);
  expect((await ask('POST', '/v1/circuits/payments/reset', { reason: 'x' })).status).toBe(200);
  await clock.advance(1_000);
  expect((await ask('POST', PATH, report())).status).toBe(204);
});

test('what is kept is bounded, and free again once its processes are silent', async () => {
  const { ask, clock } = await liveRig([]);
  for (let at = 0; at < 2_000; at++) await ask('POST', PATH, report({}, { process: `p${at}` }));
  const more = () => ask('POST', PATH, report({}, { process: 'one more' }));
  expect((await more()).json()).toMatchObject({ status: 503, code: 'TOO_MANY_TELL' });
  expect((await ask('POST', PATH, report({ a: counts(1) }))).status).toBe(204);
  await clock.advance(30_000);
  expect((await more()).status).toBe(204);
  const many = (from: number) =>
    report(Object.fromEntries(Array.from({ length: 1_000 }, (_, at) => [from + at, counts(1)])), {
      process: `many ${from}`,
    });
  for (let at = 0; at < 100; at++) expect((await ask('POST', PATH, many(at * 1_000))).status).toBe(204);
  expect((await ask('POST', PATH, report({ a: counts(1) }, { process: 'late' }))).status).toBe(503);
}, 60_000);

test('a server that takes no counts says so', async () => {
  const frozen = rig({ live: false });
  expect((await frozen.ask('POST', PATH, report())).json()).toMatchObject({
    status: 501,
    code: 'TAKES_NO_TRAFFIC',
  });
  const { ask } = await liveRig([], { samples: () => ({}) });
  expect((await ask('POST', PATH, report())).status).toBe(501);
});
