import { once } from 'node:events';
import { type OutgoingHttpHeaders, request } from 'node:http';
import { MemoryStore, Permit, Switchgear, type SwitchgearOptions } from 'switchgear';
import { Operator } from 'switchgear/operate';
import { expect, onTestFinished, test, vi } from 'vitest';
import { createDecisionApi } from '../../src/sidecar/decisions/create-decision-api.ts';
import { closeServer, openServer } from '../../src/sidecar/open-server.ts';
import { type Answer, ask, portOf } from './proxy-rig.ts';

const JSON_BODY: OutgoingHttpHeaders = { 'content-type': 'application/json' };

async function startApi(defaults: SwitchgearOptions['defaults'] = {}) {
  const store = new MemoryStore();
  const gear = new Switchgear({
    store,
    defaults: { resetTimeout: '1h', maxResetTimeout: '2h', jitter: 0, ...defaults },
  });
  const server = createDecisionApi(gear);
  await openServer(server, { kind: 'tcp', host: '127.0.0.1', port: 0 });
  let open = true;
  const close = async () => {
    if (open) await closeServer(server, 0);
    open = false;
  };
  onTestFinished(close);
  const port = portOf(server);
  const post = async (path: string, body: unknown, headers = JSON_BODY): Promise<Answer> =>
    ask(port, { method: 'POST', path, headers }, typeof body === 'string' ? body : JSON.stringify(body));
  return {
    port,
    gear,
    post,
    close,
    operator: new Operator({ store, by: 'test' }),
    permit: async (circuit = 'stripe') => JSON.parse((await post('/permits', { circuit })).body),
    tell: async (id: string, outcome: object) =>
      JSON.parse((await post(`/permits/${id}/outcome`, outcome)).body),
    state: async (circuit = 'stripe') => JSON.parse((await ask(port, { path: `/circuits/${circuit}` })).body),
  };
}

test('a permit, its call, its outcome; three failures open the circuit', async () => {
  const { post, permit, tell, state } = await startApi();
  const first = await permit();
  expect(first).toEqual({
    id: expect.any(String),
    circuit: 'stripe',
    expiresInMs: 30_000,
    state: 'closed',
    epoch: 0,
    epochId: expect.stringMatching(/^root/),
    lease: null,
  });
  expect(await tell(first.id, { outcome: 'success' })).toEqual({ settled: true });
  for (const failure of [
    { error: 'ConnectionError' },
    { status: 503, retryAfter: 7_000 },
    { error: 'timeout' },
  ])
    expect(await tell((await permit()).id, { outcome: 'failure', ...failure })).toEqual({ settled: true });

  const refused = await post('/permits', { circuit: 'stripe' });

  expect(refused).toMatchObject({ status: 503, headers: { 'content-type': 'application/problem+json' } });
  expect(refused.headers['retry-after']).toBe('3600');
  expect(JSON.parse(refused.body)).toMatchObject({
    code: 'CIRCUIT_OPEN',
    state: 'open',
    lastFailure: 'timeout',
  });
  expect(await state()).toMatchObject({ state: 'open', transition: { calls: 4, failures: 3 } });
});

test('what the dependency asks for sets the open time', async () => {
  const { post, permit, tell } = await startApi({ failureThreshold: 1 });
  await tell((await permit()).id, { outcome: 'failure', status: 429, retryAfter: 7_000 });
  const refused = await post('/permits', { circuit: 'stripe' });
  expect(Number(refused.headers['retry-after'])).toBeGreaterThan(6_900);
  expect(JSON.parse(refused.body)).toMatchObject({ lastFailure: 'HTTP 429' });
});

test('an outcome told twice, or for no permit, changes nothing', async () => {
  const { permit, tell, state, gear } = await startApi({ failureThreshold: 2 });
  const { id } = await permit();
  expect(await tell(id, { outcome: 'success' })).toEqual({ settled: true });
  for (let i = 0; i < 3; i++) expect(await tell(id, { outcome: 'failure' })).toEqual({ settled: false });
  expect(await tell('00000000-0000-4000-8000-000000000000', { outcome: 'failure' })).toEqual({
    settled: false,
  });
  await gear.flush();
  expect(await state()).toMatchObject({ state: 'closed', evidence: { failures: 0 } });
});

