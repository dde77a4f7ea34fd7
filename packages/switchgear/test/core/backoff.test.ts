import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NOTHING } from '../../src/core/evidence.ts';
import { rootRecord } from '../../src/core/record.ts';
import { closed, halfOpened, openDuration, reopened, tripped } from '../../src/core/transitions.ts';
import { POLICY } from './policies.ts';

const NOW = Date.UTC(2026, 9, 21, 6, 30, 12, 345);
const WINDOW = { bucketMs: 6_000, buckets: 10 };
const COUNTS = { ...NOTHING, calls: 30, failures: 4 };

const chances = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const policies = fc
  .record({
    resetTimeout: fc.integer({ min: 1, max: 600_000 }),
    backoff: fc.double({ min: 1, max: 10, noNaN: true }),
    jitter: fc.double({ min: 0, max: 1, noNaN: true }),
    more: fc.integer({ min: 0, max: 3_600_000 }),
  })
  .map(({ more, ...some }) => ({ ...POLICY, ...some, maxResetTimeout: some.resetTimeout + more }));

function mover(nowMs: number, more: { retryAfterMs?: number; lastFailure?: string } = {}) {
  return { nowMs, id: `id-${nowMs}`, by: 'process-1', chance: 0, ...more };
}

/** Closed after `attempt` failed attempts, since `NOW`. */
function recovered(attempt: number, policy = POLICY) {
  const record = { ...rootRecord('payments', WINDOW), attempt };
  const head = closed(record, policy, mover(NOW), 'recovered');
  return { name: 'payments', evidence: {}, ...head };
}

describe('the open time', () => {
  test('doubles with each failed attempt, from 10 s to 5 min', () => {
    const times = [0, 1, 2, 3, 4, 5, 6].map((attempt) => openDuration(attempt, POLICY, 0));
    expect(times).toEqual([10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000]);
  });

  test('is spread upwards by the jitter, so that no circuit is probed earlier than asked', () => {
    expect(openDuration(0, POLICY, 0.5)).toBe(10_500);
    expect(openDuration(0, POLICY, 0.999)).toBe(10_999);
  });

  test('follows Retry-After instead, within the same maximum', () => {
    expect(openDuration(3, POLICY, 0, 42_000)).toBe(42_000);
    expect(openDuration(0, POLICY, 0, 1_500)).toBe(1_500);
    expect(openDuration(0, POLICY, 0, 86_400_000)).toBe(300_000);
  });

  test('follows Retry-After where the dependency has just said so: not where probers only vanished', () => {
    const asked = mover(NOW, { retryAfterMs: 1_500 });
    const record = recovered(0);
    expect(reopened(record, POLICY, asked, 'probe-failed').openUntilMs).toBe(NOW + 1_500);
    expect(reopened(record, POLICY, asked, 'probes-lapsed').openUntilMs).toBe(NOW + 20_000);
  });

  test('is no longer where the circuit closed a moment later by the clock of who closed it', () => {
    expect(tripped(recovered(0), POLICY, mover(NOW - 800), 'failures', COUNTS)).toMatchObject({
      attempt: 0,
      openUntilMs: NOW - 800 + 10_000,
    });
  });

  test('lies between the timeout asked for and the maximum, whatever the attempt, the chance and the settings', () => {
    fc.assert(
      fc.property(policies, fc.nat(10_000), chances, (policy, attempt, chance) => {
        const openMs = openDuration(attempt, policy, chance);
        expect(openMs).toBeGreaterThanOrEqual(policy.resetTimeout);
        expect(openMs).toBeLessThanOrEqual(policy.maxResetTimeout);
      }),
    );
  });

  test('never shrinks from one attempt to the next', () => {
    fc.assert(
      fc.property(policies, fc.nat(2_000), chances, (policy, attempt, chance) => {
        const next = openDuration(attempt + 1, policy, chance);
        expect(next).toBeGreaterThanOrEqual(openDuration(attempt, policy, chance));
      }),
    );
  });

  test('ends at a deadline on the clock of the store', () => {
    const open = tripped(recovered(0), POLICY, mover(NOW + 5), 'failures', COUNTS);
    expect(open.openUntilMs).toBe(NOW + 5 + 10_000);
    expect(open.transition).toEqual({
      from: 'closed',
      to: 'open',
      atMs: NOW + 5,
      reason: 'failures',
      by: 'process-1',
      calls: 30,
      failures: 4,
    });
  });
});

describe('the attempt count', () => {
  test('rises with each probe that failed and survives recovery', () => {
    let attempt = 0;
    for (const expected of [1, 2, 3]) {
      const record = { ...recovered(attempt), state: 'open' as const, openUntilMs: NOW };
      const probing = { name: 'payments', evidence: {}, ...halfOpened(record, POLICY, mover(NOW)) };
      expect(probing.attempt).toBe(attempt);
      attempt = reopened(probing, POLICY, mover(NOW), 'probe-failed').attempt;
      expect(attempt).toBe(expected);
    }
    expect(recovered(3).attempt).toBe(3);
  });

  test('goes on where a relapse follows soon, and is forgiven after maxResetTimeout of closed', () => {
    const relapse = (afterMs: number) =>
      tripped(recovered(3), POLICY, mover(NOW + afterMs), 'failures', COUNTS).attempt;
    expect(relapse(1_000)).toBe(3);
    expect(relapse(299_999)).toBe(3);
    expect(relapse(300_000)).toBe(0);
  });

  test('rises when the circuit trips while it ramps', () => {
    const ramping = recovered(3, { ...POLICY, rampDuration: 20_000 });
    const trip = (afterMs: number) =>
      tripped(ramping, POLICY, mover(NOW + afterMs), 'failures', COUNTS).attempt;
    expect(trip(19_999)).toBe(4);
    expect(trip(20_000)).toBe(3);
  });

  test('starts anew where an operator began the closed epoch', () => {
    const record = { ...rootRecord('payments', WINDOW), attempt: 5 };
    expect(closed(record, POLICY, mover(NOW), 'override-ended').attempt).toBe(0);
  });
});
