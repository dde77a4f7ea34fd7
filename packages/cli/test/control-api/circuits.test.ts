import { MemoryStore, Switchgear } from 'switchgear';
import { FakeClock, FaultyStore } from 'switchgear/testing';
import { expect, test } from 'vitest';
import { rig, trip } from './rig.ts';

test('an open circuit says since when, why, how long still and who tripped it', async () => {
  const { ask, store, clock } = rig();
  await trip(store, 'payments', 10_000);
  const openedMs = clock.now();
  await clock.advance(4_000);
  const { circuits, nowMs, unreadable } = (await ask('GET', '/v1/circuits')).json();
  expect(nowMs).toBe(openedMs + 4_000);
  expect(unreadable).toEqual([]);
  expect(circuits).toEqual([
    {
      name: 'payments',
      state: 'open',
      sinceMs: openedMs,
      retryAfterMs: 6_000,
      openUntilMs: openedMs + 10_000,
      evidence: { calls: 0, failures: 0, slow: 0, isolated: 0 },
      failureRatio: 0,
      transition: {
        from: 'closed',
        to: 'open',
        atMs: openedMs,
        reason: 'failures',
        by: 'pod-1',
        calls: 5,
        failures: 3,
        lastFailure: 'ECONNREFUSED',
      },
      versions: { override: 0, policy: 0 },
      epoch: { number: 1, id: 'trip-1' },
      leases: [],
    },
  ]);
});

test('an override is shown, audited, obeyed by a process, and released into half-open', async () => {
  const { ask, store, clock, audit } = rig();
  const path = '/v1/circuits/payments/override';
  const forced = await ask(
    'PUT',
    path,
    { mode: 'forced-open', reason: 'provider down', for: '15m' },
    { 'switchgear-by': 'J%C3%B6rg' },
  );
  expect(forced.json()).toMatchObject({
    state: 'forced-open',
    retryAfterMs: 900_000,
    override: {
      mode: 'forced-open',
      by: 'Jörg',
      reason: 'provider down',
      untilMs: clock.now() + 900_000,
    },
  });
  const gear = new Switchgear({ store, clock, processId: 'pod-7' });
  const breaker = gear.breaker('payments');
  await expect(breaker.execute(async () => 'called')).rejects.toMatchObject({ state: 'forced-open' });

  await clock.advance(1_000);
  const released = await ask('DELETE', path, { reason: 'back' });
  expect(released.json()).toMatchObject({
    state: 'half-open',
    sinceMs: clock.now(),
    retryAfterMs: 0,
    ended: { mode: 'forced-open', reason: 'back' },
    versions: { override: 2, policy: 0 },
  });
  expect(released.json()).not.toHaveProperty('override');
  expect(audit).toEqual([
    {
      act: 'override',
      circuit: 'payments',
      by: 'Jörg',
      role: 'operator',
      reason: 'provider down',
      asked: { mode: 'forced-open', for: '15m' },
      outcome: 'done',
    },
    {
      act: 'release',
      circuit: 'payments',
      by: 'control-api',
      role: 'operator',
      reason: 'back',
      asked: {},
      outcome: 'done',
    },
  ]);
  await clock.advance(10_000);
  expect(await breaker.execute(async () => 'called')).toBe('called');
  const { transitions, acts } = (await ask('GET', '/v1/circuits/payments/history')).json();
  expect(acts).toEqual([
    expect.objectContaining({ kind: 'override', version: 2, by: 'control-api', reason: 'back' }),
    expect.objectContaining({ kind: 'override', version: 1, by: 'Jörg', reason: 'provider down' }),
  ]);
  expect(transitions.map(({ from, to, by }: Record<string, string>) => `${from} → ${to} by ${by}`)).toEqual([
    'half-open → closed by pod-7',
    'closed → half-open by pod-7',
  ]);
  await gear.close();
});

