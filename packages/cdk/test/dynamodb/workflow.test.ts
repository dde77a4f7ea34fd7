import { afterAll, beforeAll, expect, test } from 'vitest';
import { Bench, fails, works } from './bench.ts';

let bench: Bench;
beforeAll(async () => {
  bench = await Bench.start();
});
afterAll(() => bench.close());

test('first', async () => {
  const m = bench.machine();
  const circuit = 'a';
  console.log(await bench.run(m, { circuit, payload: 1 }, works));
  for (let i = 0; i < 4; i++) console.log(await bench.run(m, { circuit, payload: 1 }, fails));
  console.log(await bench.record(circuit), await bench.item(circuit));
  console.log(await bench.run(m, { circuit, payload: 1 }, works));
  bench.aheadMs += 12_000;
  console.log(await bench.run(m, { circuit, payload: 1 }, works));
  console.log(await bench.record(circuit), await bench.history(circuit), await bench.store.list());
});
