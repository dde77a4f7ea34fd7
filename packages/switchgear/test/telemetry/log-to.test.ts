/** Log lines through the real loggers, and few of them. */

import { Writable } from 'node:stream';
import { Logger as PowertoolsLogger } from '@aws-lambda-powertools/logger';
import { pino } from 'pino';
import { afterEach, expect, test, vi } from 'vitest';
import { MemoryStore, type Store, Switchgear } from '../../src/index.ts';
import { type LogEntry, type Logger, logTo } from '../../src/telemetry/index.ts';
import { FakeClock, FaultyStore } from '../../src/testing/index.ts';

const refused = () => Promise.reject(Object.assign(new Error('no route'), { code: 'ECONNREFUSED' }));
const quiet = () => {};

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

function rig(store: (clock: FakeClock) => Store = (clock) => new MemoryStore({ clock })) {
  const clock = new FakeClock();
  const gear = new Switchgear({ store: store(clock), clock, random: () => 0, processId: 'p1' });
  const payments = gear.breaker('payments', { failureThreshold: 1, resetTimeout: '10s' });
  return { clock, gear, payments };
}

/** A logger that keeps its lines. */
function kept(): Logger & { lines: (LogEntry & { level: string })[] } {
  const lines: (LogEntry & { level: string })[] = [];
  const keep = (level: string) => (entry: LogEntry) => void lines.push({ level, ...entry });
  return { lines, info: keep('info'), warn: keep('warn'), error: keep('error') };
}

/** What `run` has a stream of the process write, parsed line by line. */
async function written(run: () => Promise<void>): Promise<Record<string, unknown>[]> {
  const texts: string[] = [];
  const write = (text: unknown) => texts.push(String(text)) > 0;
  const stdout = vi.spyOn(process.stdout, 'write').mockImplementation(write);
  const stderr = vi.spyOn(process.stderr, 'write').mockImplementation(write);
  await run();
  stdout.mockRestore();
  stderr.mockRestore();
  return parsed(texts.join(''));
}

const parsed = (text: string) =>
  text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Record<string, unknown>);

async function tripAndReject(logger: Logger): Promise<void> {
  const { gear, payments } = rig();
  gear.correlateBy(() => 'order-7');
  const stop = logTo(gear, logger);
  await payments.execute(refused).catch(quiet);
  await gear.flush();
  await payments.execute(quiet).catch(quiet);
  stop();
}

/** What both lines say, whatever the logger adds. */
const TRIPPED = {
  event: 'circuit-changed',
  circuit: 'payments',
  from: 'closed',
  to: 'open',
  reason: 'failures',
  source: 'committed',
  by: 'p1',
  epoch: 1,
  calls: 1,
  failures: 1,
  lastFailure: 'ECONNREFUSED',
  correlationId: 'order-7',
};
const REJECTED = {
  event: 'calls-rejected',
  circuit: 'payments',
  rejected: 1,
  state: 'open',
  retryAfterMs: 10_000,
  correlationId: 'order-7',
};
const TRIPPED_MESSAGE = 'circuit "payments": closed to open (failures, 1 of 1 calls failed, ECONNREFUSED)';

test('Powertools Logger: one JSON line each, its own keys beside ours', async () => {
  vi.stubEnv('POWERTOOLS_DEV', 'true');
  const said: string[] = [];
  for (const method of ['info', 'warn', 'error'] as const)
    vi.spyOn(console, method).mockImplementation((line) => void said.push(line));
  await tripAndReject(new PowertoolsLogger({ serviceName: 'orders' }));
  const [tripped, rejected, ...more] = parsed(
    said.join('\n').replaceAll('\n    ', ' ').replaceAll('\n}', '}'),
  );
  expect(tripped).toMatchObject({ ...TRIPPED, level: 'WARN', service: 'orders', message: TRIPPED_MESSAGE });
  expect(rejected).toMatchObject({
    ...REJECTED,
    level: 'WARN',
    message: 'circuit "payments" rejected a call',
  });
  expect(more).toEqual([]);
});