test('a callee that has recovered gets a probe at once, and full load only after it', async () => {
  const { ask, store, clock } = rig();
  await trip(store, 'payments', 60_000);
  await clock.advance(1_000);
  await ask('POST', '/v1/circuits/payments/recovered', { reason: 'deployed the fix' });
  await clock.advance(1);
  expect((await ask('GET', '/v1/circuits/payments')).json()).toMatchObject({
    state: 'half-open',
    retryAfterMs: 0,
    ended: { reason: 'deployed the fix' },
  });

  const gear = new Switchgear({ store, clock, processId: 'pod-7' });
  const breaker = gear.breaker('payments');
  let finish = () => {};
  const probe = breaker.execute(() => new Promise<void>((resolve) => (finish = resolve)));
  await clock.advance(0);
  await expect(breaker.execute(async () => 'called')).rejects.toMatchObject({ state: 'half-open' });
  expect((await ask('GET', '/v1/circuits/payments')).json()).toMatchObject({
    state: 'half-open',
    leases: [{ by: 'pod-7' }],
  });
  finish();
  await probe;
  await gear.flush();
  expect((await ask('GET', '/v1/circuits/payments')).json()).toMatchObject({ state: 'closed' });
  await gear.close();
});

test('the word of a callee moves no circuit that admits calls already', async () => {
  const { ask } = rig();
  await ask('POST', '/v1/circuits/closed/recovered', { reason: 'well' });
  expect((await ask('GET', '/v1/circuits/closed')).json()).toMatchObject({
    state: 'closed',
    epoch: { number: 0 },
  });
  await ask('PUT', '/v1/circuits/forced/override', { mode: 'forced-closed', reason: 'we know' });
  await ask('POST', '/v1/circuits/forced/recovered', { reason: 'well' });
  expect((await ask('GET', '/v1/circuits/forced')).json()).toMatchObject({ state: 'forced-closed' });
});

test('the word of a callee does not take the place of what an operator does at the same moment', async () => {
  const clock = new FakeClock();
  const memory = new MemoryStore({ clock });
  const store = new FaultyStore(memory);
  const { ask, audit } = rig({ store, clock });
  await trip(memory, 'payments', 60_000);
  const off = store.before('override', async () => {
    off();
    await memory.override('payments', { mode: 'forced-open', by: 'ann', reason: 'leave it' });
  });
  const late = await ask('POST', '/v1/circuits/payments/recovered', { reason: 'well' });
  expect(late.json()).toMatchObject({
    status: 412,
    code: 'CONFLICT',
    detail: expect.stringContaining('leave it'),
  });
  expect(audit).toMatchObject([{ act: 'recovered', outcome: 'refused' }]);
  expect((await ask('GET', '/v1/circuits/payments')).json()).toMatchObject({
    state: 'forced-open',
    retryAfterMs: null,
  });
});

test('of two operators who saw the same the second is refused, and nothing he asked for is done', async () => {
  const { ask, audit } = rig();
  const override = '/v1/circuits/payments/override';
  const seen = await ask('GET', override);
  expect([seen.json(), seen.headers.get('etag')]).toEqual([null, '"0"']);
  const ifMatch = { 'if-match': '"0"' };
  const first = await ask('PUT', override, { mode: 'forced-open', reason: 'down' }, ifMatch);
  expect(first.json()).toMatchObject({ state: 'forced-open', versions: { override: 1 } });
  const second = await ask('PUT', override, { mode: 'forced-closed', reason: 'well' }, ifMatch);
  expect(second.json()).toMatchObject({
    status: 412,
    code: 'CONFLICT',
    detail: expect.stringMatching(/another than you saw, by control-api: down/),
  });
  expect((await ask('DELETE', override, { reason: 'well' }, ifMatch)).status).toBe(412);
  const now = await ask('GET', override);
  expect(now.json()).toMatchObject({ mode: 'forced-open', reason: 'down' });
  expect(
    (await ask('DELETE', override, { reason: 'well' }, { 'if-match': `${now.headers.get('etag')}` })).status,
  ).toBe(200);

  const policy = '/v1/circuits/payments/policy';
  const settings = (failureThreshold: number) => ({ reason: 'calmer', values: { failureThreshold } });
  expect((await ask('PUT', policy, settings(5), ifMatch)).json()).toMatchObject({ versions: { policy: 1 } });
  expect((await ask('PUT', policy, settings(6), ifMatch)).status).toBe(412);
  expect((await ask('DELETE', policy, { reason: 'x' }, ifMatch)).status).toBe(412);
  expect((await ask('GET', policy)).headers.get('etag')).toBe('"1"');
  // `*`, and no condition at all, take whatever there is.
  expect((await ask('PUT', policy, settings(7), { 'if-match': '*' })).status).toBe(200);
  expect((await ask('DELETE', policy, { reason: 'x' })).status).toBe(200);
  for (const tag of ['0', 'W/"0"', '"x"', '"0", "1"'])
    expect((await ask('PUT', policy, settings(8), { 'if-match': tag })).status).toBe(400);
  const { acts } = (await ask('GET', '/v1/circuits/payments/history?limit=2')).json();
  expect(acts.map(({ version, values }: { version: number; values: object }) => [version, values])).toEqual([
    [3, {}],
    [2, { failureThreshold: 7 }],
  ]);
  expect(audit.map(({ outcome }) => outcome)).toEqual([
    'done',
    'refused',
    'refused',
    'done',
    'done',
    'refused',
    'refused',
    'done',
    'done',
  ]);
});

