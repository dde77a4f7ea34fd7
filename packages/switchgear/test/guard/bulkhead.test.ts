import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isSwitchgearError } from '../../src/errors.ts';
import { Bulkhead } from '../../src/guard/bulkhead.ts';
import { FakeClock } from '../../src/testing/fake-clock.ts';

const LIMITS = { maxConcurrent: 1, maxQueue: 2, queueTimeout: 1_000 };

function setUp(limits = LIMITS) {
  const clock = new FakeClock();
  return { clock, bulkhead: new Bulkhead('payments', limits, clock) };
}

describe('a bulkhead', () => {
  it('lets in as many as allowed, and the next one once somebody has left', () => {
    const { bulkhead } = setUp();
    expect([bulkhead.tryEnter(), bulkhead.tryEnter()]).toEqual([true, false]);
    bulkhead.leave();
    expect(bulkhead.tryEnter()).toBe(true);
  });

  it('hands a slot over to the first in line: nobody overtakes', async () => {
    const { bulkhead } = setUp();
    bulkhead.tryEnter();
    const order: string[] = [];
    const first = bulkhead.enter().then(() => order.push('first'));
    const second = bulkhead.enter().then(() => order.push('second'));
    bulkhead.leave();
    expect(bulkhead.tryEnter()).toBe(false);
    await first;
    bulkhead.leave();
    await second;
    expect(order).toEqual(['first', 'second']);
    expect([bulkhead.running, bulkhead.waiting]).toEqual([1, 0]);
  });

  it('refuses whom the queue has no room for, and says what the limits are', async () => {
    const { bulkhead, clock } = setUp();
    bulkhead.tryEnter();
    const waiting = [bulkhead.enter(), bulkhead.enter()];
    const error = await bulkhead.enter().catch((e: unknown) => e);
    expect(isSwitchgearError(error, 'BULKHEAD_FULL')).toBe(true);
    expect(String(error)).toMatch(/payments.*queue full.*maxConcurrent 1, maxQueue 2, queueTimeout 1000 ms/);
    const settled = Promise.allSettled(waiting);
    await clock.advance(1_000);
    expect((await settled).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  });

  it('has room in the queue again in the very turn in which a slot is handed over', async () => {
    const { bulkhead, clock } = setUp({ ...LIMITS, maxQueue: 1 });
    bulkhead.tryEnter();
    const first = bulkhead.enter();
    bulkhead.leave();
    const second = bulkhead.enter();
    await first;
    bulkhead.leave();
    await second;
    expect(clock.pending).toBeLessThanOrEqual(1);
  });

  it('ends a wait that is too long', async () => {
    const { bulkhead, clock } = setUp();
    bulkhead.tryEnter();
    const late = bulkhead.enter().catch((e: unknown) => e);
    await clock.advance(1_000);
    expect(await late).toMatchObject({
      code: 'BULKHEAD_FULL',
      message: expect.stringMatching(/waited too long/),
    });
    bulkhead.leave();
    expect(bulkhead.running).toBe(0);
  });

  it("L13 keeps the place in line of one who waited while the process was frozen: that time was nobody's", async () => {
    const { bulkhead, clock } = setUp();
    bulkhead.tryEnter();
    const frozen = bulkhead.enter();
    clock.jump(600_000);
    bulkhead.leave();
    await frozen;
    expect([bulkhead.running, bulkhead.waiting]).toEqual([1, 0]);
  });

  it('L13 lets nobody wait for longer than the rest of his time after a freeze', async () => {
    const { bulkhead, clock } = setUp();
    bulkhead.tryEnter();
    const frozen = bulkhead.enter().catch((e: unknown) => e);
    clock.jump(600_000);
    await clock.advance(LIMITS.queueTimeout);
    expect(await frozen).toMatchObject({ code: 'BULKHEAD_FULL' });
    expect([bulkhead.running, bulkhead.waiting]).toEqual([1, 0]);
  });

  it('ends a wait with the reason of the signal, and leaves no listener behind', async () => {
    const { bulkhead } = setUp();
    const { signal, ...caller } = listened();
    bulkhead.tryEnter();
    const reason = new Error('the caller went home');
    const gone = bulkhead.enter(signal);
    const next = bulkhead.enter();
    caller.abort(reason);
    await expect(gone).rejects.toBe(reason);
    await expect(bulkhead.enter(signal)).rejects.toBe(reason);
    bulkhead.leave();
    await next;
    expect([caller.listeners(), bulkhead.running, bulkhead.waiting]).toEqual([0, 1, 0]);
  });

  it('leaves no listener behind on a signal that is never aborted', async () => {
    const { bulkhead, clock } = setUp();
    const { signal, listeners } = listened();
    bulkhead.tryEnter();
    const admitted = bulkhead.enter(signal);
    const late = bulkhead.enter(signal).catch(() => {});
    // Of both together: Node takes more than ten for a leak.
    expect(listeners()).toBe(1);
    bulkhead.leave();
    await clock.advance(1_000);
    await Promise.all([admitted, late]);
    expect(listeners()).toBe(0);
  });

  it('L14 keeps its bounds, its order and its slots under any mix of arrivals, ends, aborts and time', async () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('enter' as const) }),
      fc.record({ do: fc.constant('tryEnter' as const) }),
      fc.record({ do: fc.constant('leave' as const) }),
      fc.record({ do: fc.constant('abort' as const), who: fc.nat(20) }),
      // Handed over and aborted in one turn: the race in which slots get lost.
      fc.record({ do: fc.constant('leave and abort' as const), who: fc.nat(20) }),
      fc.record({ do: fc.constant('advance' as const), ms: fc.nat(700) }),
      fc.record({ do: fc.constant('freeze' as const), ms: fc.nat(2_000) }),
    );
    const limits = fc.record({
      maxConcurrent: fc.integer({ min: 1, max: 4 }),
      maxQueue: fc.nat(5),
      queueTimeout: fc.constant(1_000),
    });
    await fc.assert(
      fc.asyncProperty(limits, fc.array(step, { maxLength: 60 }), async (limits, steps) => {
        const { clock, bulkhead } = setUp(limits);
        const admitted: number[] = [];
        const waits: { id: number; abort: AbortController; done: boolean }[] = [];
        let owned = 0;
        const leave = () => {
          if (owned === 0) return;
          owned--;
          bulkhead.leave();
        };
        for (const [id, step] of steps.entries()) {
          if (step.do === 'tryEnter' && bulkhead.tryEnter()) owned++;
          if (step.do === 'leave' || step.do === 'leave and abort') leave();
          if (step.do === 'abort' || step.do === 'leave and abort')
            waits[step.who % (waits.length || 1)]?.abort.abort(new Error('aborted'));
          if (step.do === 'freeze') clock.jump(step.ms);
          if (step.do === 'enter') {
            const wait = { id, abort: new AbortController(), done: false };
            waits.push(wait);
            bulkhead.enter(wait.abort.signal).then(
              () => {
                admitted.push(id);
                owned++;
                wait.done = true;
              },
              () => {
                wait.done = true;
              },
            );
          }
          await clock.advance(step.do === 'advance' ? step.ms : 0);
          expect(bulkhead.running).toBe(owned);
          expect(owned).toBeLessThanOrEqual(limits.maxConcurrent);
          expect(bulkhead.waiting).toBe(waits.filter(({ done }) => !done).length);
          expect(bulkhead.waiting).toBeLessThanOrEqual(limits.maxQueue);
          if (bulkhead.waiting > 0) expect(owned).toBe(limits.maxConcurrent);
          expect(admitted).toEqual([...admitted].sort((a, b) => a - b));
        }
        await clock.advance(1_000);
        while (owned > 0) {
          leave();
          await clock.advance(0);
        }
        expect([bulkhead.running, bulkhead.waiting, clock.pending]).toEqual([0, 0, 0]);
      }),
      { numRuns: 300 },
    );
  });
});

/** A signal that counts its listeners. */
function listened() {
  const controller = new AbortController();
  const { signal } = controller;
  let count = 0;
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
    count++;
    addEventListener.apply(signal, args);
  };
  signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
    count--;
    removeEventListener.apply(signal, args);
  };
  return { signal, abort: (reason: unknown) => controller.abort(reason), listeners: () => count };
}
