import { expect, test, vi } from 'vitest';
import { isSwitchgearError, type RejectingState } from '../../src/errors.ts';
import { Permit } from '../../src/permit.ts';
import { MemoryStore } from '../../src/store/memory/memory-store.ts';
import { Switchgear } from '../../src/switchgear.ts';
import { FakeClock, late } from '../../src/testing/index.ts';
import { fleet, Gate, refused } from '../laws/fleet.ts';

function breaker(options = {}, gear = {}) {
  const clock = new FakeClock();
  const made = new Switchgear({ store: new MemoryStore({ clock }), clock, random: () => 0, ...gear });
  return { clock, gear: made, breaker: made.breaker('payments', options) };
}

test('the caller gets the very error that was thrown, whatever it is', async () => {
  const { breaker: b } = breaker({ failureThreshold: 1_000 });
  const frozen = Object.freeze(new Error('frozen'));
  const hostile = new Proxy(new Error('hostile'), {
    get() {
      throw new Error('do not look');
    },
  });
  for (const thrown of [
    refused(),
    frozen,
    hostile,
    'text',
    0,
    null,
    undefined,
    Symbol('s'),
    { code: 'ECONNRESET' },
  ]) {
    const caught: unknown[] = [];
    const keep = (error: unknown) => {
      caught.push(error);
    };
    await b.execute(() => Promise.reject(thrown)).catch(keep);
    await b
      .execute(() => {
        throw thrown;
      })
      .catch(keep);
    expect(caught.map((error) => error === thrown)).toEqual([true, true]);
  }
});

for (const timeout of [false, '1s'] as const) {
  test(`a result that is no promise is a result (timeout ${timeout})`, async () => {
    const { breaker: b } = breaker({ timeout });
    expect(await b.execute(() => 42)).toBe(42);
    expect(await b.execute(() => undefined)).toBeUndefined();
    expect(await b.execute(() => null)).toBeNull();
    const object = { a: 1 };
    expect(await b.execute(() => object)).toBe(object);
  });

  test(`a thenable is awaited (timeout ${timeout})`, async () => {
    const { breaker: b } = breaker({ timeout });
    // biome-ignore lint/suspicious/noThenProperty: what AWS SDK v2 and query builders return
    const thenable = { then: (resolve: (value: string) => void) => resolve('rows') };
    expect(await b.execute(() => thenable as PromiseLike<string>)).toBe('rows');
  });

  test(`a synchronous throw rejects, is counted, and frees the bulkhead (timeout ${timeout})`, async () => {
    const { breaker: b } = breaker({ timeout, maxConcurrent: 1, failureThreshold: 2 });
    const error = refused();
    for (let i = 0; i < 2; i++)
      await expect(
        b.execute(() => {
          throw error;
        }),
      ).rejects.toBe(error);
    await expect(b.execute(() => 1)).rejects.toMatchObject({ code: 'CIRCUIT_OPEN' });
  });
}

test('CircuitOpenError says which circuit, why, and when to come again', async () => {
  const f = fleet(1, { breaker: { resetTimeout: '30s' } });
  await f.fail(f.process(0), 3);
  await f.advance(10_000);
  const error = await f
    .process(0)
    .breaker.execute(() => 1)
    .catch((thrown: unknown) => thrown);
  if (!isSwitchgearError(error, 'CIRCUIT_OPEN')) throw error;
  // The code narrows the type.
  const { retryAfterMs, state }: { retryAfterMs: number; state: RejectingState } = error;
  expect([retryAfterMs, state]).toEqual([20_000, 'open']);
  expect(error).toMatchObject({
    name: 'CircuitOpenError',
    circuit: 'payments',
    state: 'open',
    retryAfterMs: 20_000,
    lastFailure: 'ECONNREFUSED',
  });
});

