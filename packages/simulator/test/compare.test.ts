import { expect, test } from 'vitest';
import {
  compare,
  Distribution,
  DYNAMODB,
  LastWriterWins,
  LocalBreakers,
  ModelledStore,
  none,
  oracle,
  type Phase,
  REDIS,
  type Results,
  type Scenario,
  SharedFlag,
  SwitchgearStrategy,
  steady,
} from '../src/index.ts';

const PROCESSES = 50;
const RATE = 500;
const DEAD_MS = 60_000;
const WELL = { latencyMs: Distribution.constant(20), failureRatio: 0 };
const DEAD = { latencyMs: Distribution.constant(5), failureRatio: 1 };
const script: readonly Phase[] = [
  { fromMs: 0, condition: WELL },
  { fromMs: 10_000, condition: DEAD },
  { fromMs: 10_000 + DEAD_MS, condition: WELL },
];
const scenario: Scenario = {
  fleet: { processes: PROCESSES },
  rate: steady(RATE),
  script,
  timeoutMs: 1_000,
  skewMs: 30_000,
};
const policy = { failureRatio: 0, backoff: 1, jitter: 0, maxConcurrent: false } as const;

test('a dead dependency: the same calls under each strategy', { timeout: 60_000 }, async () => {
  const runs = await compare({
    scenario,
    durationMs: DEAD_MS + 40_000,
    seed: 3,
    contenders: [
      () => none,
      () => new LocalBreakers({ trips: 'consecutive', failures: 3 }, 10_000),
      (engine, random) =>
        new LastWriterWins(engine, DYNAMODB, random, {
          failureThreshold: 3,
          successThreshold: 1,
          windowMs: 60_000,
          timeoutMs: 10_000,
        }),
      (engine, random) =>
        new SharedFlag(engine, DYNAMODB, random, {
          failureThreshold: 3,
          recoveryMs: 10_000,
          cacheTtlMs: 5_000,
        }),
      (engine, random) => new SwitchgearStrategy(new ModelledStore(engine, DYNAMODB, random), policy),
      (engine, random) => new SwitchgearStrategy(new ModelledStore(engine, REDIS, random), policy),
      (engine) => oracle(engine, script),
    ],
  });
  const results = runs.map((run) => run.results);
  const [open, local, lastWriter, flag, dynamodb, redis, limit] = results as [
    Results,
    Results,
    Results,
    Results,
    Results,
    Results,
    Results,
  ];
  // Like with like: the calls do not depend on who guards them.
  expect(new Set(results.map(({ offered }) => offered)).size).toBe(1);
  expect(open.reachedDead).toBe(open.clientErrors);
  // One teaching call per process at most, what was in flight, and a probe per open time.
  const inFlight = RATE * 0.02;
  expect(dynamodb.reachedDead).toBeLessThanOrEqual(PROCESSES + 2 * inFlight + DEAD_MS / 10_000 + 1);
  expect(redis.reachedDead).toBeLessThan(dynamodb.reachedDead);
  expect(limit.reachedDead).toBeLessThanOrEqual(redis.reachedDead);
  for (const other of [local, flag]) expect(dynamodb.reachedDead).toBeLessThan(other.reachedDead);
  // Who asks the store before every call knows at once while the store keeps up, and pays for it.
  expect(lastWriter.storeReads).toBeGreaterThan(0.99 * lastWriter.offered);
  expect(dynamodb.storeWrites).toBeLessThan(4 * PROCESSES);
});

test('a healthy fleet costs no write, and one read per process and cacheTtl', async () => {
  const [run] = await compare({
    scenario: { ...scenario, script: [{ fromMs: 0, condition: WELL }] },
    durationMs: 60_000,
    seed: 5,
    contenders: [
      (engine, random) => new SwitchgearStrategy(new ModelledStore(engine, REDIS, random), policy),
    ],
  });
  expect(run?.results.storeWrites).toBe(0);
  expect(run?.results.storeReads).toBeLessThanOrEqual(PROCESSES * (60_000 / 5_000 + 1));
  expect(run?.results.clientErrors).toBe(0);
});
