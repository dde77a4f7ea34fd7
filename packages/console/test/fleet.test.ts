import { expect, it } from 'vitest';
import { Fleet } from '../src/fleet/fleet.ts';

const counts = { calls: 3, failures: 1 };

it('a page that is open for days remembers the last minutes of each circuit, and no more', () => {
  const fleet = new Fleet();
  fleet.replace([], [], [], 0);
  const startMs = fleet.sampledMs;
  for (let second = 1; second <= 5_000; second++)
    fleet.add({ atMs: startMs + second * 1_000, circuits: { payments: counts } });
  expect(fleet.points('payments')).toHaveLength(600);
  expect(fleet.points('payments').at(-1)).toMatchObject({ atMs: startMs + 5_000_000, overMs: 1_000 });
});
