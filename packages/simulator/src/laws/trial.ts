import { MemoryStore, Switchgear } from 'switchgear';
import { Engine } from '../engine/engine.ts';
import { Random } from '../engine/random.ts';
import { withoutStacks } from '../engine/without-stacks.ts';
import { ModelledStore } from '../store/modelled-store.ts';
import { DYNAMODB, REDIS } from '../store/store-profile.ts';
import { CIRCUIT, SwitchgearStrategy } from '../strategies/switchgear.ts';
import { World } from '../world/world.ts';
import { Chaos } from './chaos.ts';
import { Judge } from './judge.ts';
import type { Violation } from './law.ts';
import { CALM_MS, gearOf, type Plan, planOf, scenarioOf } from './plan.ts';
import { protocol } from './protocol.ts';

const STEP_MS = 1_000;
const STORES = { dynamodb: DYNAMODB, redis: REDIS };

export interface TrialResult {
  readonly plan: Plan;
  /** The first law that was broken, and all that were at that moment. */
  readonly violations: readonly Violation[];
  readonly calls: number;
  /** Changes of state that were committed. */
  readonly epochs: number;
}

/**
 * A small fleet, drawn from a seed, in a bad minute and the good one after it, held against the laws. The same seed gives
 * the same run on every machine.
 * @param what the seed, or a plan that was made of one.
 * @param line takes the run's protocol, event by event.
 * @param engine a new one.
 * @throws RangeError where the seed is no whole number from 0 to `MAX_SEED`.
 */
export async function trial(
  what: number | Plan,
  line?: (text: string) => void,
  engine = new Engine(),
): Promise<TrialResult> {
  const plan = typeof what === 'number' ? planOf(what) : what;
  const random = new Random(plan.seed);
  const store = new ModelledStore(engine, STORES[plan.store], random.fork('store'));
  const gear = gearOf(plan);
  const strategy = new SwitchgearStrategy(store, plan.policy, gear, plan.asks);
  const world = new World(engine, random, scenarioOf(plan), strategy);
  const policy = new Switchgear({ store: new MemoryStore() }).breaker(CIRCUIT, plan.policy).options;
  const witness = line && { witness: protocol(engine, line) };
  const judge = new Judge(world, store, strategy, { policy, gear, ...witness });
  new Chaos(world, store, random.fork('chaos'), { ...plan.chaos, untilMs: plan.troubledMs });
  const untilMs = plan.troubledMs + CALM_MS;
  await withoutStacks(async () => {
    while (engine.elapsedMs < untilMs && judge.violations.length === 0) await engine.advance(STEP_MS);
  });
  if (judge.violations.length === 0) judge.finish();
  return {
    plan,
    violations: judge.violations,
    calls: world.ledger.sum('offered'),
    epochs: store.past.newest(CIRCUIT)?.epoch.number ?? 0,
  };
}
