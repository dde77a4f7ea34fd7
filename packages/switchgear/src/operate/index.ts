/** `switchgear/operate`: what operators do with circuits, apart from calls. */

export type { CircuitStatus, EffectiveState } from '../circuit/status.ts';
export type { OperatorStore } from '../store/contract.ts';
export { AUTHOR, type Author, OVERRIDE, type StateRequest } from './acts.ts';
export { Operator, type OperatorOptions } from './operator.ts';
export { POLICY, type PolicyValues } from './policy-values.ts';
