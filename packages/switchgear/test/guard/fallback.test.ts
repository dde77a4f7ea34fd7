import { describe, expect, expectTypeOf, it } from 'vitest';
import { BulkheadFullError, CircuitOpenError, NoTimeLeftError } from '../../src/errors.ts';
import { compose, detailed, fallback, lastGoodAnswer, retry } from '../../src/guard/index.ts';
import { MemoryStore } from '../../src/store/memory/memory-store.ts';
import { Switchgear } from '../../src/switchgear.ts';
import { FakeClock } from '../../src/testing/index.ts';
import { refused } from '../laws/fleet.ts';

const OPEN = new CircuitOpenError('payments', { state: 'open', retryAfterMs: 1_000 });
const rejects = (error: unknown) => () => Promise.reject(error);

function setUp(options = {}) {
  const clock = new FakeClock();
  const gear = new Switchgear({ store: new MemoryStore({ clock }), clock, random: () => 0 });
  return { clock, gear, breaker: gear.breaker('payments', options) };
}

describe('fallback', () => {
  it('answers with a value on an open circuit and on a failure', async () => {
    const guard = fallback('none');
    for (const error of [
      OPEN,
      new BulkheadFullError('p', 'queue full', ''),
      new NoTimeLeftError('x'),
      refused(),
    ])
      expect(await guard.execute(rejects(error))).toBe('none');
    expect(await guard.execute(() => 'receipt')).toBe('receipt');
  });

  it('lets pass what is an answer or a fault of the program', async () => {
    const bug = new TypeError('undefined is not a function');
    expect(
      await fallback('none')
        .execute(rejects(bug))
        .catch((e: unknown) => e),
    ).toBe(bug);
  });

  it('on an open circuit alone, if so configured', async () => {
    const guard = fallback('none', { on: 'open' });
    expect(await guard.execute(rejects(OPEN))).toBe('none');
    const failure = refused();
    expect(await guard.execute(rejects(failure)).catch((e: unknown) => e)).toBe(failure);
  });

  it('asks a function of the user which errors it is for; one that throws hides nothing', async () => {
    const guard = fallback('none', { on: (error) => error === 'this' });
    expect(await guard.execute(rejects('this'))).toBe('none');
    const broken = fallback('none', {
      on: () => {
        throw new Error('bug');
      },
    });
    expect(await broken.execute(rejects('that')).catch((e: unknown) => e)).toBe('that');
  });

  it('L6 never answers one who has gone', async () => {
    const signal = AbortSignal.abort('gone');
    const { breaker } = setUp();
    const guards = compose(fallback('none', { on: () => true }), breaker);
    expect(await guards.execute(() => 'receipt', { signal }).catch((e: unknown) => e)).toBe('gone');
  });

  it('tells its function the error and the state in which the call found the circuit', async () => {
    const { breaker } = setUp({ failureThreshold: 1 });
    const told: unknown[] = [];
    const guards = compose(
      fallback((error, state) => told.push([error instanceof CircuitOpenError, state]), { breaker }),
      breaker,
    );
    await guards.execute(rejects(refused()));
    await guards.execute(rejects(refused()));
    expect(told).toEqual([
      [false, 'open'],
      [true, 'open'],
    ]);
  });

  it('counts as failure what its breaker does', async () => {
    const { breaker } = setUp({ isBreakable: (error: unknown) => error === 'ours' });
    const guards = compose(fallback('none', { breaker }), breaker);
    expect(await guards.execute(rejects('ours'))).toBe('none');
    const failure = refused();
    expect(await guards.execute(rejects(failure)).catch((e: unknown) => e)).toBe(failure);
  });

  it('what its function throws, the caller gets', async () => {
    const wrapped = new Error('503 for you');
    const guard = fallback(() => Promise.reject(wrapped));
    expect(await guard.execute(rejects(OPEN)).catch((e: unknown) => e)).toBe(wrapped);
  });

  it('says when asked that it answered, and what it hides', async () => {
    const { breaker } = setUp();
    const guards = compose(fallback('none'), breaker, retry({ attempts: 1 }));
    const failure = refused();
    expect(await detailed(guards, rejects(failure))).toEqual({
      value: 'none',
      fallback: true,
      error: failure,
    });
    expect(await detailed(guards, () => 1)).toEqual({ value: 1, fallback: false });
  });

  it('is in the type of the answer', async () => {
    const { breaker } = setUp();
    const guards = compose(fallback(null), lastGoodAnswer(), breaker, retry());
    expectTypeOf(guards.execute(async () => 1)).resolves.toEqualTypeOf<number | null>();
    expectTypeOf(compose(breaker, retry()).execute(async () => 1)).resolves.toEqualTypeOf<number>();
    const wrapped = guards.wrap(async (a: string, b: number) => a.length + b);
    expectTypeOf(wrapped).parameters.toEqualTypeOf<[string, number]>();
    expect(await wrapped('ab', 1)).toBe(3);
    const told = await detailed(guards, async () => 1);
    expectTypeOf(told.value).toEqualTypeOf<number | null>();
  });
});