test('reset, outage and recovery too are for what their author saw', async () => {
  const { ask, audit } = rig();
  const circuit = '/v1/circuits/payments';
  await ask('PUT', `${circuit}/override`, { mode: 'forced-closed', reason: 'ann watches it' });
  const acts = [
    ['reset', { reason: 'false alarm' }],
    ['outage', { reason: 'migration', for: '10m' }],
    ['recovered', { reason: 'well' }],
  ] as const;
  for (const [act, body] of acts) {
    const late = await ask('POST', `${circuit}/${act}`, body, { 'if-match': '"0"' });
    expect([act, late.status, late.json().code]).toEqual([act, 412, 'CONFLICT']);
  }
  expect((await ask('GET', circuit)).json()).toMatchObject({ state: 'forced-closed', epoch: { number: 0 } });
  expect(audit.slice(1).map(({ act, outcome }) => [act, outcome])).toEqual([
    ['reset', 'refused'],
    ['outage', 'refused'],
    ['recovered', 'refused'],
  ]);
  const seen = { 'if-match': '"1"' };
  expect((await ask('POST', `${circuit}/recovered`, { reason: 'well' }, seen)).json()).toMatchObject({
    state: 'forced-closed',
  });
  expect((await ask('POST', `${circuit}/outage`, acts[1][1], seen)).json()).toMatchObject({
    state: 'forced-open',
    versions: { override: 2 },
  });
  const reset = await ask('POST', `${circuit}/reset`, { reason: 'false alarm' }, { 'if-match': '"2"' });
  expect(reset.json()).toMatchObject({ state: 'closed', transition: { reason: 'cleared' } });
  expect(reset.json()).not.toHaveProperty('override');
});

test('a planned outage is forced-open until it is over or the callee is back', async () => {
  const { ask, clock } = rig();
  const planned = await ask('POST', '/v1/circuits/payments/outage', { reason: 'migration', for: 600_000 });
  expect(planned.json()).toMatchObject({
    state: 'forced-open',
    override: { untilMs: clock.now() + 600_000 },
  });
  await clock.advance(1_000);
  const back = await ask('POST', '/v1/circuits/payments/recovered', { reason: 'done early' });
  expect(back.json()).not.toHaveProperty('override');
});

test('a policy is checked, stored with its author, taken over by a process and removed', async () => {
  const { ask, store, clock } = rig();
  const path = '/v1/circuits/payments/policy';
  expect((await ask('GET', path)).json()).toBeNull();
  const wrong = await ask('PUT', path, {
    reason: 'calmer',
    values: { failureTreshold: 5, resetTimeout: 'soon' },
  });
  expect(wrong.status).toBe(400);
  expect(wrong.json().detail).toContain('did you mean failureThreshold?');
  expect(wrong.json().detail).toContain('resetTimeout');
  await ask('PUT', path, {
    reason: 'calmer',
    values: { failureThreshold: 5, resetTimeout: '30s', slowCallDuration: 'off' },
  });
  expect((await ask('GET', path)).json()).toEqual({
    version: 1,
    values: { failureThreshold: 5, resetTimeout: 30_000, slowCallDuration: 'off' },
    by: 'control-api',
    reason: 'calmer',
    atMs: clock.now(),
  });
  expect((await store.load(['payments'], () => ({ bucketMs: 6_000, buckets: 10 })))[0]?.policy?.version).toBe(
    1,
  );
  const removed = await ask('DELETE', path, { reason: 'code decides' });
  expect(removed.json()).not.toHaveProperty('policy');
  expect((await ask('GET', path)).json()).toBeNull();
});

