/** The workflow, executed on DynamoDB Local: every way through it, and what it leaves in the record. */

import { type CircuitRecord, isSwitchgearError, Switchgear } from 'switchgear';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Execution, execute, TaskError } from '../asl/interpreter.ts';
import { Bench, fails, type Target, works } from './bench.ts';

let bench: Bench;
let circuit: string;
beforeAll(async () => {
  bench = await Bench.start();
});
beforeEach(() => {
  circuit = `payments-${crypto.randomUUID()}`;
});
afterAll(() => bench.close());

const never: Target = async () => {
  throw new Error('the target was called');
};

function run(target: Target, input: Record<string, unknown> = {}, host: Parameters<Bench['run']>[3] = {}) {
  return bench.run(bench.machine(), { circuit, ...input }, target, host);
}

/** What a rejection tells. */
function rejection(execution: Execution): Record<string, unknown> {
  expect(execution).toMatchObject({ status: 'FAILED', error: 'CircuitOpenError' });
  return JSON.parse(execution.cause as string);
}

const PAYMENT_DOWN = {
  status: 'FAILED',
  error: 'PaymentDown',
  cause: '{"errorType":"PaymentDown","errorMessage":"no"}',
};

/** Each of these is `fails` or `works`, after something else has happened. */
const after =
  (what: () => unknown, target: Target): Target =>
  async (payload) => {
    await what();
    return target(payload);
  };

async function trip(): Promise<void> {
  for (let i = 0; i < 3; i++) expect(await run(fails)).toMatchObject(PAYMENT_DOWN);
}

describe('a healthy circuit', () => {
  test('costs one read and no write: four states', async () => {
    const { path } = await run(works);
    expect(path).toEqual(['Check the input', 'Read the circuit', 'Weigh', 'Call']);
    expect(await bench.item(circuit)).toEqual({});
  });

  test.each([
    [[]],
    [[1]],
    [[[1]]],
    [[[]]],
    [null],
    ['x'],
    ['{% $secret %}'],
    [0],
    [false],
    [{}],
    [{ a: [1], 'b.c': [{}], $d: null }],
  ])('%j passes untouched, there and back', async (payload) => {
    let got: unknown;
    const { output } = await run(
      async (given) => {
        got = given;
        return given;
      },
      { payload },
    );
    expect([got, output]).toEqual([payload, payload]);
  });

  test('no payload is an empty one', async () => {
    expect(await run(async (payload) => payload)).toMatchObject({ output: {} });
  });

  test('a function that returns nothing', async () => {
    expect(await run(async () => undefined)).toMatchObject({ status: 'SUCCEEDED', output: null });
  });
});

