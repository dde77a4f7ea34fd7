import { ConfigurationError } from 'switchgear';
import { expect, test } from 'vitest';
import { CONTENDERS, type Progress, type Simulation, simulate } from '../src/index.ts';

const QUESTION: Simulation = {
  shape: { processes: 5, rps: 50, trouble: 'outage', outageMs: 10_000, recoveryMs: 0, timeoutMs: 1_000 },
  strategies: ['consecutive', 'dynamodb'],
  policy: { failureRatio: 0, resetTimeout: '5s' },
  seed: 7,
};

test('a policy beside breakers per process: figures and a timeline each, the same ones again from the same seed', async () => {
  const runs = await simulate(QUESTION);
  expect(runs.map(({ strategy }) => strategy)).toEqual([
    'per process, consecutive',
    'switchgear on dynamodb',
  ]);
  const [local, shared] = runs;
  expect(shared?.results.reachedDead).toBeLessThan(local?.results.reachedDead ?? 0);
  expect(shared?.timeline.seconds).toHaveLength(130);
  expect(shared?.timeline.processes).toHaveLength(5);
  expect(await simulate(QUESTION)).toEqual(runs);
});

test('progress rises from 0 to 1 over all strategies', async () => {
  const heard: Progress[] = [];
  await simulate(QUESTION, { onProgress: (progress) => heard.push(progress) });
  const shares = heard.map(({ share }) => share);
  expect(shares).toEqual([...shares].sort((a, b) => a - b));
  expect(shares.at(-1)).toBe(1);
  expect(new Set(heard.map(({ strategy }) => strategy)).size).toBe(2);
});

test('an abort ends a long simulation: messages get through while it works', async () => {
  const day: Simulation = { ...QUESTION, shape: { ...QUESTION.shape, rps: 1_000, outageMs: 86_400_000 } };
  const controller = new AbortController();
  const working = simulate(day, { signal: controller.signal });
  // As a message to a worker arrives: not before the work pauses.
  setTimeout(() => controller.abort(new Error('no longer of interest')));
  await expect(working).rejects.toThrow('no longer of interest');
  await expect(simulate(day, { signal: AbortSignal.abort(new Error('at once')) })).rejects.toThrow('at once');
});

test('nonsense is refused before anything runs: every problem in one error, each with what is allowed', async () => {
  const nonsense = {
    shape: {
      processes: 0,
      rps: Number.NaN,
      trouble: 'rain',
      outageMs: -1,
      recoveryMs: 5,
      timeoutMs: 0.5,
      strayFailures: 1,
    },
    strategies: ['hope'],
    policy: { failureTreshold: 3 },
    seed: 1.5,
  } as unknown as Simulation;
  const error = await simulate(nonsense).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ConfigurationError);
  const { problems } = error as ConfigurationError;
  for (const what of [
    'processes',
    'rps',
    'trouble',
    'outageMs',
    'recoveryMs',
    'timeoutMs',
    'strayFailures',
    'hope',
    'seed',
    'failureTreshold',
  ])
    expect(problems.filter((problem) => problem.includes(what))).toHaveLength(1);
  await expect(simulate({ ...QUESTION, strategies: [] })).rejects.toThrow(Object.keys(CONTENDERS).join(', '));
});