test('a reset puts a circuit into a fresh closed state', async () => {
  const { ask, store } = rig();
  await trip(store, 'payments', 60_000);
  expect((await ask('POST', '/v1/circuits/payments/reset', { reason: 'false alarm' })).json()).toMatchObject({
    state: 'closed',
    transition: { reason: 'cleared', note: 'false alarm' },
  });
});

test('names are anything: slashes, spaces, markup, a percent sign', async () => {
  const { ask } = rig();
  for (const name of ['<img onerror>', 'a/b', '100 %', 'ünï', 'x'.repeat(255)]) {
    const answer = await ask('PUT', `/v1/circuits/${encodeURIComponent(name)}/override`, {
      mode: 'disabled',
      reason: name.slice(0, 9),
    });
    expect(answer.json()).toMatchObject({ name, state: 'disabled' });
  }
  expect((await ask('GET', `/v1/circuits/${'x'.repeat(256)}`)).status).toBe(400);
});

test('stray failures of several processes: counted, isolated, and the circuit closed', async () => {
  const { ask, store, clock } = rig();
  const gears = ['pod-1', 'pod-2', 'pod-3', 'pod-4'].map(
    (processId) => new Switchgear({ store, clock, processId, awaitReports: true }),
  );
  for (const gear of gears) {
    const breaker = gear.breaker('payments');
    for (let calls = 0; calls < 9; calls++) await breaker.execute(async () => 'well');
    const stray = Object.assign(new Error('reset'), { code: 'ECONNRESET' });
    await breaker.execute(() => Promise.reject(stray)).catch(() => {});
    await gear.close();
  }
  expect((await ask('GET', '/v1/circuits/payments')).json()).toMatchObject({
    state: 'closed',
    evidence: { calls: 40, failures: 4, slow: 0, isolated: 4 },
    failureRatio: 0.1,
  });
  const { text } = await ask('GET', '/metrics');
  for (const [counter, value] of Object.entries({ calls: 40, failures: 4, isolated: 4 }))
    expect(text).toContain(`switchgear_circuit_window_${counter}{circuit="payments"} ${value}\n`);
});

test('the metrics are text of Prometheus, names escaped', async () => {
  const { ask, store } = rig();
  await trip(store, 'pay"ments\n', 60_000);
  const { text, headers } = await ask('GET', '/metrics');
  expect(headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  expect(text).toContain('switchgear_circuit_state{circuit="pay\\"ments\\n",state="open"} 1\n');
  expect(text).toContain('switchgear_circuit_state{circuit="pay\\"ments\\n",state="closed"} 0\n');
  for (const line of text.trimEnd().split('\n'))
    expect(line).toMatch(/^(# (HELP|TYPE) \w+ .+|\w+(\{.*\})? [\d.]+)$/);
});

test('the OpenAPI document is of version 3.1 and names every path', async () => {
  const { ask } = rig();
  const document = (await ask('GET', '/openapi.json')).json();
  expect(document.openapi).toBe('3.1.0');
  expect(Object.keys(document.paths)).toHaveLength(13);
  expect(document.components.securitySchemes.bearer).toMatchObject({ type: 'http', scheme: 'bearer' });
  for (const [path, methods] of Object.entries(document.paths))
    for (const operation of Object.values(methods as Record<string, Record<string, object>>)) {
      const open = path === '/v1/health';
      expect(operation.security).toEqual(open ? [] : [{ bearer: [] }]);
      expect(Object.keys(operation.responses ?? {})).toContain('403');
      expect(Object.keys(operation.responses ?? {}).includes('401')).toBe(!open);
    }
  expect(document.paths['/v1/circuits'].get.responses).toHaveProperty('504');
  expect(document.paths['/v1/events'].get.responses).toHaveProperty('503');
  expect(document.components.schemas.Circuit.properties.retryAfterMs.type).toEqual(['number', 'null']);
});