describe('failures', () => {
  test('the first: counted once, the circuit entered in the directory, the error as it was', async () => {
    expect(await run(fails)).toMatchObject(PAYMENT_DOWN);
    const record = await bench.record(circuit);
    expect(record).toMatchObject({ state: 'closed', epoch: { number: 0, id: 'root-6000x10' } });
    expect(Object.values(record.evidence)).toEqual([
      { calls: 1, failures: 1, slow: 0, isolated: 0, isolatedSlow: 0, votes: 0 },
    ]);
    expect(record.sinceMs).toBeGreaterThan(0);
    expect(await bench.store.list()).toContain(circuit);
    expect(Number((await bench.item(circuit)).ttl?.N)).toBeGreaterThan(bench.now() / 1_000 + 604_000);
  });

  test('the third trips; then nothing is called, and the rejection says until when', async () => {
    await trip();
    const record = (await bench.record(circuit)) as CircuitRecord & { state: 'open' };
    expect(record.evidence).toEqual({});
    expect(record).toMatchObject({
      state: 'open',
      transition: { from: 'closed', reason: 'failures', calls: 3, failures: 3, lastFailure: 'PaymentDown' },
    });
    expect(record.transition?.by).toMatch(/^workflow\/[-0-9a-f]{36}$/);
    // 10 s, lengthened by half of the jitter of a tenth.
    expect(record.openUntilMs - record.sinceMs).toBe(10_500);
    const { retryAfterMs, ...rest } = rejection(await run(never));
    expect(rest).toEqual({ circuit, state: 'open', lastFailure: 'PaymentDown', retryAfter: 11 });
    expect(retryAfterMs).toBe(10_500);
  });

  test('the library and the workflow see one circuit', async () => {
    const gear = new Switchgear({ store: bench.store, cacheTtl: 1, storeTimeout: 5_000 });
    const breaker = gear.breaker(circuit);
    await breaker
      .execute(() => Promise.reject(Object.assign(new Error('down'), { status: 503 })))
      .catch(() => {});
    await gear.flush();
    for (let i = 0; i < 2; i++) await run(fails);
    expect(await bench.record(circuit)).toMatchObject({
      state: 'open',
      transition: { calls: 3, failures: 3 },
    });
    await gear.warm();
    const refused = await breaker.execute(async () => 'called').catch((error: unknown) => error);
    expect(isSwitchgearError(refused, 'CIRCUIT_OPEN') && refused.lastFailure).toBe('PaymentDown');
    await gear.close();
  });

  test('what the library counted as good keeps a few failures from tripping: the ratio is one for both', async () => {
    const slot = Math.floor(bench.now() / 6_000);
    await bench.put(circuit, { state: 'closed', rampMs: 0, rampFrom: 1, [`c${slot}`]: 100, [`f${slot}`]: 1 });
    for (let i = 0; i < 9; i++) await run(fails);
    expect((await bench.record(circuit)).state).toBe('closed');
    await run(fails);
    expect((await bench.record(circuit)).state).toBe('open');
  });

  test('where the trip cannot be committed, who has read that the policy is met does not call', async () => {
    const slot = Math.floor(bench.now() / 6_000);
    await bench.put(circuit, { state: 'closed', rampMs: 0, rampFrom: 1, [`c${slot}`]: 3, [`f${slot}`]: 3 });
    const throttled = {
      before: (state: string) => {
        if (state === 'Commit') throw new TaskError('DynamoDB.ThrottlingException', 'slow down');
      },
    };
    expect(rejection(await run(never, {}, throttled))).toMatchObject({ state: 'open', retryAfter: 0 });
    expect((await bench.record(circuit)).state).toBe('closed');
  });

  test.each([
    'CircuitOpenError',
    'BulkheadFullError',
    'States.DataLimitExceeded',
    'Lambda.ResourceNotFoundException',
    'States.Permissions',
    'States.QueryEvaluationError',
  ])('%s is no outcome', async (name) => {
    const target: Target = async () => {
      throw new TaskError(name, 'why');
    };
    for (let i = 0; i < 3; i++) expect(await run(target)).toMatchObject({ error: name, cause: 'why' });
    expect(await bench.item(circuit)).toEqual({});
  });

  test.each([
    'Lambda.Unknown',
    'Lambda.TooManyRequestsException',
    'Lambda.ServiceException',
    'Sandbox.Timedout',
    'Runtime.ExitError',
    'States.TaskFailed',
    'States.Timeout',
  ])('%s is a failure of the dependency', async (name) => {
    const target: Target = async () => {
      throw new TaskError(name, 'why');
    };
    for (let i = 0; i < 3; i++) expect(await run(target)).toMatchObject({ error: name, cause: 'why' });
    expect(await bench.record(circuit)).toMatchObject({ state: 'open', transition: { lastFailure: name } });
  });

  test('as much as the service carries passes, there and back, with names that are reserved elsewhere', async () => {
    const payload = { status: 'x'.repeat(200_000), name: null, size: [], 'ttl#:': { $: { S: 'NULL' } } };
    expect(await run(async (given) => given, { payload })).toMatchObject({ output: payload });
  });

  test('an error that is no outcome comes back and is not counted', async () => {
    const open: Target = async () => {
      throw new TaskError('CircuitOpenError', 'of another circuit');
    };
    expect(await run(open)).toMatchObject({ error: 'CircuitOpenError', cause: 'of another circuit' });
    const machine = bench.machine({ ignoredErrors: ['PaymentDown'] });
    expect(await bench.run(machine, { circuit }, fails)).toMatchObject(PAYMENT_DOWN);
    expect(await bench.item(circuit)).toEqual({});
  });

  test('a call that takes too long is a failure', async () => {
    const hangs: Target = () => new Promise(() => {});
    const seconds: number[] = [];
    const { error } = await run(
      hangs,
      { policy: { timeout: 2_500 } },
      {
        timeout: (limit) =>
          new Promise((_, reject) => {
            seconds.push(limit);
            // Those of the store last longer than this test.
            if (limit === 3) reject(new TaskError('States.Timeout'));
          }),
      },
    );
    expect(error).toBe('States.Timeout');
    expect(seconds[1]).toBe(3);
    expect(Object.values((await bench.record(circuit)).evidence)).toEqual([
      expect.objectContaining({ calls: 1, failures: 1 }),
    ]);
  });

  test('tries again with growing waits by chance, and counts what came of it once', async () => {
    const waits: number[] = [];
    let calls = 0;
    const machine = bench.machine({ retry: { maxAttempts: 3, errors: ['PaymentDown'], maxDelaySeconds: 3 } });
    const counting: Target = (payload) => {
      calls++;
      return fails(payload);
    };
    await bench.run(machine, { circuit }, counting, { sleep: async (ms) => void waits.push(ms) });
    expect(calls).toBe(4);
    expect(waits).toEqual([500, 1_000, 1_500]);
    expect(Object.values((await bench.record(circuit)).evidence)).toEqual([
      expect.objectContaining({ calls: 1, failures: 1 }),
    ]);
  });

  test('buckets that are over go with the next report, and count for nothing', async () => {
    const slot = Math.floor(bench.now() / 6_000);
    await bench.put(circuit, {
      state: 'closed',
      rampMs: 0,
      rampFrom: 1,
      [`c${slot - 11}`]: 9,
      [`f${slot - 11}`]: 9,
    });
    await run(fails);
    expect(Object.keys((await bench.record(circuit)).evidence)).toHaveLength(1);
    expect((await bench.record(circuit)).state).toBe('closed');
  });

  test('L1: a failure of a call that an older epoch admitted is dropped', async () => {
    await run(fails);
    await run(fails);
    const cleared = () => bench.store.clear([circuit], { by: 'ana', reason: 'test' });
    expect(await run(after(cleared, fails))).toMatchObject(PAYMENT_DOWN);
    expect(await bench.record(circuit)).toMatchObject({
      state: 'closed',
      epoch: { number: 1 },
      evidence: {},
    });
  });

  test('L1: also where the numbers have started again', async () => {
    const closed = { state: 'closed', rampMs: 0, rampFrom: 1 };
    await bench.put(circuit, closed);
    await run(after(() => bench.put(circuit, { ...closed, epochId: 'another seven' }), fails));
    expect((await bench.record(circuit)).evidence).toEqual({});
  });

  test('a transition leaves no counter behind: not of long ago, not of a bucket that another began meanwhile', async () => {
    const slot = Math.floor(bench.now() / 6_000);
    const before = {
      state: 'closed',
      rampMs: 0,
      rampFrom: 1,
      [`c${slot}`]: 3,
      [`f${slot}`]: 3,
      [`c${slot - 20}`]: 1,
    };
    const begun = Object.fromEntries([...'cfsiv'].map((letter, i) => [letter + (slot - 2 * i - 1), 1]));
    await bench.put(circuit, before);
    await run(
      never,
      {},
      {
        before: async (state) => {
          if (state === 'Commit') await bench.put(circuit, { ...before, ...begun });
        },
      },
    );
    const { state, evidence } = await bench.record(circuit);
    expect([state, evidence]).toEqual(['open', {}]);
  });

  test('a policy that an operator has stored takes the place of the code’s and the input’s', async () => {
    await bench.store.policy(
      circuit,
      { failureThreshold: 1, leaseDuration: 5_000, slowCallDuration: 'off', consecutiveFailures: 'off' },
      { by: 'ana', reason: 'test' },
    );
    await run(fails, { policy: { failureThreshold: 9 } });
    expect((await bench.record(circuit)).state).toBe('open');
    bench.aheadMs += 11_000;
    await run(
      after(async () => {
        const { leases, leaseMs } = (await bench.record(circuit)) as CircuitRecord & { state: 'half-open' };
        expect([leases.length, leaseMs]).toEqual([1, 5_000]);
      }, works),
    );
    expect(
      (await bench.item(circuit)).ttl,
      'no record expires that has an operator’s word in it',
    ).toBeUndefined();
  });
});