test('pino: one JSON line each; with `messageKey` the sentence is its message', async () => {
  let text = '';
  const stream = new Writable({
    write(chunk, _, done) {
      text += chunk;
      done();
    },
  });
  await tripAndReject(pino({ messageKey: 'message' }, stream));
  const [tripped, rejected, ...more] = parsed(text);
  expect(tripped).toMatchObject({ ...TRIPPED, level: 40, message: TRIPPED_MESSAGE });
  expect(rejected).toMatchObject({ ...REJECTED, level: 40 });
  expect(more).toEqual([]);
});

test('console: one JSON line each, not an object over several lines', async () => {
  const { Console } = await import('node:console');
  const plain = new Console(process.stdout, process.stderr);
  for (const method of ['info', 'warn', 'error'] as const)
    vi.spyOn(console, method).mockImplementation((...words) => plain[method](...words));
  const [tripped, rejected, ...more] = await written(() => tripAndReject(console));
  expect(tripped).toMatchObject({ ...TRIPPED, level: 'WARN', message: TRIPPED_MESSAGE });
  expect(rejected).toMatchObject({ ...REJECTED, level: 'WARN' });
  expect(more).toEqual([]);
});

test('console in Lambda with its JSON format: the object, which Lambda makes a line of', async () => {
  vi.stubEnv('AWS_LAMBDA_LOG_FORMAT', 'JSON');
  const warn = vi.spyOn(console, 'warn').mockImplementation(quiet);
  await tripAndReject(console);
  expect(warn.mock.calls).toEqual([[expect.objectContaining(TRIPPED)], [expect.objectContaining(REJECTED)]]);
});

test('a storm of rejections is a line per circuit and interval, and the numbers add up', async () => {
  const { gear, payments, clock } = rig();
  const geo = gear.breaker('geo', { failureThreshold: 1, resetTimeout: '10m', maxResetTimeout: '10m' });
  const logger = kept();
  const stop = logTo(gear, logger, { clock, every: '30s' });
  await Promise.all([payments.execute(refused).catch(quiet), geo.execute(refused).catch(quiet)]);
  await clock.advance(1);
  expect(logger.lines.splice(0).map(({ event }) => event)).toEqual(['circuit-changed', 'circuit-changed']);

  for (let second = 0; second < 60; second++) {
    for (let i = 0; i < 50; i++) await geo.execute(quiet).catch(quiet);
    await clock.advance(1_000);
  }
  expect(logger.lines.splice(0)).toMatchObject([
    { level: 'warn', event: 'calls-rejected', circuit: 'geo', rejected: 1 },
    { level: 'warn', event: 'calls-rejected', circuit: 'geo', rejected: 1_500 },
  ]);
  for (let i = 0; i < 9; i++) await payments.execute(() => 'well').catch(quiet);
  await clock.advance(1);
  // The end of the outage says how many it cost beyond what was told: here none, the next call was the probe.
  expect(logger.lines.map(({ message }) => message)).toEqual([
    'circuit "payments": open to half-open (probe-started)',
    'circuit "payments": half-open to closed (recovered)',
  ]);
  logger.lines.length = 0;
  stop();
  expect(logger.lines).toMatchObject([{ circuit: 'geo', rejected: 1_499 }]);
  await geo.execute(quiet).catch(quiet);
  stop();
  expect(logger.lines).toHaveLength(1);
});

test('the line of a change says how many calls were rejected since the last line', async () => {
  const { gear, payments, clock } = rig();
  const logger = kept();
  logTo(gear, logger, { clock });
  await payments.execute(refused).catch(quiet);
  for (let i = 0; i < 5; i++) await payments.execute(quiet).catch(quiet);
  await clock.advance(12_000);
  await payments.execute(quiet);
  await clock.advance(1);
  expect(logger.lines.map(({ level, event }) => `${level} ${event}`)).toEqual([
    'warn circuit-changed',
    'warn calls-rejected',
    'info circuit-changed',
    'info circuit-changed',
  ]);
  expect(logger.lines[2]).toMatchObject({ to: 'half-open', rejected: 4 });
  expect(logger.lines[3]).not.toHaveProperty('rejected');
});

