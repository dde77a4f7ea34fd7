export { BREAKER_OPTIONS, GEAR_OPTIONS, type OptionSpec } from '../options.ts';
export { createStore } from './create-store.ts';
export { BREAKER_DESCRIPTIONS, GEAR_DESCRIPTIONS } from './describe.ts';
export { type EnvironmentOptions, optionsFromEnv } from './options-from-env.ts';