test('the timeout rejects with a TimeoutError, aborts the signal with it, and counts as a failure', async () => {
  const { clock, breaker: b } = breaker({ timeout: '2s', failureThreshold: 1 });
  let signal: AbortSignal | undefined;
  const call = b.execute((context) => {
    signal = context.signal;
    return new Promise(() => {});
  });
  const rejected = expect(call).rejects.toMatchObject({
    code: 'CALL_TIMEOUT',
    timeoutMs: 2_000,
    circuit: 'payments',
  });
  await clock.advance(1_999);
  expect(signal?.aborted).toBe(false);
  await clock.advance(1);
  await rejected;
  expect(signal?.aborted).toBe(true);
  expect(signal?.reason).toBe(await call.catch((error: unknown) => error));
  await clock.advance(0);
  expect(b.state).toMatchObject({ state: 'open', transition: { lastFailure: 'TimeoutError' } });
});

test('a call that ends after its timeout changes nothing any more', async () => {
  const { clock, breaker: b } = breaker({ timeout: '1s', failureThreshold: 5 });
  const gates = [new Gate<string>(), new Gate<string>()];
  const calls = gates.map((gate) => b.execute(() => gate.passed));
  const rejected = Promise.all(
    calls.map((call) => expect(call).rejects.toMatchObject({ code: 'CALL_TIMEOUT' })),
  );
  await clock.advance(1_000);
  await rejected;
  gates[0]?.open('late');
  gates[1]?.fail(refused());
  await clock.advance(0);
  expect(b.state.evidence).toMatchObject({ calls: 2, failures: 2 });
});

test('an abort rejects with the caller’s reason at once and aborts the signal of the call', async () => {
  const { clock, breaker: b } = breaker({ failureThreshold: 1 });
  const abort = new AbortController();
  const reason = new Error('client gone');
  let signal: AbortSignal | undefined;
  const call = b.execute(
    (context) => {
      signal = context.signal;
      return new Promise(() => {});
    },
    { signal: abort.signal },
  );
  await clock.advance(0);
  abort.abort(reason);
  await expect(call).rejects.toBe(reason);
  expect(signal?.reason).toBe(reason);
  expect(b.state.state).toBe('closed');
});

