import type { BreakerOptions } from 'switchgear';
import { Distribution } from '../engine/distribution.ts';
import { Engine } from '../engine/engine.ts';
import { Random } from '../engine/random.ts';
import { ModelledStore } from '../store/modelled-store.ts';
import { DYNAMODB, REDIS } from '../store/store-profile.ts';
import { CIRCUIT, type GearSettings, SwitchgearStrategy } from '../strategies/switchgear.ts';
import { steady } from '../world/arrivals.ts';
import type { Condition, Phase } from '../world/dependency.ts';
import { type Scenario, World } from '../world/world.ts';
import { Chaos } from './chaos.ts';
import { Judge } from './judge.ts';
import type { Violation } from './law.ts';
import { protocol } from './protocol.ts';

/** Time in which things go wrong, and the time after it in which they must come right. */
const TROUBLED_MS = 60_000;
const CALM_MS = 60_000;
const STEP_MS = 1_000;

const HEALTHY: Condition = {
  latencyMs: new Distribution([
    [0, 1],
    [0.9, 30],
    [1, 300],
  ]),
  failureRatio: 0,
};

export interface TrialResult {
  readonly seed: number;
  /** The first law that was broken, and all that were at that moment. */
  readonly violations: readonly Violation[];
  readonly calls: number;
  /** Changes of state that were committed. */
  readonly epochs: number;
}

/**
 * A small fleet, drawn from `seed`, in a bad minute and the good one after it, held against the laws. The same seed gives
 * the same run on every machine.
 * @param line takes the run's protocol, event by event.
 * @param engine a new one.
 */
export async function trial(
  seed: number,
  line?: (text: string) => void,
  engine = new Engine(),
): Promise<TrialResult> {
  const random = new Random(seed);
  const draw = random.fork('trial');
  const store = new ModelledStore(engine, draw.pick([DYNAMODB, REDIS]), random.fork('store'));
  const timeoutMs = draw.pick([300, 1_000, 3_000]);
  const settings = drawSettings(draw);
  const strategy = new SwitchgearStrategy(store, drawPolicy(draw, timeoutMs), settings);
  const scenario = drawScenario(draw, timeoutMs);
  const world = new World(engine, random, scenario, strategy);
  const chaos = {
    untilMs: TROUBLED_MS,
    everyMs: draw.pick([1_000, 3_000, 10_000, 100_000]),
    troubled: draw.pick([0, 0.02, 0.2]),
    deadly: draw.pick([0, 0, 0.01, 0.05]),
    operators: draw.chance(0.3),
  };
  const judge = new Judge(world, store, strategy, settings.storeTimeout, line && protocol(engine, line));
  new Chaos(world, store, random.fork('chaos'), chaos);
  while (engine.elapsedMs < TROUBLED_MS + CALM_MS && judge.violations.length === 0)
    await engine.advance(STEP_MS);
  if (judge.violations.length === 0) judge.finish();
  return {
    seed,
    violations: judge.violations,
    calls: world.ledger.sum('offered'),
    epochs: store.past.newest(CIRCUIT)?.epoch.number ?? 0,
  };
}

function drawSettings(draw: Random) {
  return {
    cacheTtl: draw.pick([500, 1_000, 5_000]),
    storeTimeout: 500,
    awaitReports: false,
  } satisfies GearSettings;
}

function drawPolicy(draw: Random, timeoutMs: number): BreakerOptions {
  return {
    failureThreshold: 1 + draw.below(5),
    failureRatio: draw.pick([0, 0.1, 0.5]),
    minCalls: draw.pick([0, 0, 5]),
    failureWindow: draw.pick([10_000, 60_000]),
    consecutiveFailures: draw.pick([false, false, 3]),
    quorum: draw.pick([1, 1, 1, 2]),
    resetTimeout: draw.pick([1_000, 3_000]),
    backoff: draw.pick([1, 2]),
    jitter: draw.pick([0, 0.1]),
    maxResetTimeout: 15_000,
    halfOpenMaxProbes: 1 + draw.below(3),
    halfOpenSuccessThreshold: 1 + draw.below(3),
    leaseDuration: timeoutMs + 1_000,
    rampDuration: draw.pick([false, false, 5_000]),
    maxConcurrent: false,
  };
}

function drawScenario(draw: Random, timeoutMs: number): Scenario {
  const script: Phase[] = [];
  for (let fromMs = 0; fromMs < TROUBLED_MS; fromMs += draw.between(1_000, 20_000)) {
    const index = draw.below(3);
    const condition = {
      latencyMs: draw.chance(0.2) ? Distribution.constant(timeoutMs * 1.5) : HEALTHY.latencyMs,
      failureRatio: draw.pick([0, 0, 0.02, 0.3, 1]),
      ignoredRatio: draw.pick([0, 0, 0.2]),
    };
    const sick = { affects: ({ index: at }: { readonly index: number }) => at === index, elsewhere: HEALTHY };
    script.push({ fromMs, condition, ...(draw.chance(0.2) && sick) });
  }
  return {
    fleet: { processes: 1 + draw.below(6) },
    rate: steady(draw.pick([5, 20, 60])),
    script: [...script, { fromMs: TROUBLED_MS, condition: HEALTHY }],
    timeoutMs,
    skewMs: draw.pick([0, 1_000, 30_000]),
  };
}
