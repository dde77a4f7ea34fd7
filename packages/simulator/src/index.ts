/** The fleet in virtual time: which settings suit your traffic, and the proof that the laws hold. */

export { Distribution, type Quantiles } from './engine/distribution.ts';
export { Engine } from './engine/engine.ts';
export { Random } from './engine/random.ts';
export type { LawName, Violation } from './laws/law.ts';
export { type TrialResult, trial } from './laws/trial.ts';
export { ModelledStore } from './store/modelled-store.ts';
export { DYNAMODB, REDIS, type StoreProfile } from './store/store-profile.ts';
export { type GearSettings, SwitchgearStrategy } from './strategies/switchgear.ts';
export { bursts, diurnal, type Rate, steady } from './world/arrivals.ts';
export type { Condition, Phase } from './world/dependency.ts';
export { type Scenario, World } from './world/world.ts';
