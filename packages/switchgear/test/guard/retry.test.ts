import { describe, expect, it, vi } from 'vitest';
import {
  BulkheadFullError,
  CircuitOpenError,
  ConfigurationError,
  NoTimeLeftError,
} from '../../src/errors.ts';
import { compose, type RetryOptions, retry, timeout } from '../../src/guard/index.ts';
import { MemoryStore } from '../../src/store/memory/memory-store.ts';
import { Switchgear } from '../../src/switchgear.ts';
import { FakeClock } from '../../src/testing/index.ts';
import { refused } from '../laws/fleet.ts';

/** A call that fails as often as told, then answers. Remembers when it was made. */
function setUp({
  fails = Number.POSITIVE_INFINITY,
  error = refused(),
  ...options
}: RetryOptions & { fails?: number; error?: unknown } = {}) {
  const clock = new FakeClock();
  const startMs = clock.now();
  const atMs: number[] = [];
  const guard = retry({ clock, random: () => 1, ...options });
  const fn = async () => {
    atMs.push(clock.now() - startMs);
    if (atMs.length <= fails) throw error;
    return 'receipt';
  };
  return { clock, guard, fn, atMs, error };
}

/** How a call ended, once the clock has moved on so far. */
async function after(clock: FakeClock, ms: number, call: Promise<unknown>): Promise<unknown> {
  const ended = call.catch((error: unknown) => error);
  await clock.advance(ms);
  return ended;
}

function unavailable(retryAfter: string): Error {
  const response = { status: 503, headers: { 'retry-after': retryAfter } };
  return Object.assign(new Error('unavailable'), { response });
}

