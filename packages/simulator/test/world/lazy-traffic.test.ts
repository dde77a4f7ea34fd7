import type { BreakerOptions } from 'switchgear';
import { describe, expect, test } from 'vitest';
import { Engine } from '../../src/engine/engine.ts';
import { Random } from '../../src/engine/random.ts';
import { DYNAMODB, ModelledStore, REDIS, SwitchgearStrategy, scenarioOf, World } from '../../src/index.ts';
import { protocol } from '../../src/laws/protocol.ts';
import type { Asks } from '../../src/strategies/switchgear.ts';
import type { Scenario } from '../../src/world/world.ts';

const POLICY = { maxConcurrent: false, timeout: 2_000, resetTimeout: 3_000 } as const;

interface Run {
  /** What the processes and the store told each other, to the millisecond and the last count. */
  readonly lines: readonly string[];
  readonly calls: number;
  readonly events: number;
}

async function run(
  scenario: Scenario,
  policy: BreakerOptions,
  {
    seed,
    asks,
    store: kind,
  }: { readonly seed: number; readonly asks: Asks; readonly store: 'dynamodb' | 'redis' },
): Promise<Run> {
  const engine = new Engine();
  const random = new Random(seed);
  const store = new ModelledStore(engine, kind === 'redis' ? REDIS : DYNAMODB, random.fork('store'));
  // Now and then the store is away, for all or for some.
  store.troubles = (process) =>
    Math.floor(engine.elapsedMs / 7_000 + process.index / 3) % 9 === 0
      ? { kind: 'lost', delayMs: 0 }
      : undefined;
  const lines: string[] = [];
  const { sent, wrote, told, failed, changed } = protocol(engine, (line) => lines.push(line));
  const strategy = new SwitchgearStrategy(store, policy, {}, asks);
  store.watcher = { sent, wrote, told, failed, asked: () => {} } as typeof store.watcher;
  strategy.changed = changed;
  const world = new World(engine, random, scenario, strategy);
  await engine.advance(150_000);
  return { lines, calls: world.ledger.sum('offered'), events: engine.events };
}

describe('fewer events, the same protocol: every request, answer, count and change of state', () => {
  const shape = { processes: 12, rps: 150, outageMs: 40_000, recoveryMs: 0, timeoutMs: 2_000 };
  const cases: readonly (readonly [string, Scenario, BreakerOptions])[] = [
    ['an outage', scenarioOf({ ...shape, trouble: 'outage' }).scenario, {}],
    [
      'stray errors',
      scenarioOf({ ...shape, trouble: 'outage', strayFailures: 0.02 }).scenario,
      { failureRatio: 0 },
    ],
    ['a brown-out', scenarioOf({ ...shape, trouble: 'brown-out' }).scenario, { rampDuration: 5_000 }],
    ['hanging calls', scenarioOf({ ...shape, trouble: 'hanging' }).scenario, { consecutiveFailures: 3 }],
    [
      'a sick process',
      scenarioOf({ ...shape, trouble: 'sick-process', strayFailures: 0.01 }).scenario,
      { quorum: 2 },
    ],
  ];
  for (const [name, scenario, policy] of cases)
    test(name, { timeout: 60_000 }, async () => {
      for (const [store, seed] of [
        ['dynamodb', 1],
        ['redis', 2],
      ] as const) {
        const settings = { ...POLICY, ...policy };
        const full = await run(scenario, settings, { seed, asks: 'acquire', store });
        const lean = await run(scenario, settings, { seed, asks: 'decide', store });
        const lazy = await run({ ...scenario, lazy: true }, settings, { seed, asks: 'decide', store });
        expect(full.lines.length).toBeGreaterThan(500);
        expect(lean.lines).toEqual(full.lines);
        expect(lazy.lines).toEqual(full.lines);
        expect(lazy.calls).toBe(full.calls);
        expect(lazy.events).toBeLessThan(full.events);
      }
    });
});
