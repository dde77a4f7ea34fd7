import type { LawName } from './law.ts';
import type { Plan } from './plan.ts';
import { type TrialResult, trial } from './trial.ts';

/** No more trials than this: each takes some tens of milliseconds. */
const MOST_TRIALS = 400;

/** One step towards a smaller plan; `undefined` where it is as small as it gets. */
type Step = (plan: Plan) => Plan | undefined;

/** The greatest first: what they take away, later steps need not look at. */
const STEPS: readonly Step[] = [
  (plan) => (plan.troubledMs > 1_000 ? { ...plan, troubledMs: Math.ceil(plan.troubledMs / 2) } : undefined),
  ({ processes, ...plan }) =>
    processes === 'lambda'
      ? { ...plan, processes: 2 }
      : processes > 1
        ? { ...plan, processes: Math.ceil(processes / 2) }
        : undefined,
  chaos('operators', false),
  chaos('deadly', 0),
  chaos('troubled', 0),
  chaos('everyMs', 1e9),
  (plan) => (plan.skewMs > 0 ? { ...plan, skewMs: 0 } : undefined),
  (plan) =>
    plan.asks === 'execute'
      ? { ...plan, asks: 'acquire', policy: { ...plan.policy, maxConcurrent: false } }
      : undefined,
  option('mode', undefined),
  option('maxConcurrent', false),
  option('rampDuration', false),
  option('consecutiveFailures', false),
  option('quorum', 1),
  option('halfOpenMaxProbes', 1),
  option('halfOpenSuccessThreshold', 1),
  option('minCalls', 0),
  option('jitter', 0),
  option('backoff', 1),
  ...Array.from(
    { length: 12 },
    (_, i): Step =>
      (plan) => {
        const scenes = plan.scenes.filter((_, at) => at !== plan.scenes.length - 1 - i);
        return scenes.length < plan.scenes.length ? { ...plan, scenes } : undefined;
      },
  ),
  (plan) => (plan.rps > 2 ? { ...plan, rps: Math.ceil(plan.rps / 2) } : undefined),
];

function chaos<K extends keyof Plan['chaos']>(key: K, least: Plan['chaos'][K]): Step {
  return (plan) =>
    plan.chaos[key] === least ? undefined : { ...plan, chaos: { ...plan.chaos, [key]: least } };
}

function option<K extends keyof Plan['policy']>(key: K, least: Plan['policy'][K]): Step {
  return ({ policy, ...plan }) => {
    if (policy[key] === least) return undefined;
    const { [key]: _, ...others } = policy;
    return {
      ...plan,
      policy: (least === undefined ? others : { ...others, [key]: least }) as Plan['policy'],
    };
  };
}

/**
 * A smaller plan that breaks the same law: fewer processes, a shorter time, fewer faults, plainer settings. Every step that keeps
 * the law broken is kept, until none does. The same plan shrinks the same way on every machine.
 * @param run tries a plan; the library with a deliberate bug, in tests.
 */
export async function shrink(
  failed: TrialResult,
  run: (plan: Plan) => Promise<TrialResult> = trial,
): Promise<TrialResult> {
  const laws = new Set<LawName>(failed.violations.map(({ law }) => law));
  let smallest = failed;
  let trials = 0;
  for (let shrunk = true; shrunk; ) {
    shrunk = false;
    for (const step of STEPS) {
      for (let plan = step(smallest.plan); plan && trials < MOST_TRIALS; plan = step(smallest.plan)) {
        trials++;
        const result = await run(plan);
        if (!result.violations.some(({ law }) => laws.has(law))) break;
        smallest = result;
        shrunk = true;
      }
    }
  }
  return smallest;
}
