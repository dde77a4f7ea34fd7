/** What operators do, apart from calls. */

import { expect, test, vi } from 'vitest';
import type { CircuitRecord } from '../../src/core/record.ts';
import type { ConfigurationError } from '../../src/errors.ts';
import { Operator, type PolicyValues } from '../../src/operate/index.ts';
import { MemoryStore } from '../../src/store/memory/memory-store.ts';
import { Switchgear } from '../../src/switchgear.ts';
import { openHead } from '../../src/testing/conformance/heads.ts';
import { FakeClock, FaultyStore, throws } from '../../src/testing/index.ts';
import { fleet } from '../laws/fleet.ts';

function desk() {
  const clock = new FakeClock();
  const memory = new MemoryStore({ clock });
  const store = new FaultyStore(memory);
  return { clock, memory, store, operator: new Operator({ store, by: 'ana' }) };
}

async function problemsOf(act: Promise<unknown>): Promise<readonly string[]> {
  const error = await act.catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'INVALID_CONFIGURATION' });
  return (error as ConfigurationError).problems;
}

test('wrong options are refused at construction, a store without verbs for operators too', () => {
  const calls = { transition: () => {} };
  for (const [options, words] of [
    [undefined, /store has no verbs for operators/],
    [{ store: calls, by: '' }, /store has no verbs[\s\S]*by is ''; allowed: a text/],
    [{ store: new MemoryStore(), who: 'ana' }, /who is not an option/],
  ] as const)
    expect(() => new Operator(options as never)).toThrow(words);
});

test('getStates reads many circuits in one call, those that were never written too; by default all that there are', async () => {
  const f = fleet(1);
  await f.fail(f.process(0), 3);
  const { store } = f.process(0);
  const operator = new Operator({ store });
  const before = store.calls.load;
  const states = await operator.getStates(['payments', 'ledger', 'mail']);
  expect(store.calls.load - before).toBe(1);
  expect(Object.keys(states)).toEqual(['payments', 'ledger', 'mail']);
  expect(states.payments).toMatchObject({
    state: 'open',
    retryAfterMs: 10_000,
    transition: { by: 'process-0', reason: 'failures', lastFailure: 'ECONNREFUSED' },
  });
  expect(states.ledger).toMatchObject({ state: 'closed', sinceMs: 0, epoch: { number: 0 } });
  expect(Object.keys(await operator.getStates())).toEqual(['payments']);
  expect(await operator.list()).toEqual(['payments']);
});

test('a record that cannot be read is left out for whoever wants to hear of it, and rejects otherwise', async () => {
  const { operator, store } = desk();
  const unreadable = new Error('record of circuit "mail" cannot be read');
  store.inject('load', async ({ args: [, , options], run }) => {
    const records = await run();
    if (!options?.unreadable) throw unreadable;
    options.unreadable(unreadable);
    return records.with(1, undefined as never);
  });
  const told = vi.fn();
  expect(Object.keys(await operator.getStates(['payments', 'mail'], { unreadable: told }))).toEqual([
    'payments',
  ]);
  expect(told).toHaveBeenCalledExactlyOnceWith(unreadable);
  await expect(operator.getStates(['payments', 'mail'])).rejects.toBe(unreadable);
});

test('setStates sets several at once and answers with their states; `by` is the operator’s where an act says none', async () => {
  const { operator, clock } = desk();
  const states = await operator.setStates({
    payments: { mode: 'forced-open', reason: 'fire' },
    ledger: { mode: 'disabled', reason: 'drill', by: 'ben', forMs: '10m' },
  });
  expect(states).toMatchObject({
    payments: { state: 'forced-open', override: { by: 'ana', reason: 'fire' } },
    ledger: { state: 'disabled', override: { by: 'ben', untilMs: clock.now() + 600_000 } },
  });
  expect(await operator.setStates({})).toEqual({});
});