describe('retry', () => {
  it('repeats with waits that double, up to the longest', async () => {
    const { clock, guard, fn, atMs, error } = setUp({ attempts: 5, minDelay: 100, maxDelay: 300 });
    expect(await after(clock, 5_000, guard.execute(fn))).toBe(error);
    expect(atMs).toEqual([0, 100, 300, 600, 900]);
    expect(clock.pending).toBe(0);
  });

  it('never repeats where no time is left, whatever isRetryable says', async () => {
    const error = new NoTimeLeftError('no time');
    const { clock, guard, fn, atMs } = setUp({ error, isRetryable: () => true });
    expect(await after(clock, 5_000, guard.execute(fn))).toBe(error);
    expect(atMs).toEqual([0]);
  });

  it('lets chance take anything down to no wait at all', async () => {
    const { clock, guard, fn, atMs } = setUp({ random: () => 0, fails: 2 });
    expect(await after(clock, 1, guard.execute(fn))).toBe('receipt');
    expect(atMs).toEqual([0, 0, 0]);
  });

  it('waits as long as the dependency asks, and by chance a little longer', async () => {
    const { clock, guard, fn, atMs } = setUp({ fails: 1, error: unavailable('1') });
    expect(await after(clock, 2_000, guard.execute(fn))).toBe('receipt');
    expect(atMs).toEqual([0, 1_100]);
  });

  it('does not ask again a dependency that wants to be left alone for longer than it would wait', async () => {
    const { clock, guard, fn, atMs, error } = setUp({ error: unavailable('3') });
    expect(await after(clock, 10_000, guard.execute(fn))).toBe(error);
    expect(atMs).toEqual([0]);
  });

  it.each([
    ['a circuit that is open', new CircuitOpenError('payments', { state: 'open', retryAfterMs: 1_000 })],
    ['a bulkhead that is full', new BulkheadFullError('payments', 'queue full', '')],
  ])('never repeats what was refused by %s', async (_, error) => {
    const { clock, guard, fn, atMs } = setUp({ error, isRetryable: () => true });
    expect(await after(clock, 10_000, guard.execute(fn))).toBe(error);
    expect(atMs).toEqual([0]);
  });

  it('repeats no answer and no fault of the program', async () => {
    for (const error of [new TypeError('no'), Object.assign(new Error('absent'), { status: 404 })]) {
      const { clock, guard, fn, atMs } = setUp({ error });
      expect(await after(clock, 10_000, guard.execute(fn))).toBe(error);
      expect(atMs).toEqual([0]);
    }
  });

  it('a predicate that throws does not hide the error', async () => {
    const { clock, guard, fn, error } = setUp({
      isRetryable: () => {
        throw new Error('bug');
      },
    });
    expect(await after(clock, 10_000, guard.execute(fn))).toBe(error);
  });

  it('L6 ends its wait with the caller’s abort, and leaves no timer', async () => {
    const { clock, guard, fn, atMs } = setUp();
    const controller = new AbortController();
    const call = guard.execute(fn, { signal: controller.signal }).catch((error: unknown) => error);
    await clock.advance(50);
    controller.abort('enough');
    expect(await call).toBe('enough');
    expect([atMs.length, clock.pending]).toEqual([1, 0]);
  });

  it('L6 repeats nothing after the caller’s abort', async () => {
    const { clock, guard, fn, atMs, error } = setUp();
    const call = guard.execute(fn, { signal: AbortSignal.abort() });
    expect(await after(clock, 10_000, call)).toBe(error);
    expect(atMs).toEqual([0]);
  });

  it('L6 repeats nothing after an abort by `isRetryable` itself', async () => {
    const controller = new AbortController();
    const { clock, guard, fn, atMs } = setUp({
      isRetryable: () => {
        controller.abort('enough');
        return true;
      },
    });
    const call = guard.execute(fn, { signal: controller.signal });
    expect(await after(clock, 10_000, call)).toBe('enough');
    expect([atMs.length, clock.pending]).toEqual([1, 0]);
  });

  it('knows the deadline of a breaker of another copy of the library', async () => {
    const { clock, guard, fn, atMs, error } = setUp({ attempts: 10 });
    vi.resetModules();
    const other = await import('../../src/index.ts');
    expect(other.Switchgear).not.toBe(Switchgear);
    const gear = new other.Switchgear({ store: new other.MemoryStore({ clock }), clock });
    const payments = gear.breaker('payments', { timeout: 300, guards: [guard] });
    const call = payments.execute(fn).catch((e: unknown) => e);
    await clock.advance(150);
    expect(await call).toBe(error);
    expect(atMs).toEqual([0, 100]);
  });

  it('begins no wait that would outlast the deadline', async () => {
    const { clock, guard, fn, atMs, error } = setUp({ attempts: 10 });
    const call = guard.execute(fn, { deadlineMs: clock.now() + 300 }).catch((e: unknown) => e);
    await clock.advance(150);
    expect(await call).toBe(error);
    expect(atMs).toEqual([0, 100]);
  });

  it.each([
    ['that of the breaker around it', 300, 1_000],
    ['that of the caller', 1_000, 300],
  ])('of two deadlines knows the first: %s', async (_, timeoutMs, callerMs) => {
    const { clock, guard, fn, atMs, error } = setUp({ attempts: 10 });
    const gear = new Switchgear({ store: new MemoryStore({ clock }), clock });
    const guards = compose(gear.breaker('payments', { timeout: timeoutMs }), guard);
    const call = guards.execute(fn, { deadlineMs: clock.now() + callerMs }).catch((e: unknown) => e);
    await clock.advance(150);
    expect(await call).toBe(error);
    expect(atMs).toEqual([0, 100]);
  });

  it('with a dependency that is down, repetitions are no more than their share of calls', async () => {
    const { clock, guard, fn, atMs } = setUp({ random: () => 0, budget: 0.2 });
    for (let i = 0; i < 1_000; i++) await after(clock, 0, guard.execute(fn));
    // Ten are free; what the first call pays in finds the purse full.
    expect(atMs.length).toBeGreaterThan(1_000 + 200);
    expect(atMs.length).toBeLessThanOrEqual(1_000 + 200 + 10);
  });

  it('without a budget repeats all', async () => {
    const { clock, guard, fn, atMs } = setUp({ random: () => 0, budget: false });
    for (let i = 0; i < 100; i++) await after(clock, 0, guard.execute(fn));
    expect(atMs.length).toBe(300);
  });

  it('gives each attempt its own time, within the whole', async () => {
    const { clock, guard } = setUp({ attempts: 2 });
    const signals: AbortSignal[] = [];
    const hangs = ({ signal }: { signal: AbortSignal }) => {
      signals.push(signal);
      return new Promise<never>(() => {});
    };
    const ended = await after(clock, 2_000, compose(guard, timeout('500ms', { clock })).execute(hangs));
    expect(ended).toMatchObject({ name: 'TimeoutError' });
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true]);
    expect(clock.pending).toBe(0);
  });

  it('refuses wrong options, all in one error', () => {
    const wrong = { attempts: 0, minDelay: Number.NaN, budget: 2, atempts: 3 } as RetryOptions;
    expect(() => retry(wrong)).toThrow(ConfigurationError);
    expect(() => retry(wrong)).toThrow(
      /atempts.*did you mean attempts.*\n.*attempts is 0.*\n.*minDelay is NaN.*\n.*budget is 2/,
    );
  });
});
