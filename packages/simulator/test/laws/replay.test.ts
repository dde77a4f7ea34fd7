import { expect, test } from 'vitest';
import { Engine } from '../../src/engine/engine.ts';
import { trial } from '../../src/laws/trial.ts';

const SEEDS = Array.from({ length: 40 }, (_, i) => 10_001 + i);

async function protocolOf(seed: number, engine?: Engine): Promise<string[]> {
  const lines: string[] = [];
  await trial(seed, (line) => lines.push(line), engine);
  return lines;
}

test('a seed replays its run exactly, event by event', { timeout: 60_000 }, async () => {
  for (const seed of SEEDS.slice(0, 5)) {
    const lines = await protocolOf(seed);
    expect(lines.length).toBeGreaterThan(100);
    expect(await protocolOf(seed)).toEqual(lines);
  }
});

test('promises get their turn when they need it, and turns enough: the runs are those of a queue emptied after every event', async () => {
  for (const seed of SEEDS) {
    const engine: Engine = new Engine(async () => {
      await new Promise<void>((resolve) => setImmediate(resolve));
      engine.touch();
    });
    engine.touch();
    expect(await protocolOf(seed, engine)).toEqual(await protocolOf(seed));
  }
}, 60_000);