test.each([
  '{% $secret %}',
  'it\'s "quoted" \\ $circuit #STATE',
  'ledger\nDirectory',
  'レジャー 💸',
  '__proto__',
])('a circuit may be called %j', async (name) => {
  circuit = `${name}-${crypto.randomUUID()}`;
  await trip();
  expect(rejection(await run(never))).toMatchObject({ circuit, state: 'open' });
  bench.aheadMs += 11_000;
  expect(await run(works)).toMatchObject({ status: 'SUCCEEDED' });
  expect((await bench.record(circuit)).state).toBe('closed');
  expect(await bench.store.list()).toContain(circuit);
  expect(await bench.history(circuit)).toHaveLength(3);
});

test.each([
  '',
  'States.ALL',
  'DynamoDB.ConditionalCheckFailedException',
  'a name: with "all" {% sorts %}',
  'X'.repeat(256),
])('a target may fail with the error %j: it comes back, and is counted', async (name) => {
  const odd: Target = async () => {
    throw new TaskError(name, '{% $states %}');
  };
  for (let i = 0; i < 3; i++) expect(await run(odd)).toMatchObject({ error: name, cause: '{% $states %}' });
  const { state, transition } = await bench.record(circuit);
  expect(state).toBe('open');
  expect(transition?.lastFailure).toMatch(/^[\w.]{1,64}$/);
});