describe('lastGoodAnswer', () => {
  it('stands in until it is too old', async () => {
    const { clock } = setUp();
    const guard = lastGoodAnswer({ maxAge: '10s', clock });
    const answer = { country: 'PT' };
    await guard.execute(() => answer);
    await clock.advance(10_000);
    expect(await guard.execute(rejects(OPEN))).toBe(answer);
    expect(await detailed(guard, rejects(OPEN))).toEqual({ value: answer, fallback: true, error: OPEN });
    await clock.advance(1);
    expect(await guard.execute(rejects(OPEN)).catch((e: unknown) => e)).toBe(OPEN);
  });

  it('never keeps an error, nor what the breaker holds for one', async () => {
    const { breaker, clock } = setUp({ isFailure: (result: unknown) => result === 'bad' });
    const guard = lastGoodAnswer({ breaker, clock });
    const failure = refused();
    expect(await guard.execute(rejects(failure)).catch((e: unknown) => e)).toBe(failure);
    expect(await guard.execute(() => 'bad')).toBe('bad');
    expect(await guard.execute(rejects(failure)).catch((e: unknown) => e)).toBe(failure);
  });

  it('keeps answers apart by key, and drops the one not used for longest', async () => {
    const { clock } = setUp();
    const ask = compose(lastGoodAnswer({ maxEntries: 2, clock })).wrap(
      async (ip: string, up: boolean) => {
        if (!up) throw OPEN;
        return `at ${ip}`;
      },
      (ip) => ({ key: ip }),
    );
    await ask('a', true);
    await ask('b', true);
    expect(await ask('a', false)).toBe('at a');
    await ask('c', true);
    expect(await ask('b', false).catch((e: unknown) => e)).toBe(OPEN);
    expect([await ask('a', false), await ask('c', false)]).toEqual(['at a', 'at c']);
  });

  it('a clock that is set back by an hour neither keeps an answer for so long nor new ones out', async () => {
    const clock = new FakeClock();
    const guard = lastGoodAnswer({ maxAge: '1m', clock });
    const fails = () => Promise.reject(refused());
    await guard.execute(() => 'old');
    clock.jump(-3_600_000);
    await expect(guard.execute(fails)).rejects.toThrow();
    await guard.execute(() => 'new');
    expect(await guard.execute(fails)).toBe('new');
  });

  it('a slow answer does not replace one to a later question', async () => {
    const { clock } = setUp();
    const guard = lastGoodAnswer({ clock });
    let answer = (_: string) => {};
    const slow = guard.execute(() => new Promise<string>((resolve) => (answer = resolve)));
    await clock.advance(5);
    await guard.execute(() => 'new');
    answer('old');
    await slow;
    expect(await guard.execute(rejects(OPEN))).toBe('new');
  });
});
