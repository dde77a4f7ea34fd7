/** Guards among a breaker's options: each knows its place, and belongs to that breaker. */

import fc from 'fast-check';
import { describe, expect, expectTypeOf, it } from 'vitest';
import type { Breaker } from '../../src/breaker.ts';
import type { CallOptions } from '../../src/call.ts';
import { type ConfigurationError, isSwitchgearError, NoTimeLeftError } from '../../src/errors.ts';
import {
  compose,
  deadline,
  detailed,
  fallback,
  type Guard,
  lastGoodAnswer,
  PLACES,
  type PlacedGuard,
  retry,
  timeout,
} from '../../src/guard/index.ts';
import { invocationDeadline } from '../../src/lambda/index.ts';
import { Operator } from '../../src/operate/index.ts';
import { MemoryStore } from '../../src/store/memory/memory-store.ts';
import { Switchgear, type SwitchgearOptions } from '../../src/switchgear.ts';
import { FakeClock } from '../../src/testing/index.ts';
import { refused } from '../laws/fleet.ts';

function setUp(options: Partial<SwitchgearOptions> = {}) {
  const clock = new FakeClock();
  const store = new MemoryStore({ clock });
  const gear = new Switchgear({ store, clock, random: () => 0, ...options });
  const open = async (name: string) => {
    await new Operator({ store, by: 'ana' }).setStates({ [name]: { mode: 'forced-open', reason: 'test' } });
    await gear.warm();
  };
  return { clock, gear, open };
}

/** A guard that remembers when it was entered, and what with. */
function spy(kind: keyof typeof PLACES, seen: string[], calls: CallOptions[] = []): PlacedGuard {
  return {
    place: PLACES[kind],
    async execute(fn, given) {
      seen.push(kind);
      calls.push({ key: given?.key, deadlineMs: given?.deadlineMs, onFallback: given?.onFallback });
      return fn(given?.signal ? { signal: given.signal } : { signal: new AbortController().signal });
    },
  };
}

const rejects = (error: unknown) => async (): Promise<number> => {
  throw error;
};

function problemsOf(make: () => unknown): readonly string[] {
  try {
    make();
  } catch (error) {
    expect(isSwitchgearError(error, 'INVALID_CONFIGURATION')).toBe(true);
    return (error as ConfigurationError).problems;
  }
  return [];
}

const OUTSIDE = ['fallback', 'lastGoodAnswer', 'retryOfCalls'] as const;
const INSIDE = ['fleetBulkhead', 'deadline', 'retry', 'timeout'] as const;

describe('the order', () => {
  const listed = fc.tuple(
    // `retry` has one place or the other.
    fc.shuffledSubarray([...OUTSIDE, ...INSIDE].filter((kind) => kind !== 'retry')),
    fc.shuffledSubarray(['fallback', 'lastGoodAnswer', 'fleetBulkhead', 'deadline', 'timeout'] as const),
  );

  it('is the right one, however guards are listed, in the breaker and in the gear', async () => {
    const right: readonly string[] = [...OUTSIDE, ...INSIDE];
    await fc.assert(
      fc.asyncProperty(listed, async ([own, common]) => {
        const seen: string[] = [];
        const { gear, open } = setUp({ guards: common.map((kind) => spy(kind, seen)) });
        const breaker = gear.breaker('a', { guards: own.map((kind) => spy(kind, seen)) });
        expect(await breaker.execute(() => 'ok')).toBe('ok');
        const all = right.filter((kind) => [...own, ...common].some((listed) => listed === kind));
        expect(seen.splice(0)).toEqual(all);
        await open('a');
        await breaker.execute(() => 'ok').catch(() => {});
        expect(seen).toEqual(all.filter((kind) => OUTSIDE.some((outside) => outside === kind)));
      }),
      { numRuns: 100 },
    );
  });

  it('has the place of each guard there is', () => {
    expect(
      [fallback(0), lastGoodAnswer(), retry({ outcome: 'attempt' }), retry(), timeout(1)].map(
        ({ place }) => place,
      ),
    ).toEqual([PLACES.fallback, PLACES.lastGoodAnswer, PLACES.retryOfCalls, PLACES.retry, PLACES.timeout]);
    expect([deadline(() => 1).place, invocationDeadline().place]).toEqual([PLACES.deadline, PLACES.deadline]);
  });

  it('takes a breaker’s own guard in place of the gear’s of that kind', async () => {
    const seen: string[] = [];
    const common = { ...spy('timeout', seen), execute: () => Promise.reject(new Error('of the gear')) };
    const { gear } = setUp({ guards: [common, spy('deadline', seen)] });
    await gear.breaker('own', { guards: [spy('timeout', seen)] }).execute(() => 1);
    expect(seen).toEqual(['deadline', 'timeout']);
    await expect(gear.breaker('none').execute(() => 1)).rejects.toThrow('of the gear');
  });
});

