/** The defaults of `options.ts`, and policies around them for properties. */

import fc from 'fast-check';
import type { Policy } from '../../src/core/policy.ts';

export const POLICY: Policy = {
  failureThreshold: 3,
  minCalls: 0,
  failureRatio: 0.1,
  failureWindow: 60_000,
  slowCallDuration: Number.POSITIVE_INFINITY,
  slowCallRatio: 0.5,
  consecutiveFailures: Number.POSITIVE_INFINITY,
  quorum: 1,
  resetTimeout: 10_000,
  backoff: 2,
  jitter: 0.1,
  maxResetTimeout: 300_000,
  halfOpenMaxProbes: 1,
  halfOpenSuccessThreshold: 1,
  leaseDuration: 31_000,
  rampDuration: 0,
  rampFrom: 0.1,
  healthCheckGrace: 0,
};

/** Small numbers, so that a short sequence of commands reaches every state. */
export const smallPolicies: fc.Arbitrary<Policy> = fc
  .record({
    failureThreshold: fc.integer({ min: 1, max: 4 }),
    minCalls: fc.integer({ min: 0, max: 4 }),
    failureRatio: fc.constantFrom(0, 0.1, 0.5, 1),
    failureWindow: fc.integer({ min: 1_000, max: 15_000 }),
    resetTimeout: fc.integer({ min: 1, max: 4_000 }),
    maxResetTimeout: fc.integer({ min: 4_000, max: 20_000 }),
    halfOpenMaxProbes: fc.integer({ min: 1, max: 3 }),
    halfOpenSuccessThreshold: fc.integer({ min: 1, max: 4 }),
    leaseDuration: fc.integer({ min: 1, max: 5_000 }),
    rampDuration: fc.constantFrom(0, 5_000),
    quorum: fc.constantFrom(1, 1, 2),
    consecutiveFailures: fc.constantFrom(Infinity, 2, 5),
  })
  .map((some) => ({ ...POLICY, ...some }));
