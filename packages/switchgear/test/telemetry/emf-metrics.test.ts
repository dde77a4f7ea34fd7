/** CloudWatch metrics: lines as the embedded metric format has them, one per invocation at most. */

import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { MemoryStore, Switchgear } from '../../src/index.ts';
import { type EmfOptions, emfMetrics } from '../../src/telemetry/index.ts';
import { FakeClock } from '../../src/testing/index.ts';

const refused = () => Promise.reject(Object.assign(new Error('no route'), { code: 'ECONNREFUSED' }));
const quiet = () => {};

beforeEach(() => vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] }));
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

type Line = Record<string, unknown> & {
  _aws: {
    Timestamp: number;
    CloudWatchMetrics: {
      Namespace: string;
      Dimensions: string[][];
      Metrics: { Name: string; Unit: string }[];
    }[];
  };
};

function rig(options: EmfOptions = {}) {
  const clock = new FakeClock();
  const gear = new Switchgear({ store: new MemoryStore({ clock }), clock, random: () => 0 });
  const texts: string[] = [];
  const metrics = emfMetrics(gear, {
    clock,
    service: 'orders',
    write: (line) => texts.push(line),
    ...options,
  });
  const lines = () => texts.splice(0).map((text) => JSON.parse(text) as Line);
  return { clock, gear, metrics, lines, texts };
}