describe('a breaker with guards', () => {
  it('counts a call once, whatever was repeated, and answers when all has failed', async () => {
    const { gear, clock } = setUp();
    const guards = [fallback('none'), retry({ clock, random: () => 0 }), timeout('1s', { clock })] as const;
    const breaker = gear.breaker('a', { guards });
    let attempts = 0;
    const call = breaker.execute(async () => {
      attempts++;
      throw refused();
    });
    await clock.advance(10_000);
    expect(await call).toBe('none');
    expect(attempts).toBe(3);
    expect(breaker.state.evidence).toMatchObject({ calls: 1, failures: 1 });
  });

  it('counts each attempt where it is told to, and repeats nothing into a circuit that they have opened', async () => {
    const { gear, clock } = setUp();
    const breaker = gear.breaker('a', {
      failureThreshold: 2,
      guards: [retry({ clock, random: () => 0, attempts: 5, outcome: 'attempt' })],
    });
    let attempts = 0;
    const call = breaker
      .execute(async () => {
        attempts++;
        throw refused();
      })
      .catch((error: unknown) => error);
    await clock.advance(10_000);
    expect(isSwitchgearError(await call, 'CIRCUIT_OPEN')).toBe(true);
    expect(attempts).toBe(2);
  });

  it('lends them its idea of a failure and its state, without being told', async () => {
    const { gear, clock, open } = setUp();
    const gone = Object.assign(new Error('gone'), { status: 410 });
    let kept = 0;
    const breaker = gear.breaker('a', {
      isBreakable: (error) => error === gone,
      isFailure: (result) => result === 'busy',
      guards: [
        fallback((error, state) => ({ error, state })),
        lastGoodAnswer({ clock }),
        retry({ clock, random: () => 0 }),
      ],
    });
    const attempts = async (error: unknown) => {
      let made = 0;
      const told = detailed(breaker, async () => {
        made++;
        throw error;
      }).catch((thrown: unknown) => ({ thrown }));
      await clock.advance(1_000);
      return [made, await told];
    };
    expect(await breaker.execute(async () => 'busy')).toBe('busy');
    expect(await attempts(gone)).toEqual([
      3,
      { value: { error: gone, state: 'closed' }, fallback: true, error: gone },
    ]);
    const other = refused();
    expect(await attempts(other)).toEqual([1, { thrown: other }]);
    await open('a');
    expect(await breaker.execute(() => kept++)).toMatchObject({ state: 'forced-open' });
  });

  it('has answers and a budget of its own, also from guards of the gear', async () => {
    const clock = new FakeClock();
    const { gear } = setUp({ guards: [lastGoodAnswer({ clock }), retry({ clock, budget: 0 })], clock });
    const [a, b] = [gear.breaker('a'), gear.breaker('b')];
    expect(await a.execute(() => 'of a')).toBe('of a');
    const failure = refused();
    const ended = b.execute(rejects(failure)).catch((error: unknown) => error);
    await clock.advance(60_000);
    expect(await ended).toBe(failure);
    const attempts = async (breaker: Breaker) => {
      let made = 0;
      const calls = Array.from({ length: 20 }, () =>
        breaker.execute(() => {
          made++;
          throw refused();
        }),
      );
      const ended = Promise.allSettled(calls);
      await clock.advance(60_000);
      await ended;
      return made;
    };
    const opts = { failureThreshold: 1e6, maxConcurrent: false } as const;
    // Ten repetitions are free of each.
    expect(await attempts(gear.breaker('c', opts))).toBe(30);
    expect(await attempts(gear.breaker('d', opts))).toBe(30);
  });

  it('rejects, and makes no call, where what a wrapped call brings along throws: alone, with guards and composed', async () => {
    const { gear } = setUp();
    const alone = gear.breaker('alone');
    const guarded = gear.breaker('guarded', { guards: [retry()] });
    for (const guard of [alone, guarded, compose(alone)]) {
      let calls = 0;
      const wrapped = guard.wrap(
        () => ++calls,
        () => {
          throw new Error('no key');
        },
      );
      await expect(wrapped()).rejects.toThrow('no key');
      expect(calls).toBe(0);
    }
  });

  it('takes the key of a call from the arguments of a wrapped function', async () => {
    const { gear, clock } = setUp();
    let up = true;
    const locate = async (ip: string) => {
      if (!up) throw refused();
      return `country of ${ip}`;
    };
    const guards = [fallback('unknown'), lastGoodAnswer({ clock })] as const;
    const country = gear.breaker('geo', { guards }).wrap(locate, (ip) => ({ key: ip }));
    expect(await country('1.1.1.1')).toBe('country of 1.1.1.1');
    up = false;
    expect([await country('1.1.1.1'), await country('2.2.2.2')]).toEqual(['country of 1.1.1.1', 'unknown']);
  });

  it('gives permits without them', async () => {
    const { gear, open } = setUp();
    const breaker = gear.breaker('a', { guards: [fallback('none')] });
    await breaker.execute(() => 1);
    await open('a');
    expect(await breaker.execute(() => 1)).toBe('none');
    await expect(breaker.acquire()).rejects.toMatchObject({ code: 'CIRCUIT_OPEN' });
  });

  it('stands aside with them where the gear is disabled', async () => {
    const { gear } = setUp({ disabled: true });
    const failure = refused();
    const breaker = gear.breaker('a', { guards: [fallback('none'), retry()] });
    await expect(breaker.execute(rejects(failure))).rejects.toBe(failure);
  });

  it('hands the caller’s abort to all of them, and no answer in its place', async () => {
    const { gear, clock } = setUp();
    const breaker = gear.breaker('a', {
      guards: [fallback('none'), lastGoodAnswer({ clock }), retry({ clock }), timeout('1s', { clock })],
    });
    const controller = new AbortController();
    let signal: AbortSignal | undefined;
    const call = breaker.execute(
      (call) => {
        signal = call.signal;
        return new Promise<never>(() => {});
      },
      { signal: controller.signal },
    );
    await clock.advance(0);
    controller.abort(new Error('gone'));
    await expect(call).rejects.toThrow('gone');
    expect(signal?.aborted).toBe(true);
    expect(breaker.state.evidence).toMatchObject({ calls: 0, failures: 0 });
  });

  it('is what it adds, in types', async () => {
    const { gear } = setUp();
    const both = gear.breaker('both', { timeout: '1s', guards: [retry(), fallback(null)] });
    expectTypeOf(both).toEqualTypeOf<Breaker<null>>();
    expectTypeOf(both.execute(async () => 1)).resolves.toEqualTypeOf<number | null>();
    expectTypeOf(gear.breaker('repeats', { guards: [retry()] })).toEqualTypeOf<Breaker>();
    expectTypeOf(gear.breaker('plain', { timeout: '1s' })).toEqualTypeOf<Breaker>();
    expectTypeOf(compose(both, retry()).execute(async () => 1)).resolves.toEqualTypeOf<number | null>();
    const told = await detailed(both, async () => 1);
    expectTypeOf(told.value).toEqualTypeOf<number | null>();
    // @ts-expect-error what it answers would be in no breaker's type
    setUp({ guards: [fallback('none')] });
  });
});

