/** The registry: one per process. */

import { afterEach, expect, test, vi } from 'vitest';
import { Operator } from '../../src/operate/index.ts';
import { Permit } from '../../src/permit.ts';
import { MemoryStore } from '../../src/store/memory/memory-store.ts';
import { Switchgear } from '../../src/switchgear.ts';
import { FakeClock, FaultyStore, hangs, late, throws } from '../../src/testing/index.ts';
import { fleet, outcome, refused } from '../laws/fleet.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

test('the same name is the same breaker; other options for it are refused', () => {
  const gear = new Switchgear({ store: new MemoryStore(), defaults: { timeout: '2s' } });
  const payments = gear.breaker('payments', { failureThreshold: 5 });
  expect(gear.breaker('payments')).toBe(payments);
  expect(gear.breaker('payments', { failureThreshold: 5 })).toBe(payments);
  expect(payments.options).toMatchObject({ failureThreshold: 5, timeout: 2_000, leaseDuration: 3_000 });
  expect(() => gear.breaker('payments', { failureThreshold: 6 })).toThrow(/failureThreshold/);
});

test('everything wrong is refused at construction, all at once, the missing store too', () => {
  const wrong = { cacheTtl: 0, defaults: { jitter: 2 }, circuits: { payments: { timeout: '5x' } } };
  expect(() => new Switchgear(wrong as never)).toThrow(
    /store is undefined.*new MemoryStore[\s\S]*cacheTtl is 0[\s\S]*defaults\.jitter is 2[\s\S]*circuits\.payments\.timeout is '5x'/,
  );
  expect(() => new Switchgear(undefined as never)).toThrow(/store is undefined/);
});

test('what is no store, clock, chance or map of circuits is named at construction', () => {
  const store = new MemoryStore();
  const wrong = { store, clock: {}, random: 5, newId: 'x', circuits: null } as never;
  expect(() => new Switchgear(wrong)).toThrow(
    /random is 5; allowed: a function[\s\S]*newId is 'x'[\s\S]*clock.now is undefined[\s\S]*circuits is null; allowed: a plain object/,
  );
  expect(() => new Switchgear({ store: Promise.resolve(store) as never })).toThrow('await createStore');
  expect(() => new Switchgear({ store, circuits: 5 as never })).toThrow('circuits is 5');
});

test('what is no plain object is refused for options, and settles nothing', () => {
  const gear = new Switchgear({ store: new MemoryStore() });
  for (const wrong of [[], new Map(), 'fast', Object.create({ timeout: 5 })] as never[])
    expect(() => gear.breaker('payments', wrong)).toThrow(/options is .*; allowed: a plain object/);
  expect(gear.breakers.size).toBe(0);
  class Settings {
    readonly store = new MemoryStore();
    get cacheTtl() {
      return '1s' as const;
    }
  }
  expect(() => new Switchgear(new Settings())).toThrow('options is an object; allowed: a plain object');
});

test('a setting that a circuit leaves undefined is the gear’s, and what changes later changes nothing', () => {
  const defaults = { timeout: 2_000 };
  const circuits: Record<string, object> = { payments: { timeout: undefined } };
  const gear = new Switchgear({ store: new MemoryStore(), defaults, circuits });
  defaults.timeout = 5;
  circuits.mail = { timeout: 7 };
  expect(gear.breaker('payments').options.timeout).toBe(2_000);
  expect(gear.breaker('mail').options.timeout).toBe(2_000);
  for (const name of ['constructor', '__proto__', 'a\nb', '\u0000', '{}', '📮'])
    expect(gear.breaker(name).options.timeout).toBe(2_000);
});

test('functions are not compared: inline ones, made anew with each call, are no other options', () => {
  const gear = new Switchgear({ store: new MemoryStore() });
  const ask = (timeout: number) => gear.breaker('payments', { timeout, isFailure: (answer) => answer === 5 });
  const first = ask(2_000);
  expect(ask(2_000)).toBe(first);
  expect(() => ask(3_000)).toThrow(/timeout/);
});