/** What the specification asks of a document: what is referred to exists, units are known, nothing but numbers is measured. */
function expectSound(line: Line): void {
  expect(Number.isInteger(line._aws.Timestamp)).toBe(true);
  expect(line._aws.CloudWatchMetrics).toHaveLength(1);
  for (const { Namespace, Dimensions, Metrics } of line._aws.CloudWatchMetrics) {
    expect(Namespace).toMatch(/^[\w./#:-]{1,255}$/);
    expect(Dimensions.flat().length).toBeLessThanOrEqual(30);
    for (const dimension of Dimensions.flat()) expect(line[dimension]).toMatch(/^.{1,1024}$/);
    expect(Metrics.length).toBeLessThanOrEqual(100);
    for (const { Name, Unit } of Metrics) {
      expect(['Count', 'None']).toContain(Unit);
      expect(Number.isFinite(line[Name])).toBe(true);
    }
  }
}

test('a writer that throws ends no process, and what it did not take is told again', () => {
  const said = vi.spyOn(console, 'error').mockImplementation(quiet);
  let broken = true;
  const told: string[] = [];
  const { gear, metrics } = rig({
    interval: '1m',
    write(line) {
      if (broken) throw new Error('EPIPE');
      told.push(line);
    },
  });
  gear.breaker('payments');
  gear.breaker('geo');
  vi.advanceTimersByTime(60_000);
  expect(said).toHaveBeenCalledTimes(1);
  broken = false;
  metrics.stop();
  expect(told).toHaveLength(2);
});

test('a writer that fails later ends no process, and is told nothing twice', async () => {
  const said = vi.spyOn(console, 'error').mockImplementation(quiet);
  const told: string[] = [];
  const { gear, metrics } = rig({
    write: async (line) => Promise.reject(new Error(told.push(line).toString())),
  });
  gear.breaker('payments');
  metrics.flush();
  metrics.stop();
  await Promise.resolve().then().then();
  expect([told.length, said.mock.calls.length]).toEqual([1, 1]);
});

const ZEROS = {
  Success: 0,
  Slow: 0,
  Failure: 0,
  Ignored: 0,
  Rejected: 0,
  BulkheadFull: 0,
  Trips: 0,
  HalfOpens: 0,
  Open: 0,
};

test('a document as the specification has it, with every metric at zero before the first call', () => {
  const { gear, metrics, lines, texts, clock } = rig();
  gear.breaker('payments');
  metrics.flush();
  expect(texts).toHaveLength(1);
  expect(texts[0]).not.toContain('\n');
  const [line] = lines();
  expectSound(line as Line);
  expect(line).toEqual({
    _aws: {
      Timestamp: clock.now(),
      CloudWatchMetrics: [
        {
          Namespace: 'Switchgear',
          Dimensions: [['service', 'circuit']],
          Metrics: Object.keys(ZEROS).map((Name) => ({ Name, Unit: Name === 'Open' ? 'None' : 'Count' })),
        },
      ],
    },
    service: 'orders',
    circuit: 'payments',
    ...ZEROS,
  });
});

test('each line has what happened since the one before; an invocation without a call writes none', async () => {
  const { gear, metrics, lines, clock } = rig();
  const payments = gear.breaker('payments', { failureThreshold: 2, slowCallDuration: 100, slowCallRatio: 1 });
  for (let i = 0; i < 3; i++) await payments.execute(quiet);
  await payments.execute(() => clock.jump(100));
  metrics.flush();
  metrics.flush();
  for (let i = 0; i < 2; i++) await payments.execute(refused).catch(quiet);
  await gear.flush();
  for (let i = 0; i < 7; i++) await payments.execute(quiet).catch(quiet);
  metrics.flush();
  metrics.flush();
  await clock.advance(12_000);
  await payments.execute(quiet);
  await gear.flush();
  metrics.flush();
  const told = lines();
  told.forEach(expectSound);
  expect(told).toMatchObject([
    { ...ZEROS, Success: 3, Slow: 1 },
    { ...ZEROS, Failure: 2, Rejected: 7, Trips: 1, Open: 1 },
    { ...ZEROS, Success: 1, HalfOpens: 1 },
  ]);
});

test('one line per invocation at most: circuits take turns, and nothing is lost', async () => {
  const { gear, metrics, lines } = rig();
  const circuits = ['a', 'b', 'c'].map((name) => gear.breaker(name));
  const told: Line[] = [];
  for (let invocation = 0; invocation < 9; invocation++) {
    for (const circuit of circuits) await circuit.execute(quiet);
    metrics.flush();
    const now = lines();
    expect(now).toHaveLength(1);
    told.push(...now);
  }
  expect(told.map(({ circuit }) => circuit)).toEqual(['a', 'b', 'c', 'a', 'b', 'c', 'a', 'b', 'c']);
  metrics.stop();
  told.push(...lines());
  for (const name of ['a', 'b', 'c']) {
    const successes = told.filter(({ circuit }) => circuit === name).map(({ Success }) => Number(Success));
    expect(successes.reduce((sum, one) => sum + one)).toBe(9);
  }
});

test('only the process that committed a trip counts it: the sum over the fleet is right', async () => {
  const clock = new FakeClock();
  const store = new MemoryStore({ clock });
  const processes = ['a', 'b'].map((processId) => {
    const gear = new Switchgear({ store, clock, processId, random: () => 0 });
    const texts: string[] = [];
    const metrics = emfMetrics(gear, { clock, write: (line) => texts.push(line), interval: false });
    return { breaker: gear.breaker('payments', { failureThreshold: 1 }), gear, metrics, texts };
  });
  const [a, b] = processes;
  await b?.breaker.execute(quiet);
  await a?.breaker.execute(refused).catch(quiet);
  await clock.advance(1);
  for (const { metrics } of processes) metrics.stop();
  expect(processes.flatMap(({ texts }) => texts.map((text) => JSON.parse(text)))).toMatchObject([
    { Trips: 1, Open: 1, Failure: 1 },
    { Trips: 0, Open: 1, Success: 1 },
  ]);
});

test('outside Lambda all circuits are told by the interval, with or without news; after `stop` no more', async () => {
  const { gear, metrics, lines } = rig();
  await gear.breaker('a').execute(quiet);
  gear.breaker('b');
  vi.advanceTimersByTime(60_000);
  expect(lines()).toMatchObject([
    { circuit: 'a', Success: 1 },
    { circuit: 'b', ...ZEROS },
  ]);
  vi.advanceTimersByTime(60_000);
  expect(lines()).toMatchObject([
    { circuit: 'a', ...ZEROS },
    { circuit: 'b', ...ZEROS },
  ]);
  await gear.breaker('b').execute(quiet);
  metrics.stop();
  expect(lines()).toMatchObject([{ circuit: 'b', Success: 1 }]);
  await gear.breaker('b').execute(quiet);
  vi.advanceTimersByTime(600_000);
  expect(lines()).toEqual([]);
});

test('in Lambda nothing is timed, the function is the service, and lines go past `console`', async () => {
  vi.stubEnv('AWS_LAMBDA_FUNCTION_NAME', 'orders-prod');
  const clock = new FakeClock();
  const gear = new Switchgear({ store: new MemoryStore({ clock }), clock });
  const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  const metrics = emfMetrics(gear);
  gear.breaker('payments');
  vi.advanceTimersByTime(600_000);
  expect(write).not.toHaveBeenCalled();
  metrics.flush();
  expect(write).toHaveBeenCalledOnce();
  const [text] = write.mock.calls[0] as [string];
  write.mockRestore();
  expect(text.endsWith('}\n')).toBe(true);
  expect(JSON.parse(text)).toMatchObject({ service: 'orders-prod', circuit: 'payments' });
});

test('wrong options are refused, all at once', () => {
  expect(() => rig({ interval: 10, namespace: '' })).toThrow(
    /^(?=.*emfMetrics: namespace)(?=.*emfMetrics: interval)/s,
  );
});
