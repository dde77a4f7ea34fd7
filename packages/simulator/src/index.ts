/** The fleet in virtual time: which settings suit your traffic, and the proof that the laws hold. */

export { type Comparison, type Contender, compare, type Run, type Signal } from './compare.ts';
export { CONTENDERS, type ContenderSettings, type StrategyName } from './contenders.ts';
export { Distribution, type Quantiles } from './engine/distribution.ts';
export { Engine } from './engine/engine.ts';
export { Process } from './engine/process.ts';
export { Random } from './engine/random.ts';
export type { LawName, Violation } from './laws/law.ts';
export { type TrialResult, trial } from './laws/trial.ts';
export { PRESETS, type Preset } from './presets.ts';
export type { RequestPrices } from './prices.ts';
export { FIGURES, type Figure, type Outage, outageOf, type Results } from './results.ts';
export { LEAD_MS, LIMITS, type Shape, scenarioOf, shapeProblems, TRAFFIC, TROUBLES } from './shape.ts';
export { defaultsFor, MAX_SEED, type Progress, type Simulation, simulate, type Watch } from './simulate.ts';
export { ModelledStore } from './store/modelled-store.ts';
export { DYNAMODB, REDIS, type StoreProfile } from './store/store-profile.ts';
export { LastWriterWins } from './strategies/last-writer-wins.ts';
export { LocalBreakers, type LocalRule } from './strategies/local-breaker.ts';
export { none } from './strategies/none.ts';
export { oracle } from './strategies/oracle.ts';
export { SharedFlag } from './strategies/shared-flag.ts';
export type { Guard, Strategy, Ticket } from './strategies/strategy.ts';
export { type GearSettings, SwitchgearStrategy } from './strategies/switchgear.ts';
export type { ProcessStates, Second, Timeline } from './timeline.ts';
export { bursts, diurnal, type Rate, steady } from './world/arrivals.ts';
export type { Condition, Phase } from './world/dependency.ts';
export { type Scenario, World } from './world/world.ts';
