/** Everything at once: slow, throttled and lost store calls, freezes, clocks that are set, outages. Seeded, so repeatable. */

import { expect, test } from 'vitest';
import { losesReply, throttles } from '../../src/testing/index.ts';
import { type Fleet, fleet, outcome, type Process, refused } from './fleet.ts';

/** mulberry32: chance that gives the same again. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

function wait(f: Fleet, ms: number): Promise<void> {
  return new Promise((resolve) => f.clock.setTimer(resolve, ms));
}

/** A network: each way takes its time, and sometimes the work is refused or its reply is lost. */
function storm(f: Fleet, random: () => number): () => void {
  const removes = f.processes.map(({ store }) =>
    store.inject('every', async (call) => {
      await wait(f, random() * 80);
      const luck = random();
      const answer = luck < 0.1 ? throttles(call) : luck < 0.2 ? losesReply(call) : call.run();
      try {
        return await answer;
      } finally {
        await wait(f, luck > 0.95 ? 900 : random() * 80);
      }
    }),
  );
  return () => {
    for (const remove of removes) remove();
  };
}

for (let seed = 1; seed <= 25; seed++)
  test(`L1 L3 L7 L8 L12 a storm, seed ${seed}`, async () => {
    const random = seeded(seed);
    const f = fleet(4, {
      push: seed % 2 === 0,
      breaker: { leaseDuration: '3s', resetTimeout: '4s', maxResetTimeout: '8s', failureThreshold: 4 },
      ...(seed % 3 === 0 && { skewsMs: [0, 60_000, -60_000, 12_345] }),
    });
    for (const process of f.processes) await f.call(process);
    const calm = storm(f, random);

    let probes = 0;
    let mostProbes = 0;
    let leaks = 0;
    const call = async (process: Process): Promise<void> => {
      const down = f.dependency.mode === 'down';
      // The state in force here as the call begins: while open nothing may run, in half-open the holder of the lease.
      const how = await outcome(
        process.breaker.execute(async () => {
          const state = process.breaker.state.state;
          const probing = state === 'half-open';
          if (state === 'open') leaks++;
          if (probing) mostProbes = Math.max(mostProbes, ++probes);
          await wait(f, random() * 400);
          if (probing) probes--;
          if (down) throw refused();
        }),
      );
      expect(how).toBeTypeOf('string');
    };

    for (let step = 0; step < 250; step++) {
      if (random() < 0.03) f.dependency.mode = f.dependency.mode === 'up' ? 'down' : 'up';
      for (const process of f.processes) if (random() < 0.5) void call(process);
      if (random() < 0.01) f.clock.jump(random() * 20_000);
      if (seed % 3 === 0 && random() < 0.01) f.process(1).clock.skewMs += (random() - 0.5) * 100_000;
      await f.advance(random() * 300);
    }
    expect(mostProbes).toBeLessThanOrEqual(1);
    expect(leaks).toBe(0);

    calm();
    f.dependency.mode = 'up';
    for (let i = 0; i < 60; i++) {
      for (const process of f.processes) void call(process);
      await f.advance(1_000);
    }
    const record = await f.record();
    expect(record.state).toBe('closed');
    for (const process of f.processes)
      expect(process.breaker.state).toMatchObject({ state: 'closed', epoch: record.epoch });

    const history = await f.history();
    expect(history.length).toBeGreaterThan(0);
    const epochs = history.map((line) => Number.parseInt(line, 10));
    expect(epochs, 'no epoch is skipped').toEqual(epochs.map((_, i) => i + 1));
    expect(f.committed()).toEqual(history);
  });
