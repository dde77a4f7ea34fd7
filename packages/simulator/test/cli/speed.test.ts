import { expect, test } from 'vitest';
import { speed } from '../../cli/speed.ts';

/** Far less than a call would take that is kept. */
const BYTES_PER_CALL = 40;

test('the pace is told for healthy and dead dependencies, with and without the laws; memory does not grow with calls', {
  timeout: 60_000,
}, async () => {
  const lines: string[] = [];
  const paces = await speed((line) => lines.push(line), 4);
  expect(paces.map(({ fleet, detail }) => `${fleet}, ${detail}`)).toEqual([
    'healthy, in passing',
    'outage, in passing',
    'healthy, laws off',
    'outage, laws off',
    'healthy, laws judged',
    'outage, laws judged',
  ]);
  expect(lines).toHaveLength(1 + paces.length);
  for (const { calls, callsPerSecond, heapGrowth } of paces) {
    expect(calls).toBeGreaterThan(75_000);
    expect(callsPerSecond).toBeGreaterThan(0);
    expect(heapGrowth).toBeLessThan(BYTES_PER_CALL * calls);
  }
});
