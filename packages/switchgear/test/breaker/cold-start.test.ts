/** Waiting for the store: who does it holds nothing meanwhile, and only once. */

import { expect, test, vi } from 'vitest';
import { UnreadableError } from '../../src/store/record-fields.ts';
import { hangs, late } from '../../src/testing/index.ts';
import { fleet, outcome } from '../laws/fleet.ts';

const ONE_PLACE = { maxConcurrent: 1, maxQueue: 0, queueTimeout: 100 } as const;

test('a cold start on a store that hangs takes no place from others', async () => {
  const f = fleet(1, { breaker: ONE_PLACE });
  const p = f.process(0);
  p.store.inject('load', hangs);
  const gone = new AbortController();
  const waiting = [f.begin(p, gone.signal), f.begin(p)];
  await f.advance(100);
  // Two that wait for the store, with one place and no line: neither is refused for want of one.
  gone.abort();
  expect(await waiting[0]?.outcome).toBe('failed');
  await f.advance(400);
  expect(waiting.map(({ started }) => started)).toEqual([false, true]);
  await waiting[1]?.succeed();
  expect(await f.call(p)).toBe('ok');
});

test('acquire holds no place either while it waits for the store', async () => {
  const f = fleet(1, { breaker: ONE_PLACE });
  const { breaker, store } = f.process(0);
  store.inject('load', late(300, f.clock));
  const first = breaker.acquire();
  const second = expect(breaker.acquire()).rejects.toMatchObject({ code: 'BULKHEAD_FULL' });
  await f.advance(300);
  const permit = await first;
  await second;
  await permit.success();
  await (await breaker.acquire()).success();
});

test('a read that is slow and a lease that hangs cost a call the budget once, not twice', async () => {
  const f = fleet(2, { breaker: { maxConcurrent: 5 } });
  await f.fail(f.process(1), 3);
  await f.advance(10_000);
  const { breaker, store } = f.process(0);
  store.inject('load', late(400, f.clock));
  store.inject('transition', hangs);
  let ended: string | undefined;
  void outcome(breaker.execute(() => 'receipt')).then((how) => {
    ended = how;
  });
  await f.advance(499);
  expect(ended).toBeUndefined();
  await f.advance(1);
  expect(ended).toBe('rejected');
});

test('one record that cannot be read is waited for once, not by every call', async () => {
  const f = fleet(1);
  const p = f.process(0);
  const poisoned = new UnreadableError('record of circuit "payments" cannot be read');
  p.store.inject('load', async ({ args: [names, , options], run }) => {
    await run();
    options?.unreadable?.(poisoned);
    return names.map(() => undefined as never);
  });
  for (let i = 0; i < 5; i++) expect(await f.call(p)).toBe('ok');
  expect(p.store.calls.load).toBe(1);
  const unanswered = p.store.inject('load', hangs);
  const call = f.begin(p);
  await f.advance(0);
  expect(call.started).toBe(true);
  await call.succeed();
  unanswered();
  // It is read anew as all circuits are, and this process protects itself meanwhile.
  await f.advance(5_500);
  await f.call(p);
  expect(p.store.calls.load).toBe(2);
  await f.fail(p, 3);
  expect(await f.call(p)).toBe('rejected');
});

test('a signal of many calls at once is no leak', async () => {
  const warned = vi.fn();
  process.on('warning', warned);
  try {
    const f = fleet(1, { breaker: { maxConcurrent: 15 } });
    const { signal } = new AbortController();
    const calls = Array.from({ length: 30 }, () => f.begin(f.process(0), signal));
    await f.idle();
    await new Promise((resolve) => setImmediate(resolve));
    expect(warned).not.toHaveBeenCalled();
    expect(calls.filter(({ started }) => started)).toHaveLength(15);
    await Promise.all(calls.map((call) => call.succeed()));
  } finally {
    process.off('warning', warned);
  }
});

test('an aborted signal of many calls ends them all', async () => {
  const f = fleet(1, { breaker: { maxConcurrent: 2 } });
  const controller = new AbortController();
  await f.call(f.process(0));
  const calls = Array.from({ length: 5 }, () => f.begin(f.process(0), controller.signal));
  await f.idle();
  controller.abort(new Error('the caller went home'));
  expect(await Promise.all(calls.map((call) => call.outcome))).toEqual(Array(5).fill('failed'));
  expect(await f.call(f.process(0))).toBe('ok');
});

for (const [what, now] of [
  [
    'throws',
    () => {
      throw new Error('no time');
    },
  ],
  ['is NaN', () => Number.NaN],
] as const)
  test(`L8 a store whose time ${what} reaches no caller, and the process protects itself`, async () => {
    const f = fleet(1);
    const p = f.process(0);
    vi.spyOn(p.store, 'now').mockImplementation(now);
    expect(await f.call(p)).toBe('ok');
    expect(p.breaker.state.state).toBe('closed');
    await f.fail(p, 3);
    expect(p.breaker.state.state).toBe('local-open');
    expect(await f.call(p)).toBe('rejected');
    await f.advance(10_000);
    expect(await f.call(p)).toBe('ok');
    vi.restoreAllMocks();
    await f.fail(p, 3);
    expect((await f.record()).state).toBe('open');
  });