test('a change that another process made is worth an `info`', async () => {
  const clock = new FakeClock();
  const store = new MemoryStore({ clock });
  const gears = ['a', 'b'].map((processId) => new Switchgear({ store, clock, processId, random: () => 0 }));
  const [a, b] = gears.map((gear) => {
    const logger = kept();
    logTo(gear, logger, { clock });
    return { breaker: gear.breaker('payments', { failureThreshold: 1 }), logger };
  });
  await b?.breaker.execute(quiet);
  await a?.breaker.execute(refused).catch(quiet);
  await clock.advance(1);
  expect(a?.logger.lines).toMatchObject([{ level: 'warn', source: 'committed' }]);
  expect(b?.logger.lines).toMatchObject([{ level: 'info', source: 'learnt', by: 'a' }]);
});

test('a store that fails is a line per kind and interval, in place of the one on `console.error`', async () => {
  const { gear, payments, clock } = rig((clock) => {
    const store = new FaultyStore(new MemoryStore({ clock }));
    store.inject('every', () => Promise.reject(new Error('no table')));
    return store;
  });
  const error = vi.spyOn(console, 'error');
  const logger = kept();
  const stop = logTo(gear, logger, { clock, every: '30s' });
  for (let second = 0; second < 40; second++) {
    await payments.execute(quiet);
    await clock.advance(1_000);
  }
  const failures = logger.lines.filter(({ event }) => event === 'store-failed');
  expect(failures).toHaveLength(2);
  expect(failures[0]).toMatchObject({ level: 'error', verb: 'load', error: 'no table', failures: 1 });
  expect(error).not.toHaveBeenCalled();
  stop();
});

test('a store that words each failure differently is no storm either', async () => {
  let requests = 0;
  const { gear, payments, clock } = rig((clock) => {
    const store = new FaultyStore(new MemoryStore({ clock }));
    store.inject('every', () => Promise.reject(new Error(`request ${++requests} failed`)));
    return store;
  });
  const logger = kept();
  logTo(gear, logger, { clock, every: '30s' });
  for (let second = 0; second < 40; second++) {
    await payments.execute(quiet);
    await clock.advance(1_000);
  }
  expect(requests).toBeGreaterThan(2);
  expect(logger.lines.filter(({ event }) => event === 'store-failed')).toHaveLength(2);
});

test('a correlationId that throws costs the line its id alone', async () => {
  const said = vi.spyOn(console, 'error').mockImplementation(quiet);
  const { gear, payments } = rig();
  const logger = kept();
  gear.correlateBy(() => {
    throw new Error('no request here');
  });
  logTo(gear, logger);
  await payments.execute(refused).catch(quiet);
  await gear.flush();
  expect(logger.lines).toMatchObject([{ event: 'circuit-changed', to: 'open' }]);
  expect(logger.lines[0]).not.toHaveProperty('correlationId');
  expect(said).not.toHaveBeenCalled();
});

test.each([
  [
    'throws',
    () => {
      throw new Error('EPIPE');
    },
  ],
  ['rejects', () => Promise.reject(new Error('EPIPE'))],
])('a logger that %s ends neither the process nor whoever stops it', async (_, fails) => {
  const said = vi.spyOn(console, 'error').mockImplementation(quiet);
  const { gear, payments } = rig();
  const stop = logTo(gear, { info: fails, warn: fails, error: fails });
  await payments.execute(refused).catch(quiet);
  await gear.flush();
  for (let i = 0; i < 3; i++) await payments.execute(quiet).catch(quiet);
  stop();
  await new Promise((resolve) => setImmediate(resolve));
  // The change, the first rejection, and the others with the end.
  expect(said).toHaveBeenCalledTimes(3);
  expect(said).toHaveBeenLastCalledWith('switchgear: the logger threw', expect.stringMatching(/EPIPE/));
});

test('wrong options are refused, all at once', () => {
  const { gear } = rig();
  expect(() => logTo(gear, kept(), { every: 'soon', Every: '1s' } as never)).toThrow(
    /logTo: Every.*did you mean every.*\n.*logTo: every/,
  );
});