test('setStates refuses what the fleet could not read, every problem at once, before anything is written', async () => {
  const { operator, store } = desk();
  const wrong = {
    payments: { mode: 'open', reason: '', by: 'x'.repeat(65), forMs: '10 m' },
    ledger: undefined,
    mail: { mode: 'forced-open', reason: 'x'.repeat(390_000), forMs: Number.NaN },
    search: { mode: 'forced-open', forMs: '721h', untilMs: 1 },
    '': { mode: 'disabled', reason: 'fine' },
    stock: { mode: 'disabled', reason: 'fine' },
  };
  const problems = await problemsOf(operator.setStates(wrong as never));
  expect(problems.map((each) => each.slice(0, 60))).toEqual([
    expect.stringMatching("^payments.mode is 'open'; allowed: forced-open or"),
    expect.stringMatching(/^payments.by is 'x+/),
    expect.stringMatching("^payments.reason is ''; allowed: a text with a length from 1"),
    expect.stringMatching("^payments.forMs is '10 m'; allowed: milliseconds"),
    expect.stringMatching('^ledger is undefined; allowed: a plain object'),
    expect.stringMatching('^ledger.mode is undefined'),
    expect.stringMatching('^ledger.reason is undefined'),
    expect.stringMatching(/^mail.reason is 'x+/),
    expect.stringMatching('^mail.forMs is NaN'),
    expect.stringMatching('^search.untilMs is not an option'),
    expect.stringMatching('^search.reason is undefined'),
    expect.stringMatching("^search.forMs is '721h'"),
    expect.stringMatching("^name is ''"),
  ]);
  expect(problems.join('').length).toBeLessThan(3_000);
  expect(store.calls.override).toBe(0);
});

test('what is no list of names, no map of requests and no settings is refused, not passed over', async () => {
  const { operator, store } = desk();
  const reason = 'x';
  const refused: [Promise<unknown>, RegExp][] = [
    [operator.getStates('payments' as never), /^names is 'payments'; allowed: a list of names$/],
    [operator.getPolicies('payments' as never), /^names is 'payments'/],
    [operator.clearStates('payments' as never, { reason }), /^names is 'payments'/],
    [operator.setStates(undefined as never), /^requests is undefined; allowed: a plain object$/],
    [operator.setStates([] as never), /^requests is a list/],
    [
      operator.setStates(new Map([['payments', { mode: 'disabled', reason }]]) as never),
      /^requests is an obj/,
    ],
    [operator.setPolicy('payments', [] as never, { reason }), /^values is a list/],
    [operator.setPolicy('payments', undefined as never, { reason }), /^values is undefined/],
  ];
  for (const [act, problem] of refused)
    expect(await problemsOf(act)).toEqual([expect.stringMatching(problem)]);
  expect(Object.values(store.calls).every((calls) => calls === 0)).toBe(true);
});

test('nobody acts without a name', async () => {
  const store = new FaultyStore(new MemoryStore());
  const operator = new Operator({ store });
  expect(await problemsOf(operator.setStates({ payments: { mode: 'disabled', reason: 'x' } }))).toEqual([
    expect.stringContaining('payments.by is undefined'),
  ]);
  await problemsOf(operator.clearStates(['payments'], { reason: 'x' }));
  await problemsOf(operator.setPolicy('payments', null, { reason: 'x' }));
  expect(store.calls).toMatchObject({ override: 0, clear: 0, policy: 0 });
});

test('clearStates wants a reason, and names; it closes and forgets', async () => {
  const { operator, store } = desk();
  for (const author of [undefined, {}, { reason: 5 }, { reason: 'x', mode: 'disabled' }])
    await problemsOf(operator.clearStates(['payments'], author as never));
  expect(await problemsOf(operator.clearStates([''], { reason: 'x' }))).toEqual([
    expect.stringContaining("name is ''"),
  ]);
  await operator.clearStates([], { reason: 'x' });
  expect(store.calls.clear).toBe(0);
  await operator.setStates({ payments: { mode: 'forced-open', reason: 'fire' } });
  await operator.clearStates(['payments'], { reason: 'fixed' });
  expect((await operator.getStates()).payments).toMatchObject({ state: 'closed', override: undefined });
});

test('history is newest first and as long as asked for; a limit that is none is refused', async () => {
  const { operator } = desk();
  for (const reason of ['one', 'two', 'three']) await operator.clearStates(['payments'], { reason });
  expect((await operator.history('payments')).map(({ note }) => note)).toEqual(['three', 'two', 'one']);
  expect((await operator.history('payments', 2)).map(({ note }) => note)).toEqual(['three', 'two']);
  for (const limit of [0, 1.5, Number.NaN, 1_001, '5' as never])
    expect(await problemsOf(operator.history('', limit))).toEqual([
      expect.stringContaining("name is ''"),
      expect.stringContaining('limit is '),
    ]);
});

test('setPolicy stores settings as every language reads them; null removes them and says who did', async () => {
  const { operator, clock } = desk();
  const values = {
    failureThreshold: 5,
    resetTimeout: '30s',
    slowCallDuration: false,
    rampDuration: false,
  } as const;
  const author = { by: 'ben', reason: 'the provider is fragile today' };
  expect(await operator.setPolicy('payments', values, author)).toEqual({
    version: 1,
    values: { failureThreshold: 5, resetTimeout: 30_000, slowCallDuration: 'off', rampDuration: 0 },
    ...author,
    atMs: clock.now(),
  });
  expect(await operator.setPolicy('payments', null, { reason: 'over' })).toMatchObject({
    version: 2,
    values: {},
    by: 'ana',
  });
  expect(await operator.getPolicies(['payments', 'mail'])).toEqual({
    payments: expect.objectContaining({ version: 2 }),
    mail: undefined,
  });
  expect(Object.keys(await operator.getPolicies())).toEqual(['payments']);
});

test('setPolicy refuses every wrong value at once, before anything is written', async () => {
  const { operator, store } = desk();
  const wrong = {
    failureThreshold: 0,
    failureRatoi: 0.5,
    timeout: 5,
    resetTimeout: '10m',
    maxResetTimeout: '5m',
  };
  const problems = await problemsOf(operator.setPolicy('', wrong as PolicyValues, {} as never));
  expect(problems).toEqual([
    expect.stringContaining('values.failureThreshold is 0; allowed: a whole number from 1'),
    expect.stringContaining('values.failureRatoi is not a setting, did you mean failureRatio?'),
    expect.stringContaining('values.timeout is not a setting'),
    expect.stringContaining('values.maxResetTimeout is 300000; allowed: at least resetTimeout, 600000'),
    expect.stringContaining("name is ''"),
    expect.stringContaining('reason is undefined'),
  ]);
  expect(store.calls.policy).toBe(0);
});

test('whoever acts on what he saw is refused where another came first, and told who and why; the rest is done', async () => {
  const { operator } = desk();
  const seen = await operator.getStates(['payments', 'mail']);
  expect(seen.payments?.overrideVersion).toBe(0);
  await operator.setStates({ payments: { mode: 'forced-open', by: 'ben', reason: 'provider is down' } });
  const late = operator.setStates({
    payments: { mode: 'forced-closed', reason: 'we know', ifVersion: 0 },
    mail: { mode: 'disabled', reason: 'we know', ifVersion: 0 },
  });
  await expect(late).rejects.toMatchObject({
    name: 'ConflictError',
    code: 'CONFLICT',
    message: 'circuit "payments": its override is another than you saw, by ben: provider is down',
  });
  const after = await operator.getStates();
  expect([after.payments?.state, after.mail?.state]).toEqual(['forced-open', 'disabled']);
  const { overrideVersion: ifVersion } = after.payments as { overrideVersion: number };
  await operator.setStates({ payments: { mode: 'release', reason: 'back', ifVersion } });
  // Nothing is in force, and nobody came in between: nothing to refuse.
  await operator.setStates({ payments: { mode: 'release', reason: 'back', ifVersion: ifVersion + 1 } });
  await operator.clearStates(['payments'], { reason: 'fresh' });
  await expect(
    operator.setStates({ payments: { mode: 'disabled', reason: 'x', ifVersion: 2 } }),
  ).rejects.toThrow('another than you saw: none');

  await operator.setPolicy('payments', { quorum: 2 }, { reason: 'x', ifVersion: 0 });
  await expect(operator.setPolicy('payments', null, { reason: 'x', ifVersion: 0 })).rejects.toMatchObject({
    code: 'CONFLICT',
    circuit: 'payments',
  });
  const wrong = operator.setPolicy('payments', null, { reason: 'x', ifVersion: -1 });
  expect(await problemsOf(wrong)).toEqual([
    expect.stringContaining('ifVersion is -1; allowed: a whole number'),
  ]);
});

test('acts are newest first and as many as asked for; a limit that is none is refused', async () => {
  const { operator, clock } = desk();
  await operator.setStates({ payments: { mode: 'forced-open', reason: 'fire', forMs: '10m' } });
  await clock.advance(1_000);
  await operator.setPolicy('payments', { quorum: 2 }, { by: 'ben', reason: 'calmer' });
  await clock.advance(1_000);
  await operator.setStates({ payments: { mode: 'release', reason: 'out' } });
  expect((await operator.acts('payments')).map(({ kind, by, reason }) => [kind, by, reason])).toEqual([
    ['override', 'ana', 'out'],
    ['policy', 'ben', 'calmer'],
    ['override', 'ana', 'fire'],
  ]);
  expect(await operator.acts('payments', 1)).toHaveLength(1);
  expect(await problemsOf(operator.acts('', 0))).toHaveLength(2);
});

test('a status says what an override ended into, until the next call has written it', async () => {
  const { operator, memory, clock } = desk();
  const state = async () => (await operator.getStates(['payments'])).payments;
  await operator.setStates({ payments: { mode: 'forced-open', reason: 'fire', forMs: '10m' } });
  await clock.advance(600_000);
  expect(await state()).toMatchObject({
    state: 'half-open',
    sinceMs: clock.now(),
    retryAfterMs: 0,
    override: undefined,
    ended: { mode: 'forced-open', reason: 'fire' },
    overrideVersion: 1,
  });
  const gear = new Switchgear({ store: memory, clock });
  const breaker = gear.breaker('payments');
  await gear.warm(['payments']);
  expect(breaker.state).toMatchObject({ state: 'half-open', retryAfterMs: 0 });
  await breaker.execute(async () => 'well');
  await gear.flush();
  expect(await state()).toMatchObject({ state: 'closed', ended: undefined });
  await gear.close();

  const record = (await memory.load(['payments'], () => ({ bucketMs: 6_000, buckets: 10 })))[0];
  await memory.transition(record as CircuitRecord, openHead(record as CircuitRecord, clock.now()));
  await operator.setStates({ payments: { mode: 'disabled', reason: 'drill' } });
  await operator.setStates({ payments: { mode: 'release', reason: 'over' } });
  expect(await state()).toMatchObject({ state: 'closed', retryAfterMs: 0, ended: { reason: 'over' } });
});

test('every method rejects when the store does', async () => {
  const { operator, store } = desk();
  const error = new Error('denied');
  store.inject('every', throws(error));
  const reason = 'x';
  for (const act of [
    operator.list(),
    operator.getStates(),
    operator.getStates(['payments']),
    operator.setStates({ payments: { mode: 'disabled', reason } }),
    operator.clearStates(['payments'], { reason }),
    operator.history('payments'),
    operator.acts('payments'),
    operator.getPolicies(['payments']),
    operator.setPolicy('payments', { quorum: 2 }, { reason }),
  ])
    await expect(act).rejects.toBe(error);
});

test('subscribe passes on what the store pushes; a store that cannot push says so', () => {
  const { operator, memory } = desk();
  const seen: string[] = [];
  const off = operator.subscribe(({ name, override, policy }) =>
    seen.push(`${name} ${override?.mode} ${policy?.version}`),
  );
  void memory.override('payments', { mode: 'disabled', by: 'ana', reason: 'x' });
  void memory.policy('payments', { quorum: 2 }, { by: 'ana', reason: 'x' });
  off?.();
  void memory.policy('payments', null, { by: 'ana', reason: 'x' });
  expect(seen).toEqual(['payments disabled undefined', 'payments disabled 1']);
  const deaf = Object.assign(Object.create(memory) as MemoryStore, { subscribe: undefined });
  expect(new Operator({ store: deaf as never }).subscribe(() => {})).toBeUndefined();
});
