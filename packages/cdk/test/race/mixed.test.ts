/** Executions of the workflow and real processes with the library, on one circuit of one table, at the same time. */

import { once } from 'node:events';
import { get } from 'node:http';
import { afterAll, beforeAll, expect, inject, test, vi } from 'vitest';
import { Dependency } from '../../../switchgear/test/race/dependency.ts';
import { type Commands, Process } from '../../../switchgear/test/race/process.ts';
import { type Execution, TaskError } from '../asl/interpreter.ts';
import { Bench, type Target } from '../dynamodb/bench.ts';

const SIZE = 30;
/** New processes at the same time: more of them only hinder one another. */
const START_AT_ONCE = 4;
/** Long enough that all know of the trip before it is over, short enough to wait for. */
const policy = { failureThreshold: 3, resetTimeout: 2_000, backoff: 1, jitter: 0 };

let bench: Bench;
let dependency: Dependency;
const living = new Set<Process>();
const processes: Process[] = [];
const circuit = `ledger-${crypto.randomUUID()}`;

beforeAll(async () => {
  bench = await Bench.start(Date.now);
  dependency = await Dependency.start();
  const store = { tableName: bench.tableName, region: 'eu-central-1', endpoint: inject('dynamodbEndpoint') };
  const startSome = async () => {
    while (living.size < SIZE) {
      const process = await Process.start(living.size, 0, living);
      const gear = { storeTimeout: 15_000, cacheTtl: 500 };
      await process.open({ circuit, store, gear, breaker: policy, dependency: dependency.url });
      await process.ask('warm');
      processes.push(process);
    }
  };
  await Promise.all(Array.from({ length: START_AT_ONCE }, startSome));
}, 120_000);

afterAll(async () => {
  dependency.release();
  await Promise.all([...living].map((process) => process.kill()));
  await dependency.stop();
  bench.close();
});

/** The same dependency, as a Lambda function would call it. */
const target: Target = async () => {
  const [response] = await once(get(dependency.url, { headers: { 'x-process': '-1' } }), 'response');
  await response.toArray();
  if (response.statusCode !== 200) throw new TaskError('LedgerDown', '{}');
  return 'booked';
};

function execute(): Promise<Execution> {
  return bench.run(bench.machine({ policy }), { circuit }, target, { random: Math.random });
}

const executions = () => Array.from({ length: SIZE }, execute);

function all<C extends keyof Commands>(command: C): Promise<Commands[C][]> {
  return Promise.all(processes.map((process) => process.ask(command)));
}

const soon = (check: () => void) => vi.waitFor(check, { timeout: 30_000, interval: 20 });

test('L1 L2 L7: 30 executions and 30 processes fail at once: one trip', async () => {
  dependency.status = undefined;
  const called = all('call');
  const executed = Promise.all(executions());
  await soon(() => expect(dependency.arrivals).toHaveLength(2 * SIZE));
  for (const arrival of dependency.arrivals) arrival.answer(503);
  for (const { error } of await executed) expect(error).toBe('LedgerDown');
  for (const { how } of await called) expect(how).toBe('failed');
  const looks = await all('settle');
  expect(await bench.history(circuit)).toEqual(['1 closed → open']);
  const { transition, state, evidence } = await bench.record(circuit);
  expect([state, evidence]).toEqual(['open', {}]);
  expect(transition?.failures).toBeGreaterThanOrEqual(3);
  // Whoever committed it has told once; nobody, if it was an execution.
  const told = looks.flatMap(({ changes }) => changes.filter(({ source }) => source === 'committed'));
  expect(told).toHaveLength(transition?.by.startsWith('workflow/') ? 0 : 1);
});

test('L3 L5: at the end of the open time: one call reaches the dependency until its verdict, of all 60', async () => {
  // Who reported before the trip knows of it with its next refresh: until then it may call (L2), and this test is not about that.
  for (const { state } of await all('warm')) expect(state).not.toBe('closed');
  dependency.forget();
  await all('startCalling');
  let inVain = 0;
  let goOn = () => {};
  const verdict = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  // Each tries on and on for a probe; once another has it, twice in vain is enough.
  const lanes = Array.from({ length: SIZE }, async () => {
    for (let tries = 0; ; ) {
      const taken = dependency.arrivals.length > 0;
      if ((await execute()).status === 'SUCCEEDED') return;
      if (taken && ++tries === 2) {
        inVain++;
        await verdict;
      }
    }
  });
  await soon(() => expect(dependency.arrivals).toHaveLength(1));
  // One of the lanes may be the prober itself.
  const others = dependency.arrivals[0]?.by === -1 ? SIZE - 1 : SIZE;
  await soon(() => expect(inVain).toBe(others));
  await soon(async () => {
    const looks = await all('look');
    expect(looks.filter(({ calls }) => calls.rejected > 0).length).toBeGreaterThanOrEqual(SIZE - 1);
  });
  expect(dependency.arrivals).toHaveLength(1);
  expect(await bench.history(circuit)).toEqual(['1 closed → open', '2 open → half-open']);

  dependency.status = 200;
  dependency.arrivals[0]?.answer(200);
  goOn();
  await Promise.all(lanes);
  await vi.waitFor(async () => expect((await all('look')).every(({ calls }) => calls.ok > 0)).toBe(true), {
    timeout: 30_000,
    interval: 100,
  });
  await all('stopCalling');
  expect(await bench.history(circuit)).toEqual([
    '1 closed → open',
    '2 open → half-open',
    '3 half-open → closed',
  ]);
  expect((await all('look')).flatMap(({ calls }) => calls.wrong)).toEqual([]);
});
