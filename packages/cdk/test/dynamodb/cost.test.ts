/** What an execution costs, counted, and that docs/aws.md says so. */

import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Bench, fails, type Target, works } from './bench.ts';

/** Dollars per million: what Step Functions and DynamoDB list for us-east-1 on demand. Check them before you rely on them. */
const PRICES = { request: 1, readUnit: 0.125, writeUnit: 0.625 };

let bench: Bench;
beforeAll(async () => {
  bench = await Bench.start();
});
afterAll(() => bench.close());

interface Path {
  readonly what: string;
  readonly target: Target;
  /** What the record says. */
  readonly item: () => Parameters<Bench['put']>[1];
}

const transition = { from: 'open', to: 'closed', atMs: 1, reason: 'recovered', by: 'x' };
const closed = (failures: number) => {
  const slot = Math.floor(bench.now() / 6_000);
  const counted = failures ? { [`c${slot}`]: failures, [`f${slot}`]: failures } : {};
  return { state: 'closed', rampMs: 0, rampFrom: 1, transition, ...counted };
};

const PATHS: readonly Path[] = [
  { what: 'call that works', target: works, item: () => closed(0) },
  {
    what: 'rejected',
    target: works,
    item: () => ({ state: 'open', openUntilMs: bench.now() + 60_000, transition }),
  },
  { what: 'call that fails', target: fails, item: () => closed(0) },
  { what: 'call that fails and trips the circuit', target: fails, item: () => closed(2) },
  {
    what: 'probe that works and closes it',
    target: works,
    item: () => ({ state: 'open', openUntilMs: 1, transition }),
  },
  {
    what: 'probe that fails and re-opens it',
    target: fails,
    item: () => ({ state: 'open', openUntilMs: 1, transition }),
  },
];

async function row({ what, target, item }: Path): Promise<string> {
  const circuit = `cost-${crypto.randomUUID()}`;
  await bench.put(circuit, item());
  const asked: string[] = [];
  const { path } = await bench.run(bench.machine(), { circuit }, target, {
    before: (state) => void asked.push(state),
  });
  const reads = asked.filter((state) => state.startsWith('Read')).length;
  const writes = asked.length - reads;
  const { request, readUnit, writeUnit } = PRICES;
  // A read that may be a moment old takes half a unit; a record stays below 1 KB, so that a write takes one.
  const dollars = request + (reads / 2) * readUnit + writes * writeUnit;
  return `| ${what} | ${path.length} | ${reads} | ${writes} | ${dollars.toFixed(2)} |`;
}

test('the table of costs', async () => {
  const rows = await Promise.all(PATHS.map(row));
  const page = readFileSync(new URL('../../../../docs/aws.md', import.meta.url), 'utf8');
  expect(page, rows.join('\n')).toContain(rows.join('\n'));
});