describe('recovery', () => {
  const open = (values = {}) =>
    bench.put(circuit, { state: 'open', openUntilMs: bench.now() - 1, ...values });
  const halfOpen = (values = {}) =>
    bench.put(circuit, {
      state: 'half-open',
      ...{ slots: 1, successesNeeded: 1, leaseMs: 31_000, successes: 0, failures: 0, lapses: 0 },
      ...values,
    });
  const lease = (untilMs: number) => ({ id: 'another', by: 'order-1', untilMs });

  test('a probe that works closes the circuit', async () => {
    await trip();
    bench.aheadMs += 11_000;
    expect(await run(works, { payload: 1 })).toMatchObject({ status: 'SUCCEEDED', output: { paid: 1 } });
    expect(await bench.record(circuit)).toMatchObject({
      state: 'closed',
      transition: { reason: 'recovered' },
    });
    expect(await bench.history(circuit)).toEqual([
      '1 closed → open',
      '2 open → half-open',
      '3 half-open → closed',
    ]);
  });

  test('a probe that fails opens it again, for twice as long, and comes back as it was', async () => {
    await open({ attempt: 0 });
    expect(await run(fails)).toMatchObject(PAYMENT_DOWN);
    const record = (await bench.record(circuit)) as CircuitRecord & { state: 'open' };
    expect(record).toMatchObject({ state: 'open', attempt: 1, transition: { reason: 'probe-failed' } });
    expect(record.openUntilMs - record.sinceMs).toBe(21_000);
  });

  test('a probe is over before its lease is, and is not tried again', async () => {
    await halfOpen({ leaseMs: 4_000 });
    const seconds: number[] = [];
    const machine = bench.machine({ retry: { maxAttempts: 3, errors: ['States.ALL'] } });
    const hangs: Target = () => new Promise(() => {});
    const { error } = await bench.run(machine, { circuit }, hangs, {
      timeout: (limit) =>
        new Promise((_, reject) => {
          seconds.push(limit);
          if (limit === 3) reject(new TaskError('States.Timeout'));
        }),
    });
    expect(error).toBe('States.Timeout');
    expect(seconds.filter((limit) => limit === 3)).toHaveLength(1);
    expect((await bench.record(circuit)).state).toBe('open');
  });

  test('L3: a prober whose lease has lapsed before it starts does not start', async () => {
    await halfOpen();
    const onStep = (from: string) => {
      if (from === 'Take the probe slot') bench.aheadMs += 31_000;
    };
    expect(rejection(await run(never, {}, { onStep }))).toMatchObject({ state: 'half-open' });
  });

  test('L4: successes of several executions add up', async () => {
    await open();
    const policy = { halfOpenSuccessThreshold: 2 };
    await run(works, { policy });
    expect(await bench.record(circuit)).toMatchObject({ state: 'half-open', successes: 1, leases: [null] });
    await run(works, { policy });
    expect((await bench.record(circuit)).state).toBe('closed');
  });

  test('L3: while another probes, nothing is called', async () => {
    await halfOpen({ lease0: lease(bench.now() + 5_000) });
    expect(rejection(await run(never))).toMatchObject({ state: 'half-open', retryAfter: 7 });
  });

  test('L3: a lease is taken over two seconds after its end, not before', async () => {
    await halfOpen({ lease0: lease(bench.now() - 1_000) });
    rejection(await run(never));
    bench.aheadMs += 1_500;
    await run(after(async () => expect(await bench.record(circuit)).toMatchObject({ lapses: 1 }), works));
    expect((await bench.record(circuit)).state).toBe('closed');
  });

  test('three leases in a row that lapse open the circuit again', async () => {
    await halfOpen({ lapses: 2, lease0: lease(bench.now() - 3_000) });
    rejection(await run(never));
    expect(await bench.record(circuit)).toMatchObject({
      state: 'open',
      transition: { reason: 'probes-lapsed' },
    });
  });

  test('a lease too short for a whole second is left to others', async () => {
    await halfOpen({ leaseMs: 1_500 });
    rejection(await run(never));
    expect(await bench.record(circuit)).toMatchObject({ leases: [null] });
  });

  test('L3: a verdict after the lease’s end changes nothing', async () => {
    await halfOpen({ leaseMs: 3_000 });
    const late = after(() => {
      bench.aheadMs += 4_000;
    }, works);
    expect(await run(late)).toMatchObject({ status: 'SUCCEEDED' });
    expect(await bench.record(circuit)).toMatchObject({ state: 'half-open', successes: 0, lapses: 0 });
  });

  test('L3: a verdict under a lease that another has taken over changes nothing', async () => {
    await halfOpen();
    const robbed = after(() => halfOpen({ lease0: lease(bench.now() + 9_000) }), fails);
    expect(await run(robbed)).toMatchObject(PAYMENT_DOWN);
    expect(await bench.record(circuit)).toMatchObject({ state: 'half-open', failures: 0 });
  });

  test('L6: a probe without an outcome frees its slot and counts for nothing', async () => {
    await halfOpen({ lapses: 1 });
    // The second: an answer too large for the service, which `States.ALL` does not catch.
    for (const error of ['CircuitOpenError', 'States.DataLimitExceeded']) {
      const rejected: Target = async () => {
        throw new TaskError(error, '');
      };
      expect(await run(rejected)).toMatchObject({ error });
      expect(await bench.record(circuit)).toMatchObject({
        leases: [null],
        successes: 0,
        failures: 0,
        lapses: 1,
      });
    }
  });

  test('whoever sees enough successes closes, and calls', async () => {
    await halfOpen({ successes: 1 });
    expect(await run(works)).toMatchObject({ status: 'SUCCEEDED' });
    expect(await bench.record(circuit)).toMatchObject({ state: 'closed', epoch: { number: 8 } });
  });

  test('whoever sees that the policy is met trips, and does not call', async () => {
    const slot = Math.floor(bench.now() / 6_000);
    await bench.put(circuit, { state: 'closed', rampMs: 0, rampFrom: 1, [`c${slot}`]: 3, [`f${slot}`]: 3 });
    expect(rejection(await run(never))).toMatchObject({ state: 'open' });
  });

  test('while a health check has the first word, nobody else probes; then anybody may', async () => {
    await open({ graceMs: 30_000 });
    expect(rejection(await run(never))).toMatchObject({ state: 'open', retryAfter: 30 });
    await halfOpen({ graceMs: 30_000, lapses: 1, lease0: lease(bench.now() - 3_000) });
    expect(rejection(await run(never))).toMatchObject({ state: 'half-open', retryAfter: 30 });
    bench.aheadMs += 30_000;
    await open({ graceMs: 30_000, openUntilMs: bench.now() - 30_000 });
    await run(works, { policy: { healthCheckGrace: 20_000 } });
    expect(await bench.item(circuit)).toMatchObject({ state: { S: 'closed' }, graceMs: { N: '20000' } });
  });

  test('a ramp admits its share', async () => {
    await bench.put(circuit, { state: 'closed', rampMs: 100_000, rampFrom: 0.4 });
    expect(rejection(await run(never))).toMatchObject({ state: 'ramp', retryAfter: 0 });
    expect(await run(works, {}, { random: () => 0.3 })).toMatchObject({ status: 'SUCCEEDED' });
    bench.aheadMs += 50_000;
    expect(await run(works)).toMatchObject({ status: 'SUCCEEDED' });
    for (let i = 0; i < 3; i++) await run(fails);
    expect(await bench.record(circuit)).toMatchObject({ state: 'open', attempt: 1 });
  });

  test('closing begins the ramp of the policy', async () => {
    await open();
    await run(works, { policy: { rampDuration: 60_000, rampFrom: 0.25 } });
    expect(await bench.record(circuit)).toMatchObject({ state: 'closed', rampMs: 60_000, rampFrom: 0.25 });
  });
});

