import { Engine } from './engine/engine.ts';
import { Random } from './engine/random.ts';
import { outageOf, type Results, resultsOf } from './results.ts';
import type { Strategy } from './strategies/strategy.ts';
import { type Scenario, World } from './world/world.ts';

/** Makes a strategy for one run. */
export type Contender = (engine: Engine, random: Random) => Strategy;

export interface Comparison {
  readonly scenario: Scenario;
  readonly durationMs: number;
  readonly seed: number;
  readonly contenders: readonly Contender[];
}

/**
 * The same calls, in the same processes, with the same luck, under each strategy in turn.
 *
 * Sets `Error.stackTraceLimit` to 0 while it runs: refusals are errors, and nobody reads these.
 */
export async function compare({ scenario, durationMs, seed, contenders }: Comparison): Promise<Results[]> {
  const errors = Error as { stackTraceLimit?: number };
  const { stackTraceLimit } = errors;
  errors.stackTraceLimit = 0;
  try {
    const results: Results[] = [];
    for (const contender of contenders) {
      const engine = new Engine();
      const random = new Random(seed);
      const strategy = contender(engine, random.fork('strategy'));
      const world = new World(engine, random, scenario, strategy);
      await engine.advance(durationMs);
      results.push(resultsOf(strategy.name, world.ledger, outageOf(scenario.script), strategy.meter));
    }
    return results;
  } finally {
    if (stackTraceLimit === undefined) delete errors.stackTraceLimit;
    else errors.stackTraceLimit = stackTraceLimit;
  }
}
