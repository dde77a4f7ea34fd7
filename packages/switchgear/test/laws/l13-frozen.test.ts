/** L13: frozen is not dead. No timer runs meanwhile, and clocks may be set. */

import { afterEach, expect, test, vi } from 'vitest';
import { MemoryStore } from '../../src/store/memory/memory-store.ts';
import { Switchgear } from '../../src/switchgear.ts';
import { FakeClock, FaultyStore, hangs, late, throttles } from '../../src/testing/index.ts';
import { fleet, outcome, refused } from './fleet.ts';

afterEach(() => {
  vi.unstubAllEnvs();
});

test('L13 a thaw after ten minutes: the first call waits for a fresh read before it is admitted', async () => {
  const f = fleet(2);
  const p = f.process(0);
  await f.call(p);
  f.clock.jump(600_000);
  await f.fail(f.process(1), 3);
  f.dependency.calls = 0;
  expect(await f.call(p)).toBe('rejected');
  expect(f.dependency.calls).toBe(0);
});

test('L13 frozen while a call asks the store: thawed, it goes by the answer of then, and the next one waits for a fresh read', async () => {
  const f = fleet(2);
  const p = f.process(0);
  await f.call(p);
  f.clock.jump(60_000);
  p.store.inject('load', late(100, f.clock));
  const asking = f.begin(p);
  await f.idle();
  f.clock.jump(600_000);
  await f.fail(f.process(1), 3);
  await f.advance(0);
  expect(asking.started).toBe(true);
  const next = f.begin(p);
  await f.advance(100);
  expect(next.started).toBe(false);
  expect(await next.outcome).toBe('rejected');
});

test('L13 a thaw while the circuit was open and closed again: the first call goes', async () => {
  const f = fleet(2);
  const p = f.process(0);
  await f.fail(p, 3);
  f.clock.jump(300_000);
  expect(await f.call(f.process(1))).toBe('ok');
  await f.idle();
  f.clock.jump(300_000);
  expect(await f.call(p)).toBe('ok');
});

test('L13 failures from before the freeze are outside the window after it', async () => {
  const f = fleet(1);
  const p = f.process(0);
  await f.fail(p, 2);
  f.clock.jump(600_000);
  await f.fail(p, 1);
  expect(p.breaker.state.state).toBe('closed');
  expect((await f.record()).state).toBe('closed');
});

test('L13 a result from before the freeze counts in its own epoch alone', async () => {
  const f = fleet(2);
  const frozen = f.begin(f.process(0));
  await f.idle();
  await f.fail(f.process(1), 3);
  f.clock.jump(600_000);
  expect(await f.call(f.process(1))).toBe('ok');
  await f.idle();
  const before = await f.record();
  expect(before.state).toBe('closed');
  await frozen.fail();
  await f.idle();
  expect((await f.record()).epoch).toEqual(before.epoch);
  expect((await f.record()).evidence).toEqual({});
});

test('L13 a prober frozen past its lease, replaced, then thawed: its result changes nothing', async () => {
  const f = fleet(2);
  await f.call(f.process(1));
  await f.fail(f.process(0), 3);
  await f.advance(10_000);
  const frozen = f.begin(f.process(0));
  await f.idle();
  f.clock.jump(33_000);
  const replacement = f.begin(f.process(1));
  await f.idle();
  expect(replacement.started).toBe(true);
  await frozen.succeed();
  await f.idle();
  expect(await f.record()).toMatchObject({ state: 'half-open', successes: 0 });
  await replacement.succeed();
  await f.idle();
  expect((await f.record()).state).toBe('closed');
});

test('L13 a clock that jumps back an hour: calls go on, cost no more, and the next outage trips', async () => {
  const f = fleet(2, { skewsMs: [0, 0] });
  const p = f.process(0);
  for (const process of f.processes) await f.call(process);
  p.clock.skewMs -= 3_600_000;
  const remove = p.store.inject('load', late(100, f.clock));
  const before = p.store.calls.load;
  let waited = 0;
  for (let i = 0; i < 120; i++) {
    const call = f.begin(p);
    await f.idle();
    if (!call.started) waited++;
    await f.advance(500);
    expect(await call.succeed()).toBe('ok');
  }
  // The first one, since nobody knows how old the snapshot is.
  expect(waited).toBe(1);
  expect(p.store.calls.load - before).toBeLessThanOrEqual(60 / 5 + 1);
  remove();

  // It still hears of the others, and they of it.
  await f.fail(f.process(1), 3);
  await f.advance(5_000);
  await f.call(p);
  await f.idle();
  expect(await f.call(p)).toBe('rejected');
});

test('L13 a clock that jumps back an hour while the circuit is open: recovery is not an hour late', async () => {
  const f = fleet(1, { skewsMs: [0] });
  const p = f.process(0);
  await f.fail(p, 3);
  p.clock.skewMs -= 3_600_000;
  for (let i = 0; i < 20; i++) {
    await f.call(p);
    await f.advance(1_000);
  }
  expect(await f.call(p)).toBe('ok');
  expect((await f.record()).state).toBe('closed');
});