test('circuits: settings from outside lie between the defaults and the code', () => {
  const gear = new Switchgear({
    store: new MemoryStore(),
    defaults: { failureThreshold: 4, minCalls: 4, quorum: 4 },
    circuits: { payments: { failureThreshold: 5, minCalls: 5 } },
  });
  expect(gear.breaker('payments', { minCalls: 6 }).options).toMatchObject({
    failureThreshold: 5,
    minCalls: 6,
    quorum: 4,
  });
});

test('calls and warm never reject for the store', async () => {
  const f = fleet(1);
  const { gear, store, breaker } = f.process(0);
  store.inject('every', throws(new Error('denied')));
  expect(await outcome(breaker.execute(() => 1))).toBe('ok');
  await gear.warm();
  await gear.flush();
});

test('warm reads all circuits in one batch, so that the first calls wait for nothing', async () => {
  const f = fleet(1);
  const { gear, store } = f.process(0);
  gear.breaker('ledger');
  await gear.warm(['payments', 'ledger', 'mail']);
  expect(store.calls.load).toBe(1);
  expect(gear.breaker('mail').admit()).toBeInstanceOf(Permit);
  expect(gear.breaker('payments').admit()).toBeInstanceOf(Permit);
});

test('warm reads ahead and settles nothing: the options come with the breaker', async () => {
  const f = fleet(2, { breaker: { failureWindow: '2s' } });
  await f.fail(f.process(1), 3);
  const { gear, store } = f.process(0);
  await gear.warm(['payments', 'ledger']);
  await gear.warm(['mail']);
  await gear.warm(['ledger']);
  const ledger = gear.breaker('ledger', { failureWindow: '2s', timeout: '2s', isFailure: () => true });
  expect(ledger.options).toMatchObject({ timeout: 2_000, isFailure: expect.any(Function) });
  const mail = gear.breaker('mail', { timeout: '2s' });
  const loads = store.calls.load;
  expect(ledger.admit()).toBeInstanceOf(Permit);
  expect(mail.admit()).toBeInstanceOf(Permit);
  expect(store.calls.load).toBe(loads);
  await ledger.execute(() => 'judged');
  await f.idle();
  expect(await f.record('ledger')).toMatchObject({ bucketMs: ledger.circuit.root().bucketMs });
  expect(gear.breaker('ledger', { failureWindow: '2s', timeout: '2s' })).toBe(ledger);
  expect(() => gear.breaker('ledger', { timeout: '3s' })).toThrow(/timeout/);
});

test('who asks for a breaker without options has settled them, warm or not', async () => {
  const gear = new Switchgear({ store: new MemoryStore() });
  await gear.warm(['payments']);
  const breaker = gear.breaker('payments');
  await gear.warm(['payments']);
  expect(() => gear.breaker('payments', { timeout: '2s' })).toThrow(/timeout/);
  expect(gear.breaker('payments')).toBe(breaker);
});

test('warm ends within the budget when the store hangs', async () => {
  const f = fleet(1);
  const { gear, store } = f.process(0);
  store.inject('load', hangs);
  let done = false;
  void gear.warm().then(() => {
    done = true;
  });
  await f.advance(499);
  expect(done).toBe(false);
  await f.advance(1);
  expect(done).toBe(true);
});

test('flush waits for what is under way, at most as long as it is told', async () => {
  const f = fleet(1);
  const p = f.process(0);
  await f.call(p);
  p.store.inject('report', late(300, f.clock));
  await f.fail(p, 1);
  const ended: string[] = [];
  void p.gear.flush(100).then(() => ended.push('short'));
  void p.gear.flush().then(() => ended.push('long'));
  await f.advance(99);
  expect(ended).toEqual([]);
  await f.advance(1);
  expect(ended).toEqual(['short']);
  await f.advance(200);
  expect(ended).toEqual(['short', 'long']);
  expect(f.clock.pending).toBe(0);
});

test.each([Number.NaN, 2 ** 31, '2s' as never])(
  'flush: %o is no limit, and cuts nothing short',
  async (limit) => {
    const f = fleet(1);
    const p = f.process(0);
    await f.call(p);
    p.store.inject('report', late(300, f.clock));
    await f.fail(p, 1);
    let done = false;
    const flushed = p.gear.flush(limit).then(() => {
      done = true;
    });
    await f.advance(299);
    expect(done).toBe(false);
    await f.advance(1);
    await flushed;
  },
);

