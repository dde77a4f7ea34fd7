/** Switchgear: a circuit breaker that a whole fleet shares. */

export { Breaker } from './breaker.ts';
export type { CallContext, CallOptions } from './call.ts';
export type { CallOutcome, EndedCall } from './circuit/ended-call.ts';
export type { StateChange } from './circuit/state-change.ts';
export type { CircuitStatus, EffectiveState } from './circuit/status.ts';
export { type Clock, systemClock, type Timer } from './clock.ts';
export type { OverrideRequest, ProbeResult, ProbeVerdict } from './core/apply.ts';
export type { Counts, Evidence, Window } from './core/evidence.ts';
export type { Policy } from './core/policy.ts';
export type {
  CircuitRecord,
  CircuitState,
  ClosedHead,
  Epoch,
  HalfOpenHead,
  Head,
  Lease,
  OpenHead,
  Override,
  OverrideMode,
  StoredPolicy,
  Transition,
  TransitionReason,
} from './core/record.ts';
export type { Duration } from './duration.ts';
export {
  BulkheadFullError,
  CircuitOpenError,
  ConfigurationError,
  ConflictError,
  type ErrorCode,
  isSwitchgearError,
  NoTimeLeftError,
  type RejectingState,
  type Rejection,
  StoreError,
  SwitchgearError,
  TimeoutError,
} from './errors.ts';
export { isBreakable } from './guard/classify.ts';
export type { BreakerOptions, GearOptions, ResolvedOptions } from './options.ts';
export { Permit } from './permit.ts';
export type {
  HistoryEntry,
  OperatorAct,
  OperatorStore,
  Store,
  StoreProblem,
  WriteAnswer,
} from './store/contract.ts';
export { MemoryStore } from './store/memory/memory-store.ts';
export type { Verb } from './store/store-guard.ts';
export { Switchgear, type SwitchgearOptions } from './switchgear.ts';
