/** When to trip. */

import type { Counts, Window } from './evidence.ts';
import type { TransitionReason } from './record.ts';

/** Settings that decide. Durations in milliseconds. `options.ts` has the defaults, ranges and meanings. */
export interface Policy {
  readonly failureThreshold: number;
  readonly minCalls: number;
  readonly failureRatio: number;
  readonly failureWindow: number;
  readonly slowCallDuration: number;
  readonly slowCallRatio: number;
  readonly consecutiveFailures: number;
  readonly quorum: number;
  readonly resetTimeout: number;
  readonly backoff: number;
  readonly jitter: number;
  readonly maxResetTimeout: number;
  readonly halfOpenMaxProbes: number;
  readonly halfOpenSuccessThreshold: number;
  readonly leaseDuration: number;
  readonly rampDuration: number;
  readonly rampFrom: number;
  readonly healthCheckGrace: number;
}

/** The window is cut into this many buckets; a shorter window gets fewer, none narrower than a second. */
const BUCKETS = 10;
const MIN_BUCKET_MS = 1_000;

/** How a window of `failureWindow` is cut into buckets. */
export function windowOf(policy: Pick<Policy, 'failureWindow'>): Window {
  const bucketMs = Math.max(MIN_BUCKET_MS, Math.ceil(policy.failureWindow / BUCKETS));
  return { bucketMs, buckets: Math.max(1, Math.floor(policy.failureWindow / bucketMs)) };
}

/** How a circuit is cut that an operator acted on before anybody reported: the default window of 60 s. */
export const DEFAULT_WINDOW: Window = /* @__PURE__ */ windowOf({ failureWindow: 60_000 });

/** Why the counts of a window trip the circuit, or `undefined`. */
export function tripReason(counts: Counts, policy: Policy): TransitionReason | undefined {
  if (counts.calls < policy.minCalls) return undefined;
  if (policy.quorum > 1 && counts.votes <= (policy.quorum - 1) * voteShare(policy)) return undefined;
  return wrongWith(counts, policy, policy.failureThreshold);
}

/** How the calls of a window are bad, at least `least` of them, or `undefined`. */
export function wrongWith(counts: Counts, policy: Policy, least: number): TransitionReason | undefined {
  const { calls, failures, slow, isolated, isolatedSlow } = counts;
  if (enough(failures, isolated, calls, policy.failureRatio, least)) return 'failures';
  if (enough(slow, isolatedSlow, calls, policy.slowCallRatio, least)) return 'slow-calls';
  return undefined;
}

/** Where a ratio is asked, isolated calls have no part in it: of how many good ones they were the only bad, nobody knows. */
function enough(bad: number, isolated: number, calls: number, ratio: number, least: number): boolean {
  const apart = ratio > 0 ? isolated : 0;
  return bad - apart >= least && (bad - apart) / (calls - apart) >= ratio;
}

/** What one process saw of its own calls. */
export interface OwnCounts extends Counts {
  /** Failures since its latest success. */
  readonly streak: number;
}

/** Why the calls of one process trip its own circuit, or `undefined`: by the same policy on all its calls, and by a streak. */
export function ownTripReason(own: OwnCounts, policy: Policy): TransitionReason | undefined {
  if (own.streak >= policy.consecutiveFailures) return 'consecutive-failures';
  return tripReason({ ...own, isolated: 0, isolatedSlow: 0 }, { ...policy, quorum: 1 });
}

/**
 * Votes that one process may add to a window: its share of the threshold. A trip takes more votes than `quorum - 1` processes
 * have, so that `quorum` of them can trip and fewer cannot. With a quorum of 1 there are no votes.
 */
export function voteShare({ quorum, failureThreshold }: Policy): number {
  return quorum === 1 ? 0 : Math.ceil(failureThreshold / quorum);
}
