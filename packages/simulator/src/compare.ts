import { systemClock } from 'switchgear';
import { Engine } from './engine/engine.ts';
import { Random } from './engine/random.ts';
import { withoutStacks } from './engine/without-stacks.ts';
import { type Results, resultsOf } from './results.ts';
import type { Strategy } from './strategies/strategy.ts';
import { Recorder, SECOND_MS, type Timeline } from './timeline.ts';
import { type Scenario, World } from './world/world.ts';

/** Makes a strategy for one run. */
export type Contender = (engine: Engine, random: Random) => Strategy;

export interface Comparison {
  readonly scenario: Scenario;
  /** Whole seconds are simulated: what is left over is not. */
  readonly durationMs: number;
  readonly seed: number;
  readonly contenders: readonly Contender[];
  /** Hears now and then how far a run is. */
  readonly progress?: (strategy: string, elapsedMs: number) => void;
  /** Ends the work: the promise rejects with its reason. */
  readonly signal?: Signal | undefined;
}

/** Of an `AbortSignal`, what is needed here. */
export interface Signal {
  throwIfAborted(): void;
}

/** After so much real time the work pauses: else nothing would reach it, a message to a worker or Ctrl-C. */
const BREATH_MS = 50;

/** One strategy's run. */
export interface Run {
  readonly strategy: string;
  readonly results: Results;
  readonly timeline: Timeline;
}

/**
 * The same calls, in the same processes, with the same luck, under each strategy in turn.
 *
 * Sets `Error.stackTraceLimit` to 0 while it runs.
 */
export function compare(comparison: Comparison): Promise<Run[]> {
  return withoutStacks(() => runsOf(comparison));
}

async function runsOf({
  scenario,
  durationMs,
  seed,
  contenders,
  progress,
  signal,
}: Comparison): Promise<Run[]> {
  let breathedMs = systemClock.now();
  signal?.throwIfAborted();
  const runs: Run[] = [];
  for (const contender of contenders) {
    const engine = new Engine();
    const random = new Random(seed);
    const strategy = contender(engine, random.fork('strategy'));
    const world = new World(engine, random, scenario, strategy);
    const recorder = new Recorder(world, strategy);
    while (engine.elapsedMs + SECOND_MS <= durationMs) {
      await engine.advance(SECOND_MS);
      recorder.tick();
      if (systemClock.now() - breathedMs < BREATH_MS) continue;
      progress?.(strategy.name, engine.elapsedMs);
      await new Promise<void>((resolve) => systemClock.setTimer(resolve, 0));
      signal?.throwIfAborted();
      breathedMs = systemClock.now();
    }
    progress?.(strategy.name, engine.elapsedMs);
    const timeline = recorder.timeline;
    runs.push({
      strategy: strategy.name,
      results: resultsOf(strategy, world.ledger, timeline, scenario),
      timeline,
    });
  }
  return runs;
}
