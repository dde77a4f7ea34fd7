import { CONTENDERS, type Comparison, compare, type Run, scenarioOf } from '@switchgear/simulator';
import { cacheTtlOf, inForce } from './policy-option.ts';
import type { SimulateOptions } from './simulate-options.ts';

/** Simulates what the options say, strategy after strategy. */
export function runsOf(
  { shape, settings, strategies, seed }: SimulateOptions,
  progress?: Comparison['progress'],
): Promise<Run[]> {
  const { scenario, durationMs } = scenarioOf(shape);
  const policy = inForce(settings);
  const told = {
    ...settings,
    script: scenario.script,
    failureThreshold: policy.failureThreshold,
    failureRatio: policy.failureRatio,
    failureWindowMs: policy.failureWindow,
    resetTimeoutMs: policy.resetTimeout,
    successThreshold: policy.halfOpenSuccessThreshold,
    cacheTtlMs: cacheTtlOf(settings),
  };
  const contenders = strategies.map((name) => CONTENDERS[name](told));
  return compare({ scenario, durationMs, seed, contenders, ...(progress && { progress }) });
}