test('an outcome with the epoch or the lease of another permit is not taken for this one', async () => {
  const { permit, tell } = await startApi();
  const { id, epoch, lease } = await permit();
  expect(await tell(id, { outcome: 'failure', epoch: epoch + 1, lease })).toEqual({ settled: false });
  expect(await tell(id, { outcome: 'failure', epoch, lease: 'a-probe’s' })).toEqual({ settled: false });
  expect(await tell(id, { outcome: 'success', epoch, lease })).toEqual({ settled: true });
});

test('L1 an outcome of an epoch that is over changes nothing', async () => {
  const { permit, tell, state, gear, operator } = await startApi({ failureThreshold: 1 });
  const { id, epoch } = await permit();
  await operator.clearStates(['stripe'], { reason: 'test' });
  await gear.warm(['stripe']);
  expect((await permit()).epoch).toBe(epoch + 1);
  expect(await tell(id, { outcome: 'failure' })).toEqual({ settled: true });
  await gear.flush();
  expect(await state()).toMatchObject({ state: 'closed', evidence: { failures: 0 } });
});

test('a permit that nobody tells of lapses without a verdict, and its place is free again', async () => {
  const { permit, tell, state } = await startApi({
    leaseDuration: 600,
    maxConcurrent: 1,
    queueTimeout: '10s',
  });
  const forgotten = await permit();
  expect(forgotten.expiresInMs).toBe(300);
  // Waits in line until the first has lapsed.
  const next = await permit();
  expect(await tell(forgotten.id, { outcome: 'failure' })).toEqual({ settled: false });
  expect(await tell(next.id, { outcome: 'success' })).toEqual({ settled: true });
  expect(await state()).toMatchObject({ state: 'closed', evidence: { failures: 0 } });
});

test('L3 a probe is a permit: nobody else gets one, and its success closes the circuit', async () => {
  const { post, permit, tell, state } = await startApi({
    failureThreshold: 1,
    resetTimeout: 1,
    maxResetTimeout: 1,
  });
  await tell((await permit()).id, { outcome: 'failure' });
  let probe: Answer | undefined;
  await vi.waitUntil(async () => {
    probe = await post('/permits', { circuit: 'stripe' });
    return probe.status === 201;
  });
  const refused = await post('/permits', { circuit: 'stripe' });
  expect(refused.status).toBe(503);
  expect(JSON.parse(refused.body)).toMatchObject({ state: 'half-open' });
  const { id, lease, ...admitted } = JSON.parse(probe?.body ?? '');
  // Closed, open, half-open: the probe says under which stay and which lease its outcome counts.
  expect(admitted).toMatchObject({ state: 'half-open', epoch: 2, epochId: expect.any(String) });
  expect(lease).toEqual(expect.any(String));
  const nameless = await post(`/permits/${id}/outcome`, { outcome: 'success' });
  expect([nameless.status, JSON.parse(nameless.body).code]).toEqual([400, 'LEASE_MISSING']);
  for (const other of [{ lease: 'of-another' }, { lease: null }, { lease, epoch: 1 }])
    expect(await tell(id, { outcome: 'failure', ...other })).toEqual({ settled: false });
  expect(await state()).toMatchObject({ state: 'half-open' });
  expect(await tell(id, { outcome: 'success', lease, epoch: 2 })).toEqual({ settled: true });
  await vi.waitUntil(async () => (await state()).state === 'closed');
});

test('a program that goes while it waits gets no permit, and no place is lost', async () => {
  const { port, permit, tell, gear } = await startApi({ maxConcurrent: 1, queueTimeout: '10s' });
  const held = await permit();
  const acquire = vi.spyOn(gear.breaker('stripe'), 'acquire');
  const waiting = request({ host: '127.0.0.1', port, method: 'POST', path: '/permits', headers: JSON_BODY });
  waiting.on('error', () => {}).end('{"circuit":"stripe"}');
  await vi.waitUntil(() => acquire.mock.calls.length === 1);
  waiting.destroy();
  await expect(acquire.mock.results[0]?.value).rejects.toMatchObject({ name: 'AbortError' });
  await tell(held.id, { outcome: 'cancel' });
  expect((await permit()).id).toEqual(expect.any(String));
});