describe('overrides', () => {
  const OPEN = () => bench.put(circuit, { state: 'open', openUntilMs: bench.now() + 60_000 });

  test('forced open: rejected, with an end only where there is one', async () => {
    await bench.override(circuit, 'forced-open');
    expect(rejection(await run(never))).toEqual({ circuit, state: 'forced-open' });
    await bench.override(circuit, 'forced-open', 30_000);
    const { state, retryAfterMs } = rejection(await run(never));
    expect(state).toBe('forced-open');
    // The library's idea of the time is good to a second.
    expect(Math.abs(Number(retryAfterMs) - 30_000)).toBeLessThanOrEqual(1_000);
  });

  test.each(['forced-closed', 'disabled'] as const)(
    '%s beats an open circuit, counts, trips nothing',
    async (mode) => {
      await OPEN();
      await bench.override(circuit, mode);
      for (let i = 0; i < 4; i++) expect(await run(fails)).toMatchObject(PAYMENT_DOWN);
      const record = await bench.record(circuit);
      expect(record).toMatchObject({ state: 'open', epoch: { number: 7 }, override: { mode } });
      expect(Object.values(record.evidence).reduce((sum, { failures }) => sum + failures, 0)).toBe(4);
      expect((await bench.item(circuit)).ttl).toBeUndefined();
    },
  );

  test('forced-open ends in a probe, whatever lay below it', async () => {
    await bench.override(circuit, 'forced-open', 1_000);
    bench.aheadMs += 3_000;
    expect(await run(works)).toMatchObject({ path: expect.arrayContaining(['Probe']) });
    expect(await bench.record(circuit)).toMatchObject({ state: 'closed', settledOverride: 1 });
  });

  test('disabled ends in a fresh closed epoch', async () => {
    await OPEN();
    await bench.override(circuit, 'disabled', 1_000);
    bench.aheadMs += 3_000;
    expect(await run(works)).toMatchObject({ path: expect.arrayContaining(['Commit', 'Call']) });
    expect(await bench.record(circuit)).toMatchObject({
      state: 'closed',
      attempt: 0,
      transition: { reason: 'override-ended' },
    });
  });

  test('one that arrives during the call: the failure counts once, the record does not expire', async () => {
    await run(fails);
    const overridden = after(() => bench.override(circuit, 'forced-closed'), fails);
    const { path } = await run(overridden);
    expect(path.filter((state) => state === 'Report the failure')).toHaveLength(2);
    const [counts] = Object.values((await bench.record(circuit)).evidence);
    expect(counts).toMatchObject({ calls: 2, failures: 2 });
    expect((await bench.item(circuit)).ttl).toBeUndefined();
  });
});