describe('wrong guards', () => {
  it('are all told at once, with whatever else is wrong', () => {
    const { gear } = setUp();
    const guards = [retry(), fallback(1), retry({ outcome: 'attempt' }), fallback(2)] as const;
    expect(problemsOf(() => gear.breaker('a', { failureThreshold: 0, guards }))).toEqual([
      'guards has retry twice; allowed: one of each kind',
      'guards has fallback twice; allowed: one of each kind',
      'failureThreshold is 0; allowed: a whole number from 1 to 1000000',
    ]);
    expect(gear.breakers.size).toBe(0);
  });

  it.each([
    ['a guard that is not in a list', retry()],
    ['a breaker', [setUp().gear.breaker('other')]],
    ['a composition, which has an order of its own', [compose(retry())]],
    ['a guard that was not made', [retry]],
    ['nothing', [undefined]],
    ['null', null],
  ])('%s', (_, wrong) => {
    const guards = wrong as unknown as PlacedGuard[];
    const problem = 'guards is not a list of guards that have a place';
    expect(problemsOf(() => setUp().gear.breaker('a', { guards }))).toEqual([problem]);
    expect(problemsOf(() => setUp({ guards }))).toEqual([problem]);
  });

  it('are no setting of all breakers or of one circuit', () => {
    const guards = { guards: [retry()] } as object;
    expect(problemsOf(() => setUp({ defaults: guards }))).toEqual(['defaults.guards is not an option']);
    expect(problemsOf(() => setUp({ circuits: { a: guards } }))).toEqual([
      'circuits.a.guards is not an option',
    ]);
  });
});

describe.each([
  ['nothing', []],
  ['the invocation’s deadline, outside of any', [invocationDeadline()]],
  ['a deadline that is later', [deadline(() => 60_000, { clock: new FakeClock() })]],
])('behind a breaker with %s', (_, guards) => {
  it('a guard knows its deadline, the caller’s key and who is told of fallbacks', async () => {
    const { clock, gear } = setUp({ guards });
    const calls: CallOptions[] = [];
    const given = { key: 'k', onFallback: () => {} };
    const seen = { ...given, deadlineMs: clock.now() + 2_000 };
    await compose(gear.breaker('a', { timeout: '2s' }), spy('retry', [], calls)).execute(() => 1, given);
    await gear.breaker('b', { timeout: '2s', guards: [spy('timeout', [], calls)] }).execute(() => 1, given);
    expect(calls).toEqual([seen, seen]);
  });
});

it('no time left is the caller’s to hear, and counts as nothing', async () => {
  const { gear, clock } = setUp({ guards: [deadline(() => 0)] });
  const breaker = gear.breaker('a', { guards: [retry({ clock })] });
  await expect(breaker.execute(() => 1)).rejects.toBeInstanceOf(NoTimeLeftError);
  expect(breaker.state.evidence.calls).toBe(0);
  const guard: Guard = breaker;
  expect(guard).toBe(breaker);
});