test('L13 a clock that jumps ahead an hour opens nothing early: the store’s time decides', async () => {
  const f = fleet(1, { skewsMs: [0] });
  const p = f.process(0);
  await f.fail(p, 3);
  p.clock.skewMs += 3_600_000;
  f.dependency.calls = 0;
  for (let i = 0; i < 9; i++) {
    expect(await f.call(p)).toBe('rejected');
    await f.advance(1_000);
  }
  expect(f.dependency.calls).toBe(0);
});

test('L13 in Lambda a failing call waits until its failure is reported; elsewhere it does not', async () => {
  for (const lambda of [true, false]) {
    vi.stubEnv('AWS_LAMBDA_FUNCTION_NAME', lambda ? 'orders' : undefined);
    const f = fleet(1);
    const p = f.process(0);
    await f.call(p);
    let reported = false;
    p.store.after('report', () => {
      reported = true;
    });
    f.dependency.mode = 'down';
    expect(await f.call(p)).toBe('failed');
    expect(reported).toBe(lambda);
    await p.gear.flush();
    expect(reported).toBe(true);
  }
});

test('L13 in Lambda also a trip, a probe’s verdict and what follows from it are awaited', async () => {
  vi.stubEnv('AWS_LAMBDA_FUNCTION_NAME', 'orders');
  const f = fleet(1);
  const p = f.process(0);
  f.dependency.mode = 'down';
  for (let i = 0; i < 3; i++) await f.call(p);
  expect((await f.record()).state).toBe('open');
  f.clock.jump(10_000);
  f.dependency.mode = 'up';
  expect(await f.call(p)).toBe('ok');
  expect(await f.record()).toMatchObject({ state: 'closed' });
});

test('L13 in Lambda the wait ends with the budget', async () => {
  const f = fleet(1, { gear: { awaitReports: true } });
  const p = f.process(0);
  await f.call(p);
  p.store.inject('report', hangs);
  const mine = refused();
  let error: unknown;
  void p.breaker
    .execute(() => Promise.reject(mine))
    .catch((thrown) => {
      error = thrown;
    });
  await f.advance(499);
  expect(error).toBeUndefined();
  await f.advance(1);
  expect(error).toBe(mine);
});

test('L13 a call that was frozen has the rest of its time after the thaw, and no more', async () => {
  const f = fleet(1, { breaker: { timeout: '2s' } });
  const p = f.process(0);
  f.dependency.mode = 'silent';
  const call = f.call(p);
  await f.idle();
  f.clock.jump(60_000);
  await f.advance(0);
  // Its answer may lie in the socket: it is heard before the deadline is.
  expect(await Promise.race([call, 'waits'])).toBe('waits');
  await f.advance(2_000);
  expect(await call).toBe('failed');
  expect(await outcome(p.breaker.execute(() => 1))).toBe('ok');
});

test('L13 in Lambda the transition that a report or a verdict brings about is awaited too', async () => {
  const f = fleet(2, { gear: { awaitReports: true }, breaker: { failureRatio: 0 } });
  const [p, other] = [f.process(0), f.process(1)];
  for (const process of f.processes) await f.call(process);
  await f.fail(other, 2);
  // Work that is done a little after it was sent.
  p.store.before('every', () => new Promise((resolve) => f.clock.setTimer(resolve, 50)));
  const states: string[] = [];
  const noted = async () => states.push((await f.record()).state);
  void p.breaker.execute(() => Promise.reject(refused())).catch(noted);
  await f.advance(1_000);
  expect(states).toEqual(['open']);
  await f.advance(9_500);
  void p.breaker.execute(() => 'ok').then(noted);
  await f.advance(1_000);
  expect(states).toEqual(['open', 'closed']);
});

test('L13 a refresh that was under way at the freeze is no word of the store', async () => {
  const clock = new FakeClock();
  const store = new FaultyStore(new MemoryStore({ clock }));
  // Nothing that is pushed, as on DynamoDB.
  Reflect.deleteProperty(store, 'subscribe');
  const start = () => new Switchgear({ store, clock, random: () => 0 });
  const gear = start();
  const errors: unknown[] = [];
  gear.onStoreError((error) => errors.push(error));
  const frozen = gear.breaker('payments', { failureRatio: 0 });
  await frozen.execute(() => 'ok');
  await clock.advance(6_000);
  const healed = store.inject('load', hangs);
  await frozen.execute(() => 'ok');
  healed();
  clock.jump(600_000);
  const other = start().breaker('payments', { failureRatio: 0 });
  for (let i = 0; i < 3; i++) await other.execute(() => Promise.reject(refused())).catch(() => {});
  await clock.advance(0);
  expect(await frozen.execute(() => 'called').catch((error) => error)).toMatchObject({
    code: 'CIRCUIT_OPEN',
  });
  expect(errors).toEqual([]);
});

test('L13 a trip that the store did not take before the freeze opens nobody after it', async () => {
  const f = fleet(1);
  const p = f.process(0);
  await f.call(p);
  const mend = p.store.inject(['transition', 'report'], throttles);
  await f.fail(p, 3);
  expect(p.breaker.state.state).toBe('local-open');
  await f.advance(600_000);
  mend();
  expect(await f.call(p)).toBe('ok');
  await f.idle();
  expect(await f.record()).toMatchObject({ state: 'closed', epoch: { number: 0 } });
  expect(p.breaker.state.state).toBe('closed');
});