describe('L8: the table may fail', () => {
  const down = (...states: string[]) => ({
    before: (state: string) => {
      if (states.includes(state))
        throw new TaskError('DynamoDB.ProvisionedThroughputExceededException', 'slow down');
    },
  });

  test('a circuit that cannot be read does not stand in the way', async () => {
    expect(await run(works, {}, down('Read the circuit'))).toMatchObject({ status: 'SUCCEEDED' });
    expect(await run(fails, {}, down('Read the circuit'))).toMatchObject(PAYMENT_DOWN);
    expect(await bench.item(circuit), 'without an epoch nothing is reported').toEqual({});
  });

  test.each([
    { schema: 2, state: 'open', openUntilMs: 9e15 },
    { state: 'melted' },
    { state: 'open' },
    { state: 'half-open', slots: 'two' },
    { state: 'open', openUntilMs: 9e15, override: { mode: 'half-forced', version: 1 } },
  ])('nor one that cannot be understood: %j', async (values) => {
    await bench.put(circuit, values);
    const item = await bench.item(circuit);
    expect(await run(works)).toMatchObject({ status: 'SUCCEEDED' });
    expect(await run(fails)).toMatchObject(PAYMENT_DOWN);
    expect(await bench.item(circuit), 'what was not read is never written back').toEqual(item);
  });

  test.each(['Enter in the directory', 'Report the failure'])(
    '%s: the caller gets the target’s error',
    async (state) => {
      expect(await run(fails, {}, down(state))).toMatchObject(PAYMENT_DOWN);
      expect((await bench.record(circuit)).evidence).toEqual({});
    },
  );

  test.each(['File the last transition', 'Commit', 'Settle the probe'])(
    '%s: likewise, and the next execution goes on',
    async (state) => {
      await bench.put(circuit, {
        state: 'open',
        openUntilMs: bench.now() - 1,
        transition: { from: 'closed', to: 'open', atMs: 1, reason: 'failures', by: 'x' },
      });
      const first = await run(works, {}, down(state));
      expect(first.error ?? 'none').toBe(state === 'Settle the probe' ? 'none' : 'CircuitOpenError');
      bench.aheadMs += 40_000;
      expect(await run(works)).toMatchObject({ status: 'SUCCEEDED' });
      expect((await bench.record(circuit)).state).toBe('closed');
    },
  );

  test('a report whose answer was lost is not sent again', async () => {
    const { path } = await run(fails, {}, lostAnswer('Report the failure'));
    expect(path.filter((state) => state === 'Report the failure')).toHaveLength(1);
    const [counts] = Object.values((await bench.record(circuit)).evidence);
    expect(counts).toMatchObject({ calls: 1, failures: 1 });
  });

  test.each(['Commit', 'Take the probe slot'])(
    '%s: a lease whose grant was lost is found by its id',
    async (state) => {
      await bench.put(
        circuit,
        state === 'Commit'
          ? { state: 'open', openUntilMs: bench.now() - 1 }
          : {
              state: 'half-open',
              slots: 1,
              successesNeeded: 1,
              leaseMs: 31_000,
              successes: 0,
              failures: 0,
              lapses: 0,
            },
      );
      let lost = false;
      const { path, status } = await run(
        works,
        {},
        lostAnswer(state, () => {
          const first = !lost;
          lost = true;
          return first;
        }),
      );
      expect([status, path.includes('Probe')]).toEqual(['SUCCEEDED', true]);
      expect((await bench.record(circuit)).state).toBe('closed');
    },
  );

  /** The write arrives, its answer does not. */
  function lostAnswer(state: string, when: () => boolean = () => true) {
    return {
      after: (entered: string) => {
        if (entered === state && when()) throw new TaskError('States.Timeout');
      },
    };
  }

  test('an execution does not chase a circuit that moves on and on', async () => {
    await bench.put(circuit, { state: 'open', openUntilMs: bench.now() - 1 });
    let epoch = 10;
    const moving = {
      before: async (state: string) => {
        if (state === 'Commit')
          await bench.put(circuit, { state: 'open', openUntilMs: bench.now() - 1, epoch: epoch++ });
      },
    };
    const execution = await run(never, {}, moving);
    expect(rejection(execution)).toMatchObject({ state: 'open', retryAfter: 0 });
    expect(execution.path.filter((state) => state === 'Commit')).toHaveLength(4);
    const failing = await run(works, {}, down('Commit', 'Read again'));
    rejection(failing);
  });
});

