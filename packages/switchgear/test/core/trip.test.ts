import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  add,
  type Counts,
  type Evidence,
  NOTHING,
  oldestSlot,
  slotAt,
  total,
} from '../../src/core/evidence.ts';
import { type Policy, tripReason, voteShare, windowOf } from '../../src/core/policy.ts';
import { POLICY } from './policies.ts';

const NOW = Date.UTC(2026, 9, 21, 6, 30, 12, 345);

function counts(failures: number, calls: number, more: Partial<Counts> = {}): Counts {
  return { ...NOTHING, failures, calls, ...more };
}

describe('the policy is met', () => {
  test('by enough failures that are a large enough share: three strays among thousands are noise', () => {
    expect(tripReason(counts(2, 2), POLICY)).toBeUndefined();
    expect(tripReason(counts(3, 3), POLICY)).toBe('failures');
    expect(tripReason(counts(3, 30), POLICY)).toBe('failures');
    expect(tripReason(counts(3, 31), POLICY)).toBeUndefined();
    expect(tripReason(counts(3, 4_000), POLICY)).toBeUndefined();
    expect(tripReason(counts(400, 4_000), POLICY)).toBe('failures');
  });

  test('only from minCalls on', () => {
    const policy = { ...POLICY, minCalls: 20 };
    expect(tripReason(counts(19, 19), policy)).toBeUndefined();
    expect(tripReason(counts(19, 20), policy)).toBe('failures');
  });

  test('by slow calls under a ratio of their own', () => {
    expect(tripReason(counts(0, 10, { slow: 4 }), POLICY)).toBeUndefined();
    expect(tripReason(counts(0, 10, { slow: 5 }), POLICY)).toBe('slow-calls');
    expect(tripReason(counts(0, 2, { slow: 2 }), POLICY)).toBeUndefined();
    expect(tripReason(counts(3, 10, { slow: 5 }), POLICY)).toBe('failures');
  });

  test('never by nothing', () => {
    expect(tripReason(NOTHING, { ...POLICY, failureRatio: 0 })).toBeUndefined();
  });
});

describe('L11 the quorum', () => {
  const quorums = fc
    .integer({ min: 2, max: 50 })
    .chain((quorum) =>
      fc.record({ quorum: fc.constant(quorum), failureThreshold: fc.integer({ min: 1, max: 500 }) }),
    )
    .map((some): Policy => ({ ...POLICY, ...some }));

  test('one process fewer cannot meet the policy, however many failures they have', () => {
    fc.assert(
      fc.property(quorums, fc.integer({ min: 500, max: 1e9 }), (policy, failures) => {
        const votes = (policy.quorum - 1) * voteShare(policy);
        expect(tripReason(counts(failures, failures, { votes }), policy)).toBeUndefined();
      }),
    );
  });

  test('every process has a vote, and as many as the quorum can meet the policy', () => {
    fc.assert(
      fc.property(quorums, (policy) => {
        const share = voteShare(policy);
        expect(share).toBeGreaterThanOrEqual(1);
        const votes = policy.quorum * share;
        const failures = Math.max(votes, policy.failureThreshold);
        expect(tripReason(counts(failures, failures, { votes }), policy)).toBe('failures');
      }),
    );
  });

  test('of one needs no votes: peers P9 is a choice', () => {
    expect(voteShare(POLICY)).toBe(0);
    expect(tripReason(counts(3, 3), POLICY)).toBe('failures');
    expect(tripReason(counts(3, 3, { votes: 2 }), { ...POLICY, quorum: 2 })).toBeUndefined();
    expect(tripReason(counts(3, 3, { votes: 3 }), { ...POLICY, quorum: 2 })).toBe('failures');
  });
});

describe('the window', () => {
  test('is cut into ten buckets, fewer where they would be narrower than a second', () => {
    expect(windowOf(POLICY)).toEqual({ bucketMs: 6_000, buckets: 10 });
    expect(windowOf({ failureWindow: 10_000 })).toEqual({ bucketMs: 1_000, buckets: 10 });
    expect(windowOf({ failureWindow: 3_500 })).toEqual({ bucketMs: 1_000, buckets: 3 });
    expect(windowOf({ failureWindow: 1_000 })).toEqual({ bucketMs: 1_000, buckets: 1 });
  });

  const windows = fc.integer({ min: 1_000, max: 3_600_000 });
  /** When failures happened, in milliseconds before now, mostly near the edges of the window. */
  const agesOf = (failureWindow: number) =>
    fc.array(
      fc.oneof(fc.nat(failureWindow * 2), fc.integer({ min: failureWindow - 5, max: failureWindow + 5 })),
      { maxLength: 40 },
    );

  test('peers C8 a failure older than failureWindow never counts, one younger than its full buckets always does', () => {
    fc.assert(
      fc.property(
        windows.chain((failureWindow) => fc.tuple(fc.constant(failureWindow), agesOf(failureWindow))),
        fc.integer({ min: NOW - 1e9, max: NOW + 1e9 }),
        ([failureWindow, ages], nowMs) => {
          const window = windowOf({ failureWindow });
          let evidence: Evidence = {};
          for (const age of ages.toSorted((a, b) => b - a)) {
            const atMs = nowMs - age;
            const slot = slotAt(atMs, window.bucketMs);
            evidence = add(evidence, { [slot]: counts(1, 1) }, oldestSlot(atMs, window));
          }
          const { failures } = total(evidence, nowMs, window);
          const fullBuckets = (window.buckets - 1) * window.bucketMs;
          expect(failures).toBeLessThanOrEqual(ages.filter((age) => age < failureWindow).length);
          expect(failures).toBeGreaterThanOrEqual(ages.filter((age) => age < fullBuckets).length);
        },
      ),
    );
  });

  test('a bucket far ahead, written under a clock that jumped, does not count', () => {
    const window = windowOf(POLICY);
    const slot = slotAt(NOW, window.bucketMs);
    const evidence = { [slot]: counts(1, 1), [slot + 1]: counts(2, 2), [slot + 2]: counts(4, 4) };
    expect(total(evidence, NOW, window).failures).toBe(3);
  });

  test('adding keeps what both sides have and drops what has expired', () => {
    const sum = add(
      { 7: counts(1, 2), 8: counts(3, 4) },
      { 8: counts(1, 1), 9: counts(5, 6, { slow: 1 }) },
      8,
    );
    expect(sum).toEqual({ 8: counts(4, 5), 9: counts(5, 6, { slow: 1 }) });
  });
});