test('flush waits for the transition that a report brings about', async () => {
  const f = fleet(2, { gear: { storeTimeout: '10s' }, breaker: { failureRatio: 0 } });
  for (const process of f.processes) await f.call(process);
  const p = f.process(0);
  await f.fail(f.process(1), 2);
  p.store.inject(['report', 'transition'], late(300, f.clock));
  await f.fail(p, 1);
  const flushed = p.gear.flush();
  await f.advance(1_000);
  await flushed;
  expect((await f.record()).state).toBe('open');
});

test('close flushes, stops listening and closes the store', async () => {
  const clock = new FakeClock();
  const memory = new MemoryStore({ clock });
  const store = new FaultyStore(memory);
  const closed = vi.spyOn(store, 'close');
  const gear = new Switchgear({ store, clock });
  const changes = vi.fn();
  gear.onStateChange(changes);
  await gear.breaker('payments').execute(() => 1);
  await gear.close();
  expect(closed).toHaveBeenCalledOnce();
  await new Operator({ store: memory, by: 'ana' }).setStates({
    payments: { mode: 'forced-open', reason: 'x' },
  });
  expect(changes).not.toHaveBeenCalled();
});

test('onStateChange returns its unsubscribe', async () => {
  const f = fleet(1);
  const { gear } = f.process(0);
  const listener = vi.fn();
  const off = gear.onStateChange(listener);
  off();
  await f.fail(f.process(0), 3);
  expect(listener).not.toHaveBeenCalled();
});

test('listeners that throw harm neither calls nor other listeners', async () => {
  const logged = vi.spyOn(console, 'error').mockImplementation(() => {});
  const f = fleet(1);
  const { gear, breaker, store } = f.process(0);
  // As of an HTTP client, with the request in it: of such a one only the stack is shown.
  const error = Object.assign(new Error('a listener that is broken itself'), { authorization: 's3cret' });
  gear.onStateChange(() => {
    throw error;
  });
  gear.onStoreError(() => {
    throw error;
  });
  const after = vi.fn();
  gear.onStateChange(after);
  const mine = refused();
  for (let i = 0; i < 3; i++) await expect(breaker.execute(() => Promise.reject(mine))).rejects.toBe(mine);
  await f.idle();
  expect(after).toHaveBeenCalledOnce();
  store.inject('every', throws(new Error('gone')));
  await f.advance(5_000);
  expect(await outcome(breaker.execute(() => 1))).toBe('rejected');
  await f.idle();
  expect(logged).toHaveBeenCalledWith('switchgear: listener threw', error.stack);
});

test('a listener that throws with every call is told of once, and so is each other one', async () => {
  const logged = vi.spyOn(console, 'error').mockImplementation(() => {});
  const gear = new Switchgear({ store: new MemoryStore() });
  const loud = vi.fn(() => {
    throw new Error('a listener that is broken itself');
  });
  const later = vi.fn(() => Promise.reject(new Error('so is this one')));
  gear.onCall(loud);
  gear.onCall(later as never);
  for (let i = 0; i < 100; i++) await gear.breaker('payments').execute(() => 1);
  await new Promise((resolve) => setImmediate(resolve));
  expect([loud.mock.calls.length, later.mock.calls.length]).toEqual([100, 100]);
  expect(logged).toHaveBeenCalledTimes(2);
});

test('listeners that reject harm nobody either; what is no function is refused', async () => {
  const logged = vi.spyOn(console, 'error').mockImplementation(() => {});
  const unhandled = vi.fn();
  process.on('unhandledRejection', unhandled);
  try {
    const f = fleet(1);
    const { gear } = f.process(0);
    const error = new Error('a listener that is broken itself');
    gear.onStateChange(async () => {
      throw error;
    });
    await f.fail(f.process(0), 3);
    await new Promise((resolve) => setImmediate(resolve));
    expect(unhandled).not.toHaveBeenCalled();
    expect(logged).toHaveBeenCalledWith('switchgear: listener threw', error.stack);
    for (const wrong of [undefined, 'x', {}] as never[]) {
      expect(() => gear.onStateChange(wrong)).toThrow(/listener is .*; allowed: a function/);
      expect(() => gear.onStoreError(wrong)).toThrow(/listener is .*; allowed: a function/);
    }
  } finally {
    process.off('unhandledRejection', unhandled);
  }
});