describe('the input', () => {
  test.each<Record<string, unknown>>([
    {},
    { circuit: '' },
    { circuit: 'x'.repeat(256) },
    { circuit: 7 },
    { circuit: 'c', targetLambda: '' },
    { circuit: 'c', policy: [] },
    { circuit: 'c', policy: null },
    { circuit: 'c', policy: { failureTreshold: 3 } },
    { circuit: 'c', policy: { failureThreshold: 0 } },
    { circuit: 'c', policy: { failureThreshold: 1.5 } },
    { circuit: 'c', policy: { failureRatio: 1.1 } },
    { circuit: 'c', policy: { resetTimeout: '30s' } },
    { circuit: 'c', policy: { timeout: 999 } },
    { circuit: 'c', policy: { resetTimeout: 9_000, maxResetTimeout: 8_000 } },
    // Longer than the code's maxResetTimeout.
    { circuit: 'c', policy: { resetTimeout: 300_001 } },
    { circuit: 'c', policy: { constructor: 1 } },
    { circuit: 'c', policy: { failureThreshold: '3' } },
    { circuit: 'c', targetLambda: 'x'.repeat(257) },
  ])('%j is refused before anything is read', async (input) => {
    const { error, path } = await bench.run(bench.machine(), input, never, {
      before: () => expect.unreachable('the table was asked'),
    });
    expect([error, path]).toEqual(['InvalidInput', ['Check the input', 'Refuse the input']]);
  });

  test.each([null, 7, 'text', [{ circuit: 'c', targetLambda: 't' }]])('%j is none', async (input) => {
    const host = {
      handlers: {},
      now: Date.now,
      random: Math.random,
      newId: () => 'id',
      sleep: async () => {},
    };
    expect(await execute(bench.machine(), input, host)).toMatchObject({ error: 'InvalidInput' });
  });

  test('settings of one execution', async () => {
    await run(fails, { policy: { failureThreshold: 1, resetTimeout: 60_000, jitter: 0 } });
    const record = (await bench.record(circuit)) as CircuitRecord & { state: 'open' };
    expect(record.openUntilMs - record.sinceMs).toBe(60_000);
  });
});

test('every way out of every state was taken', () => {
  const ways = new Set<string>();
  for (const [name, state] of Object.entries(bench.machine().States)) {
    if (state.Type === 'Choice')
      for (const { Next } of [...state.Choices, { Next: state.Default }]) ways.add(`${name} → ${Next}`);
    if (state.Type === 'Task')
      for (const { Next } of [state, ...state.Catch]) if (Next) ways.add(`${name} → ${Next}`);
  }
  expect([...ways].filter((way) => !bench.taken.has(way))).toEqual([]);
});