test('a call whose signal is aborted already is not made', async () => {
  const { breaker: b } = breaker();
  const fn = vi.fn();
  const reason = new Error('too late');
  await expect(b.execute(fn, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  expect(fn).not.toHaveBeenCalled();
  expect(await b.execute(() => 'next')).toBe('next');
});

test('listeners on the caller’s signal are taken away when the call ends', async () => {
  const { breaker: b } = breaker();
  const abort = new AbortController();
  const added = vi.spyOn(abort.signal, 'addEventListener');
  const removed = vi.spyOn(abort.signal, 'removeEventListener');
  await b.execute(() => 1, { signal: abort.signal });
  await b.execute(() => Promise.reject(refused()), { signal: abort.signal }).catch(() => {});
  expect(added.mock.calls.length).toBe(removed.mock.calls.length);
});

test('an AbortController is made only if the signal is read', async () => {
  const { breaker: b } = breaker({ timeout: '1s' });
  let made = 0;
  const Original = globalThis.AbortController;
  vi.stubGlobal(
    'AbortController',
    class extends Original {
      constructor() {
        super();
        made++;
      }
    },
  );
  try {
    await b.execute(() => 1);
    expect(made).toBe(0);
    await b.execute((call) => call.signal.aborted);
    await b.execute((call) => [call.signal, call.signal]);
    expect(made).toBe(2);
  } finally {
    vi.unstubAllGlobals();
  }
});

test('a signal that is read after the timeout is aborted already, with the timeout as its reason', async () => {
  const { clock, breaker: b } = breaker({ timeout: '1s' });
  const gate = new Gate();
  let late: AbortSignal | undefined;
  const call = b.execute(async (context) => {
    await gate.passed;
    late = context.signal;
  });
  const thrown = call.catch((error: unknown) => error);
  await clock.advance(1_000);
  expect(await thrown).toMatchObject({ code: 'CALL_TIMEOUT' });
  gate.open();
  await clock.advance(0);
  expect(late?.aborted).toBe(true);
  expect(late?.reason).toBe(await thrown);
});

test('a signal that is read after the caller’s abort has the caller’s reason', async () => {
  const { clock, breaker: b } = breaker();
  const gate = new Gate();
  const abort = new AbortController();
  let late: AbortSignal | undefined;
  const call = b.execute(
    async (context) => {
      await gate.passed;
      late = context.signal;
    },
    { signal: abort.signal },
  );
  await clock.advance(0);
  abort.abort('gone');
  await expect(call).rejects.toBe('gone');
  gate.open();
  await clock.advance(0);
  expect(late?.reason).toBe('gone');
});

test.each([{}, { timeout: '1s' }])(
  'a thenable that answers with a promise which fails has failed (%j)',
  async (options) => {
    const { gear, breaker: b } = breaker(options);
    // biome-ignore lint/suspicious/noThenProperty: what old promise libraries return
    const thenable = { then: (resolve: (value: unknown) => void) => resolve(Promise.reject(refused())) };
    await expect(b.execute(() => thenable as PromiseLike<unknown>)).rejects.toThrow();
    await gear.flush();
    expect(b.state.evidence).toMatchObject({ calls: 1, failures: 1 });
  },
);

test('at most maxConcurrent at once; the others wait in line, in order', async () => {
  const { clock, breaker: b } = breaker({ maxConcurrent: 2, maxQueue: 3 });
  const gates = Array.from({ length: 5 }, () => new Gate());
  const started: number[] = [];
  const calls = gates.map((gate, i) =>
    b.execute(() => {
      started.push(i);
      return gate.passed;
    }),
  );
  await clock.advance(0);
  expect(started).toEqual([0, 1]);
  await expect(b.execute(() => 1)).rejects.toMatchObject({ code: 'BULKHEAD_FULL', circuit: 'payments' });
  gates[1]?.open();
  await clock.advance(0);
  expect(started).toEqual([0, 1, 2]);
  for (const gate of gates) gate.open();
  await Promise.all(calls);
  expect(started).toEqual([0, 1, 2, 3, 4]);
});

test('waiting in line ends after queueTimeout, or with the caller’s abort, and leaks no place', async () => {
  const { clock, breaker: b } = breaker({ maxConcurrent: 1, queueTimeout: '1s' });
  const gate = new Gate();
  const first = b.execute(() => gate.passed);
  await clock.advance(0);
  const abort = new AbortController();
  const reason = new Error('gone');
  const tooLong = expect(b.execute(() => 1)).rejects.toMatchObject({ code: 'BULKHEAD_FULL' });
  const aborted = expect(b.execute(() => 1, { signal: abort.signal })).rejects.toBe(reason);
  abort.abort(reason);
  await clock.advance(1_000);
  await Promise.all([tooLong, aborted]);
  gate.open();
  await first;
  for (let i = 0; i < 3; i++) expect(await b.execute(() => i)).toBe(i);
});

test('nobody stands in line before an open circuit', async () => {
  const f = fleet(1, { breaker: { maxConcurrent: 1 } });
  const p = f.process(0);
  await f.call(p);
  const held = f.begin(p);
  await f.idle();
  await f.fail(f.start(1), 3);
  await f.advance(5_000);
  await p.gear.warm();
  expect(await f.call(p)).toBe('rejected');
  await held.succeed();
});

test('a call that waited in line is judged when its turn comes, not when it came', async () => {
  const f = fleet(1, { breaker: { maxConcurrent: 1, failureThreshold: 1 } });
  const p = f.process(0);
  const first = f.begin(p);
  await f.idle();
  const second = f.begin(p);
  await first.fail();
  expect(await second.outcome).toBe('rejected');
  expect(second.started).toBe(false);
});

test('isFailure judges results: the caller still gets its result', async () => {
  const { clock, breaker: b } = breaker({
    failureThreshold: 2,
    isFailure: (result: unknown) => (result as { status: number }).status >= 500,
  });
  const answer = { status: 503 };
  for (let i = 0; i < 2; i++) expect(await b.execute(() => answer)).toBe(answer);
  await clock.advance(0);
  await expect(b.execute(() => answer)).rejects.toMatchObject({ code: 'CIRCUIT_OPEN' });
});

test('isBreakable decides what counts; a programming error does not by default', async () => {
  const { breaker: strict } = breaker({ failureThreshold: 1 });
  await expect(
    strict.execute(() => {
      throw new TypeError('x is not a function');
    }),
  ).rejects.toThrow(TypeError);
  expect(strict.state.state).toBe('closed');

  const { clock, breaker: own } = breaker({ failureThreshold: 1, isBreakable: () => true });
  await expect(
    own.execute(() => {
      throw new TypeError('x is not a function');
    }),
  ).rejects.toThrow(TypeError);
  await clock.advance(0);
  expect(own.state.state).toBe('open');
});

test('predicates that throw take nobody’s error or result away', async () => {
  const broken = () => {
    throw new Error('a predicate that is broken itself');
  };
  const { clock, breaker: b } = breaker({ failureThreshold: 1, isBreakable: broken, isFailure: broken });
  expect(await b.execute(() => 'result')).toBe('result');
  expect(b.state.state).toBe('closed');
  const error = new Error('original');
  await expect(b.execute(() => Promise.reject(error))).rejects.toBe(error);
  await clock.advance(0);
  // In doubt an error is a failure.
  expect(b.state.state).toBe('open');
});

test('a failed result speaks as an error does: its status names the failure, its Retry-After sets the open time', async () => {
  const { clock, breaker: b } = breaker({
    failureThreshold: 1,
    isFailure: (answer: unknown) => (answer as Response).status >= 500,
  });
  await b.execute(() => new Response('', { status: 503, headers: { 'retry-after': '20' } }));
  await clock.advance(0);
  expect(b.state).toMatchObject({ retryAfterMs: 20_000, transition: { lastFailure: 'HTTP 503' } });
});

test('a failed result without a status is not named: its name may be a customer’s', async () => {
  const { clock, breaker: b } = breaker({ failureThreshold: 1, isFailure: () => true });
  await b.execute(() => ({ name: 'Ana', code: 'E5' }));
  await clock.advance(0);
  expect(b.state.transition?.lastFailure).toBe('failed result');
});

test('an abort while the store is asked rejects at once; what is granted later is given back', async () => {
  const f = fleet(1, { gear: { storeTimeout: '2s' }, breaker: { maxConcurrent: 1, maxQueue: 0 } });
  const p = f.process(0);
  const signal = () => {
    const abort = new AbortController();
    f.clock.setTimer(() => abort.abort(new Error('gone')), 50);
    return { signal: abort.signal };
  };
  for (const verb of ['load', 'transition'] as const) {
    const off = p.store.inject(verb, late(1_000, f.clock));
    const fn = vi.fn();
    const call = expect(p.breaker.execute(fn, signal())).rejects.toThrow('gone');
    await f.advance(50);
    await call;
    // Its place is free already.
    const permit = expect(p.breaker.acquire(signal())).rejects.toThrow(/gone|half-open|open/);
    await f.advance(50);
    await permit;
    await f.advance(1_000);
    off();
    expect(fn).not.toHaveBeenCalled();
    if (verb === 'load') await f.fail(p, 3);
    await f.advance(verb === 'load' ? 10_000 : 0);
  }
  expect(await f.record()).toMatchObject({ state: 'half-open', leases: [null], failures: 0, successes: 0 });
  expect(await f.call(p)).toBe('ok');
});

test('a signal that is none is refused, and costs no place', async () => {
  const { breaker: b } = breaker({ maxConcurrent: 1, maxQueue: 0 });
  for (const signal of [
    new AbortController(),
    new EventTarget(),
    { throwIfAborted() {} },
    'x',
    5,
  ] as never[]) {
    const fn = vi.fn();
    await expect(b.execute(fn, { signal })).rejects.toBeInstanceOf(TypeError);
    expect(fn).not.toHaveBeenCalled();
    // One that only seems to be a signal is found out by its use, which a permit has not.
    if (!('throwIfAborted' in Object(signal)))
      await expect(b.acquire({ signal })).rejects.toBeInstanceOf(TypeError);
    expect(await b.execute(() => 'next')).toBe('next');
  }
  await expect(b.execute(() => 1, { signal: new AbortController() as never })).rejects.toThrow(/AbortSignal/);
  (await b.acquire(null as never)).cancel();
});

test('wrap refuses what is no function, when it is told', () => {
  const { breaker: b } = breaker();
  expect(() => b.wrap(undefined as never)).toThrow('fn is undefined; allowed: a function');
});

for (const maxConcurrent of [1, false] as const)
  test(`shadow rejects nothing: no line, no timeout; both count and decide (maxConcurrent ${maxConcurrent})`, async () => {
    const f = fleet(2, { breaker: { failureThreshold: 2 } });
    const p = f.start(2, { mode: 'shadow', maxConcurrent, maxQueue: 0, timeout: '1s', failureThreshold: 2 });
    await f.call(p);
    const held = [f.begin(p), f.begin(p), f.begin(p)];
    await f.idle();
    expect(held.every(({ started }) => started)).toBe(true);
    const permit = await p.breaker.acquire();
    await f.advance(1_000);
    expect(await f.record()).toMatchObject({ state: 'open', transition: { lastFailure: 'TimeoutError' } });
    expect(p.breaker.state.state).toBe('open');
    expect(await f.call(p)).toBe('ok');
    const failures = (await f.record()).evidence;
    expect(await held[0]?.succeed()).toBe('ok');
    expect(await held[1]?.fail()).toBe('failed');
    expect(await held[2]?.succeed()).toBe('ok');
    await permit.success();
    await f.idle();
    expect((await f.record()).evidence).toEqual(failures);
    expect(await f.call(f.process(0))).toBe('rejected');
  });

test('shadow: the signal of a call that outlasts its timeout is not aborted, that of its caller is heard', async () => {
  const { clock, breaker: b } = breaker({ mode: 'shadow', timeout: '1s', failureThreshold: 100 });
  const abort = new AbortController();
  let signal: AbortSignal | undefined;
  const call = b.execute(
    (context) => {
      signal = context.signal;
      return new Promise(() => {});
    },
    { signal: abort.signal },
  );
  await clock.advance(5_000);
  expect(signal?.aborted).toBe(false);
  const rejected = expect(call).rejects.toThrow('gone');
  abort.abort(new Error('gone'));
  await rejected;
  expect(signal?.aborted).toBe(true);
  expect(b.state.evidence).toMatchObject({ calls: 1, failures: 1 });
});

test('wrap passes this, arguments and result on', async () => {
  const { breaker: b } = breaker();
  class Client {
    readonly #currency = 'EUR';
    readonly charge = b.wrap(async function (this: Client, amount: number, ...tips: number[]) {
      return `${tips.reduce((sum, tip) => sum + tip, amount)} ${this.#currency}`;
    });
  }
  expect(await new Client().charge(5, 1, 2)).toBe('8 EUR');
  const sync = b.wrap((a: number, c: number) => a + c);
  expect(await sync(2, 3)).toBe(5);
});

test('wrapped functions share the circuit of their breaker', async () => {
  const { clock, breaker: b } = breaker({ failureThreshold: 2 });
  const one = b.wrap(() => Promise.reject(refused()));
  const two = b.wrap(() => Promise.reject(refused()));
  await expect(one()).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  await expect(two()).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  await clock.advance(0);
  await expect(one()).rejects.toMatchObject({ code: 'CIRCUIT_OPEN' });
});

test('no unhandled rejection is left behind, whatever fails', async () => {
  const unhandled = vi.fn();
  process.on('unhandledRejection', unhandled);
  try {
    const f = fleet(1, { breaker: { timeout: '1s', maxConcurrent: 2, maxQueue: 1 } });
    const p = f.process(0);
    p.store.inject('every', () => Promise.reject(new Error('gone')));
    f.dependency.mode = 'down';
    for (let i = 0; i < 30; i++) {
      await Promise.all([f.call(p), f.call(p), f.call(p), f.call(p)]);
      const answer = p.breaker.admit();
      if (answer instanceof Permit) void answer.failure(refused());
      await f.advance(5_000);
    }
    await new Promise((resolve) => setImmediate(resolve));
    expect(unhandled).not.toHaveBeenCalled();
  } finally {
    process.off('unhandledRejection', unhandled);
  }
});