test('a listener that makes a call of the same breaker, or sets a state, does not get stuck', async () => {
  const f = fleet(1);
  const { gear, breaker } = f.process(0);
  const outcomes: string[] = [];
  gear.onStateChange((change) => {
    if (change.source === 'committed')
      void outcome(breaker.execute(() => 1)).then((how) => outcomes.push(how));
  });
  await f.fail(f.process(0), 3);
  expect(outcomes).toEqual(['rejected']);
});

test('disabled: calls go straight through; nothing is counted, limited or stored', async () => {
  const f = fleet(1, { gear: { disabled: true }, breaker: { maxConcurrent: 1, maxQueue: 0, timeout: '1s' } });
  const p = f.process(0);
  const held = [f.begin(p), f.begin(p), f.begin(p)];
  await f.advance(5_000);
  expect(held.every((call) => call.started)).toBe(true);
  await Promise.all(held.map((call) => call.succeed()));
  await f.fail(p, 20);
  expect(await f.call(p)).toBe('ok');
  expect(Object.values(p.store.calls).every((n) => n === 0)).toBe(true);
  const permit = p.breaker.admit() as Permit;
  expect(permit).toBeInstanceOf(Permit);
  await permit.failure(refused());
});

test('without a store a process is a breaker of its own', async () => {
  const clock = new FakeClock();
  const gear = new Switchgear({ store: new MemoryStore({ clock }), clock, random: () => 0 });
  const breaker = gear.breaker('payments');
  for (let i = 0; i < 3; i++) await outcome(breaker.execute(() => Promise.reject(refused())));
  expect(breaker.state.state).toBe('open');
  await clock.advance(10_000);
  expect(await breaker.execute(() => 'ok')).toBe('ok');
  await clock.advance(0);
  expect(breaker.state.state).toBe('closed');
});

test('processes have random names unless they are told one', () => {
  const store = new MemoryStore();
  expect(new Switchgear({ store }).processId).not.toBe(new Switchgear({ store }).processId);
  expect(new Switchgear({ store, processId: 'order-1' }).processId).toBe('order-1');
});

test('disabled stays disabled, whatever the store says or an operator asks', async () => {
  const f = fleet(2, { push: true });
  const p = f.start(2);
  const off = f.start(3, {}, { disabled: true });
  await f.call(off);
  await f.fail(p, 3);
  await off.gear.warm();
  await f.operator(off).setStates({ payments: { mode: 'forced-open', reason: 'x' } });
  const before = { ...off.store.calls };
  f.dependency.mode = 'down';
  for (let i = 0; i < 20; i++) {
    expect(await f.call(off)).toBe('failed');
    await f.advance(1_000);
  }
  expect(off.store.calls).toEqual(before);
});

test('a listener that goes and comes again within its own call is called once per change', async () => {
  const store = new MemoryStore();
  const gear = new Switchgear({ store });
  let calls = 0;
  const listener = () => {
    calls += 1;
    off();
    off = gear.onStateChange(listener);
  };
  let off = gear.onStateChange(listener);
  const breaker = gear.breaker('payments', { failureThreshold: 1, failureRatio: 0 });
  await breaker
    .execute(() => Promise.reject(Object.assign(new Error(), { code: 'ECONNREFUSED' })))
    .catch(() => {});
  await gear.flush();
  expect(calls).toBe(1);
});

test.each([Object.create(null), Symbol('gone'), { message: Symbol('gone') }, undefined])(
  'a store that rejects with what has no words harms nobody: %o',
  async (error) => {
    const said = vi.spyOn(console, 'error').mockImplementation(() => {});
    const store = new MemoryStore();
    store.load = () => Promise.reject(error);
    expect(await new Switchgear({ store }).breaker('payments').execute(() => 'ok')).toBe('ok');
    expect(said).toHaveBeenCalledOnce();
    said.mockRestore();
  },
);
