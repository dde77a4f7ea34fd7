/** `switchgear/operate`: what operators do with circuits, apart from calls. */

export { type CircuitStatus, type EffectiveState, recordStatus } from '../circuit/status.ts';
export type { OperatorAct, OperatorStore } from '../store/contract.ts';
export { AUTHOR, type Author, OVERRIDE, type StateRequest, type Witness } from './acts.ts';
export { Operator, type OperatorOptions } from './operator.ts';
export { POLICY, type PolicyValues } from './policy-values.ts';
