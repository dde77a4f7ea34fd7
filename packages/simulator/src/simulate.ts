import { type BreakerOptions, ConfigurationError, MemoryStore, Switchgear } from 'switchgear';
import { compare, type Run, type Signal } from './compare.ts';
import { CONTENDERS, type StrategyName } from './contenders.ts';
import { partial, type Shape, scenarioOf, shapeProblems } from './shape.ts';
import type { GearSettings } from './strategies/switchgear.ts';

/** Which settings suit this traffic? */
export interface Simulation {
  readonly shape: Shape;
  /** Run one after the other, on the same calls. */
  readonly strategies: readonly StrategyName[];
  /** Settings of the library, upon `defaultsFor` the shape; other strategies take of them what they have. */
  readonly policy?: BreakerOptions;
  readonly gear?: GearSettings;
  /** A whole number from 0 to `MAX_SEED`: the same seed gives the same run on any machine. */
  readonly seed: number;
}

export interface Watch {
  /** Hears how far the work is; at most some 20 times in a second. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  /** Ends the work: an `AbortSignal`, say. */
  readonly signal?: Signal | undefined;
}

export interface Progress {
  /** The strategy that is simulated now. */
  readonly strategy: string;
  /** Of the whole work, 0–1. */
  readonly share: number;
}

export const MAX_SEED = 2 ** 32 - 1;
/** Of other strategies that cache for a while; the library's default is the same. */
const CACHE_TTL_MS = 5_000;

/**
 * Simulates each strategy in turn and resolves with their figures and timelines, in the order of `strategies`. Runs in a
 * browser's worker too: it pauses every 50 ms, so that messages get through. Nothing real is waited for or touched.
 *
 * @throws ConfigurationError (`INVALID_CONFIGURATION`) with every problem, before anything is simulated.
 * @throws the signal's reason, once that is aborted.
 */
export async function simulate(simulation: Simulation, { onProgress, signal }: Watch = {}): Promise<Run[]> {
  const { shape, strategies, seed } = simulation;
  const { policy, gear, inForce } = settingsOf(simulation);
  const { scenario, durationMs } = scenarioOf(shape);
  const told = {
    policy,
    gear,
    script: scenario.script,
    failureThreshold: inForce.failureThreshold,
    failureRatio: inForce.failureRatio,
    failureWindowMs: inForce.failureWindow,
    resetTimeoutMs: inForce.resetTimeout,
    successThreshold: inForce.halfOpenSuccessThreshold,
    cacheTtlMs: gear.cacheTtl ?? CACHE_TTL_MS,
  };
  let done = -1;
  let latest: string | undefined;
  return compare({
    scenario,
    durationMs,
    seed,
    contenders: strategies.map((name) => CONTENDERS[name](told)),
    signal,
    progress: (strategy, elapsedMs) => {
      if (strategy !== latest) done++;
      latest = strategy;
      onProgress?.({ strategy, share: (done + elapsedMs / durationMs) / strategies.length });
    },
  });
}

/** Where one process alone may be sick, it must not decide. Calls in line would blur what is to be seen: no bulkhead. */
export function defaultsFor(shape: Shape): {
  readonly policy: BreakerOptions;
  readonly gear: GearSettings;
} {
  return {
    policy: { timeout: shape.timeoutMs, maxConcurrent: false, ...(partial(shape) && { quorum: 2 }) },
    // As in Lambda, where nothing runs between invocations.
    gear: { awaitReports: shape.processes === undefined },
  };
}

/** The settings of a simulation, complete and checked. */
function settingsOf({ shape, strategies, seed, ...given }: Simulation) {
  const problems = shapeProblems(shape);
  const unknown = strategies.filter((name) => !Object.hasOwn(CONTENDERS, name));
  const names = Object.keys(CONTENDERS).join(', ');
  if (strategies.length === 0) problems.push(`strategies is empty; allowed: one or more of ${names}`);
  for (const name of unknown) problems.push(`strategy is ${String(name)}; allowed: ${names}`);
  if (!(Number.isInteger(seed) && seed >= 0 && seed <= MAX_SEED))
    problems.push(`seed is ${String(seed)}; allowed: a whole number from 0 to ${MAX_SEED}`);
  const defaults = defaultsFor(shape);
  const policy = { ...defaults.policy, ...given.policy };
  const gear = { ...defaults.gear, ...given.gear };
  try {
    const inForce = new Switchgear({ ...gear, store: new MemoryStore() }).breaker(
      'simulated',
      policy,
    ).options;
    if (problems.length === 0) return { policy, gear, inForce };
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    problems.push(...error.problems);
  }
  throw new ConfigurationError(problems);
}
