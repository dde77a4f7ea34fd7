/** `switchgear/guard`: what surrounds a call beside the breaker. docs/around-the-call.md says in which order. */

export { type Detailed, detailed } from './detailed.ts';
export { type FailoverOptions, failover, type Provider } from './failover.ts';
export { type FallbackAnswer, type FallbackOptions, fallback } from './fallback.ts';
export { type FleetBulkheadOptions, fleetBulkhead, type SlotStore } from './fleet-bulkhead.ts';
export { type AddedBy, Composition, compose, type Guard } from './guard.ts';
export { type LastGoodAnswerOptions, lastGoodAnswer } from './last-good-answer.ts';
export { type DeadlineOptions, deadline } from './parent-deadline.ts';
export { PLACES, type Place, type PlacedGuard } from './place.ts';
export { type RunScript, redisSlots } from './redis-slots.ts';
export { type RetryOptions, retry } from './retry.ts';
export type { AnswerStore, SharedAnswersOptions } from './shared-answers.ts';
export { type TimeoutOptions, timeout } from './timeout.ts';
export type { Trigger } from './trigger.ts';
