import fc from 'fast-check';
import { test } from 'vitest';
import { type Deed, Fleet, type Step } from './fleet.ts';
import { smallPolicies } from './policies.ts';

const nth = fc.nat(1_000);

const counts = fc
  .record({
    successes: fc.nat(2),
    failures: fc.nat(3),
    slow: fc.nat(3),
    isolated: fc.nat(1),
    votes: fc.nat(2),
  })
  .map(({ successes, isolated, ...bad }) => ({
    ...bad,
    calls: successes + Math.max(bad.failures, bad.slow),
    isolated: Math.min(isolated, bad.failures),
    isolatedSlow: Math.min(isolated, bad.slow),
  }));

type Weighted<T> = { readonly weight: number; readonly arbitrary: fc.Arbitrary<T> };

const callerDeeds: Weighted<Deed>[] = [
  { weight: 6, arbitrary: fc.constant<Deed>({ kind: 'call' }) },
  { weight: 3, arbitrary: fc.constant<Deed>({ kind: 'read' }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('report' as const), counts, slotsAgo: fc.nat(2) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('settle' as const),
      nth,
      verdict: fc.constantFrom('success', 'success', 'failure', 'cancel'),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('straggle' as const),
      nth,
      verb: fc.constantFrom('report', 'trip', 'probe', 'close'),
    }),
  },
  { weight: 1, arbitrary: fc.constant<Deed>({ kind: 'clear' }) },
];

const operatorDeeds: Weighted<Deed>[] = [
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('operate' as const),
      mode: fc.constantFrom('forced-open', 'forced-closed', 'disabled', 'release'),
      forMs: fc.constantFrom(undefined, 500, 5_000),
    }),
  },
];

function stepsOf(deeds: readonly Weighted<Deed>[]): Weighted<Step>[] {
  return [
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant('deed' as const),
        process: fc.nat(3),
        deed: fc.oneof(...deeds),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.oneof(fc.nat(900), fc.nat(9_000)) }),
    },
    { weight: 1, arbitrary: fc.constant<Step>({ kind: 'wait', ms: 2_000 }) },
  ];
}

const loss: Weighted<Step> = { weight: 1, arbitrary: fc.constant<Step>({ kind: 'lose' }) };

const clockErrors = fc.array(fc.integer({ min: -999, max: 999 }), { minLength: 2, maxLength: 4 });
/** Anywhere in this century: nothing may hang on round numbers. */
const starts = fc.integer({ min: Date.UTC(2025, 0, 1), max: Date.UTC(2090, 0, 1) });

function fleet(steps: readonly Weighted<Step>[]) {
  const sequences = fc.array(fc.oneof(...steps), { size: 'max', maxLength: 120 });
  return fc.property(smallPolicies, clockErrors, starts, sequences, (policy, errorsMs, startMs, sequence) =>
    new Fleet(policy, errorsMs, startMs).run(sequence),
  );
}

test('L1–L7, L9, L12 hold after each step of a fleet with stale bases and clocks a second apart', () => {
  fc.assert(fleet(stepsOf([...callerDeeds, ...operatorDeeds])), { numRuns: 2_000 });
});

// Without operators: with its data a store loses the versions of overrides too, and an old one then equals a new one.
test('L1, L8 hold in a store that loses its data: a number that comes again is another epoch', () => {
  fc.assert(fleet([...stepsOf(callerDeeds), loss]), { numRuns: 1_000 });
});
