import { describe, expect, it } from 'vitest';
import { NoTimeLeftError } from '../../src/errors.ts';
import { compose, deadline, retry, timeout } from '../../src/guard/index.ts';
import { MemoryStore } from '../../src/store/memory/memory-store.ts';
import { Switchgear } from '../../src/switchgear.ts';
import { FakeClock } from '../../src/testing/index.ts';
import { refused } from '../laws/fleet.ts';

/** A breaker inside an invocation that ends in a second. */
function setUp() {
  const clock = new FakeClock();
  const endsAtMs = clock.now() + 1_000;
  const gear = new Switchgear({ store: new MemoryStore({ clock }), clock, random: () => 0 });
  const breaker = gear.breaker('payments');
  const guard = deadline(() => endsAtMs - clock.now(), { margin: 200, clock });
  return { clock, breaker, guard };
}

const caught = (call: Promise<unknown>) => call.catch((error: unknown) => error);
const hangs = () => new Promise<never>(() => {});

describe('deadline', () => {
  it('L13 gives up before the parent’s end, so that the failure is counted', async () => {
    const { clock, breaker, guard } = setUp();
    const signals: AbortSignal[] = [];
    const call = caught(
      compose(breaker, guard).execute(({ signal }) => {
        signals.push(signal);
        return hangs();
      }),
    );
    await clock.advance(800);
    expect(await call).toMatchObject({ name: 'TimeoutError' });
    expect(signals[0]?.aborted).toBe(true);
    expect(breaker.state.evidence).toMatchObject({ failures: 1 });
    expect(clock.pending).toBeLessThanOrEqual(2);
  });

  it('makes no call without time for it, and counts nothing', async () => {
    const { clock, breaker, guard } = setUp();
    await clock.advance(800);
    let called = false;
    const error = await caught(
      compose(breaker, guard).execute(() => {
        called = true;
      }),
    );
    expect(error).toBeInstanceOf(NoTimeLeftError);
    expect(called).toBe(false);
    expect(breaker.state.evidence).toMatchObject({ failures: 0 });
  });

  it('tells retry when to stop', async () => {
    const { clock, breaker, guard } = setUp();
    const repeats = retry({ attempts: 10, minDelay: 500, clock, random: () => 1 });
    const failure = refused();
    let calls = 0;
    const call = caught(
      compose(breaker, guard, repeats).execute(() => {
        calls++;
        return Promise.reject(failure);
      }),
    );
    await clock.advance(500);
    expect(await call).toBe(failure);
    expect(calls).toBe(2);
  });

  it('a call that ends in time leaves nothing behind', async () => {
    const { clock, guard } = setUp();
    const controller = new AbortController();
    expect(await guard.execute(() => 'receipt', { signal: controller.signal })).toBe('receipt');
    expect(clock.pending).toBe(0);
    controller.abort();
  });

  it('L6 ends with the caller’s abort, and hands it on', async () => {
    const { clock } = setUp();
    const controller = new AbortController();
    let inner: AbortSignal | undefined;
    const call = caught(
      timeout('1s', { clock }).execute(
        ({ signal }) => {
          inner = signal;
          return hangs();
        },
        { signal: controller.signal },
      ),
    );
    controller.abort('enough');
    expect(await call).toBe('enough');
    expect([inner?.reason, clock.pending]).toEqual(['enough', 0]);
  });

  it('a signal asked for too late is aborted', async () => {
    const { clock } = setUp();
    let late: AbortSignal | undefined;
    const call = caught(
      timeout('1s', { clock }).execute(async (context) => {
        await new Promise<void>((resolve) => clock.setTimer(resolve, 2_000));
        late = context.signal;
      }),
    );
    await clock.advance(2_000);
    expect(await call).toMatchObject({ name: 'TimeoutError' });
    expect(late?.reason).toMatchObject({ name: 'TimeoutError' });
  });

  it('many calls of one request share its signal without a warning', async () => {
    const warnings: unknown[] = [];
    const hear = (warning: Error) => warnings.push(warning.name);
    process.on('warning', hear);
    const { clock, guard } = setUp();
    const { signal } = new AbortController();
    const calls = Array.from({ length: 12 }, () =>
      compose(guard, retry({ clock, random: () => 1 })).execute(() => Promise.reject(refused()), { signal }),
    );
    const ended = Promise.all(calls.map(caught));
    await clock.advance(500);
    await ended;
    await new Promise((resolve) => setImmediate(resolve));
    process.off('warning', hear);
    expect(warnings).toEqual([]);
  });
});
