import type { BreakerOptions } from 'switchgear';
import { Distribution } from '../engine/distribution.ts';
import { Random } from '../engine/random.ts';
import { MAX_SEED } from '../simulate.ts';
import { steady } from '../world/arrivals.ts';
import type { Condition } from '../world/dependency.ts';
import type { Scenario } from '../world/world.ts';
import type { ChaosSettings } from './chaos.ts';

/** What happens in a trial, drawn from its seed: a small fleet, a bad time, a good one after it. */
export interface Plan {
  readonly seed: number;
  readonly store: 'dynamodb' | 'redis';
  readonly asks: 'acquire' | 'execute';
  /** Of a Lambda function, instances come and go with the calls. */
  readonly processes: number | 'lambda';
  readonly rps: number;
  readonly skewMs: number;
  readonly policy: BreakerOptions & { readonly timeout: number };
  readonly cacheTtlMs: number;
  /** Things go wrong for this long. */
  readonly troubledMs: number;
  readonly scenes: readonly Scene[];
  readonly chaos: Omit<ChaosSettings, 'untilMs'>;
}

/** The dependency for a while. */
export interface Scene {
  readonly fromMs: number;
  readonly failureRatio: number;
  readonly ignoredRatio: number;
  /** Calls take longer than their timeout. */
  readonly hangs: boolean;
  /** Index of the only process that is concerned; absent: all are. */
  readonly only?: number;
}

/** In this time after the trouble all must come right. */
export const CALM_MS = 60_000;
const TROUBLED_MS = 60_000;
const STORE_TIMEOUT_MS = 500;

const HEALTHY: Condition = {
  latencyMs: new Distribution([
    [0, 1],
    [0.9, 30],
    [1, 300],
  ]),
  failureRatio: 0,
};

/** @throws RangeError where `seed` is none. */
export function planOf(seed: number): Plan {
  if (!(Number.isInteger(seed) && seed >= 0 && seed <= MAX_SEED))
    throw new RangeError(`seed is ${seed}; allowed: a whole number from 0 to ${MAX_SEED}`);
  const draw = new Random(seed).fork('trial');
  const timeout = draw.pick([300, 1_000, 3_000]);
  const asks = draw.pick(['acquire', 'execute'] as const);
  const processes = draw.chance(0.15) ? 'lambda' : 1 + draw.below(6);
  return {
    seed,
    store: draw.pick(['dynamodb', 'redis'] as const),
    asks,
    processes,
    rps: draw.pick([5, 20, 60]),
    skewMs: draw.pick([0, 1_000, 30_000]),
    policy: drawPolicy(draw, timeout, asks === 'execute'),
    cacheTtlMs: draw.pick([500, 1_000, 5_000]),
    troubledMs: TROUBLED_MS,
    scenes: drawScenes(draw),
    chaos: {
      everyMs: draw.pick([1_000, 3_000, 10_000, 100_000]),
      troubled: draw.pick([0, 0.02, 0.2]),
      deadly: draw.pick([0, 0, 0.01, 0.05]),
      operators: draw.chance(0.3),
    },
  };
}

function drawPolicy(draw: Random, timeout: number, executes: boolean): Plan['policy'] {
  const policy = {
    failureThreshold: 1 + draw.below(5),
    failureRatio: draw.pick([0, 0.1, 0.5]),
    minCalls: draw.pick([0, 0, 5]),
    failureWindow: draw.pick([10_000, 60_000]),
    consecutiveFailures: draw.pick([false, false, 3] as const),
    quorum: draw.pick([1, 1, 1, 2]),
    resetTimeout: draw.pick([1_000, 3_000]),
    backoff: draw.pick([1, 2]),
    jitter: draw.pick([0, 0.1]),
    maxResetTimeout: 15_000,
    halfOpenMaxProbes: 1 + draw.below(3),
    halfOpenSuccessThreshold: 1 + draw.below(3),
    timeout,
    leaseDuration: timeout + 1_000,
    rampDuration: draw.pick([false, false, 5_000] as const),
  };
  if (!executes) return { ...policy, maxConcurrent: false };
  const shadow = draw.chance(0.15);
  const maxConcurrent = draw.pick([false, 1, 3, 10] as const);
  const line = { maxQueue: draw.pick([0, 2]), queueTimeout: draw.pick([100, 1_000]) };
  return { ...policy, maxConcurrent, ...line, ...(shadow && { mode: 'shadow' }) };
}

function drawScenes(draw: Random): readonly Scene[] {
  const scenes: Scene[] = [];
  for (let fromMs = 0; fromMs < TROUBLED_MS; fromMs += draw.between(1_000, 20_000)) {
    const only = draw.below(3);
    scenes.push({
      fromMs,
      hangs: draw.chance(0.2),
      failureRatio: draw.pick([0, 0, 0.02, 0.3, 1]),
      ignoredRatio: draw.pick([0, 0, 0.2]),
      ...(draw.chance(0.2) && { only }),
    });
  }
  return scenes;
}

/** How processes are set up. */
export function gearOf({ cacheTtlMs, processes }: Plan) {
  return {
    cacheTtl: cacheTtlMs,
    maxStale: 2 * cacheTtlMs,
    storeTimeout: STORE_TIMEOUT_MS,
    awaitReports: processes === 'lambda',
  };
}

export function scenarioOf({ processes, rps, scenes, policy, asks, skewMs, troubledMs }: Plan): Scenario {
  const { timeout } = policy;
  const script = scenes
    .filter(({ fromMs }) => fromMs < troubledMs)
    .map(({ fromMs, hangs, failureRatio, ignoredRatio, only }) => ({
      fromMs,
      condition: {
        latencyMs: hangs ? Distribution.constant(timeout * 1.5) : HEALTHY.latencyMs,
        failureRatio,
        ignoredRatio,
      },
      ...(only !== undefined && {
        affects: ({ index }: { readonly index: number }) => index === only,
        elsewhere: HEALTHY,
      }),
    }));
  return {
    fleet: processes === 'lambda' ? { coldStartMs: 200, idleMs: 20_000 } : { processes },
    rate: steady(rps),
    script: [
      ...(script[0]?.fromMs === 0 ? [] : [{ fromMs: 0, condition: HEALTHY }]),
      ...script,
      { fromMs: troubledMs, condition: HEALTHY },
    ],
    // Where calls are executed, the library itself gives them up.
    timeoutMs: asks === 'execute' ? 2 * timeout : timeout,
    skewMs,
  };
}