test('closing gives all permits back', async () => {
  const { gear, permit, close } = await startApi({ maxConcurrent: 1, queueTimeout: 1 });
  await permit();
  await close();
  expect(gear.breaker('stripe').admit()).toBeInstanceOf(Permit);
});

test('a circuit that no call has asked for is read from the store', async () => {
  const { operator, state } = await startApi();
  await operator.setStates({ 'a/b': { mode: 'forced-open', reason: 'migration' } });
  expect(await state('a%2Fb')).toMatchObject({ circuit: 'a/b', state: 'forced-open', retryAfterMs: null });
});

test('what is wrong with a request is said, all of it', async () => {
  const { port, post } = await startApi();
  const problem = async (answer: Promise<Answer>) => {
    const { status, body, headers } = await answer;
    expect(headers['content-type']).toBe('application/problem+json');
    return [status, JSON.parse(body).code, JSON.parse(body).detail];
  };
  expect(await problem(post('/permits', '{'))).toEqual([400, 'INVALID_REQUEST', 'the body is no JSON']);
  expect(await problem(post('/permits', { circuits: 'x' }))).toEqual([
    400,
    'INVALID_REQUEST',
    expect.stringMatching(/circuit: .*\n.*circuits/s),
  ]);
  expect(await problem(post('/permits/x/outcome', { outcome: 'meh', error: 'a message, in words' }))).toEqual(
    [400, 'INVALID_REQUEST', expect.stringMatching(/outcome: .*\nerror: /s)],
  );
  expect(await problem(post('/permits', `"${'x'.repeat(5_000)}"`))).toEqual([
    413,
    'BODY_TOO_LONG',
    expect.anything(),
  ]);
  expect(await problem(post('/permits', 'circuit=x', {}))).toEqual([415, 'NOT_JSON', expect.anything()]);
  expect(await problem(ask(port, { path: '/permits' }))).toEqual([404, 'NO_SUCH_ROUTE', expect.anything()]);
  expect(await problem(ask(port, { path: '/circuits/%E0%A4%A' }))).toEqual([
    400,
    'INVALID_REQUEST',
    expect.anything(),
  ]);
  expect(await ask(port, { path: '/health' })).toMatchObject({ status: 200, body: '{"status":"ok"}' });
});

test('no page of a browser gets in, under any name', async () => {
  const { post } = await startApi();
  const refused: OutgoingHttpHeaders[] = [
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { 'sec-fetch-site': 'cross-site' },
    { host: 'evil.example' },
  ];
  for (const headers of refused)
    expect((await post('/permits', { circuit: 'x' }, { ...JSON_BODY, ...headers })).status).toBe(403);
});

test('circuits are not made without end', async () => {
  const { post } = await startApi();
  const statuses = new Set<number>();
  for (let i = 0; i < 1_000; i += 50)
    await Promise.all(
      Array.from({ length: 50 }, async (_, k) =>
        statuses.add((await post('/permits', { circuit: `user-${i + k}` })).status),
      ),
    );
  expect([...statuses]).toEqual([201]);
  expect(await post('/permits', { circuit: 'one-more' })).toMatchObject({ status: 400 });
  expect((await post('/permits', { circuit: 'user-1' })).status).toBe(201);
});

test('a request may come in pieces', async () => {
  const { port } = await startApi();
  const outgoing = request({ host: '127.0.0.1', port, method: 'POST', path: '/permits', headers: JSON_BODY });
  outgoing.write('{"circuit":');
  setImmediate(() => outgoing.end('"stripe"}'));
  const [incoming] = await once(outgoing, 'response');
  expect(incoming.statusCode).toBe(201);
  incoming.resume();
});
