import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CONTENDERS, PRESETS, simulate, TROUBLES } from '@switchgear/simulator';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { page } from '../../cli/report.ts';
import { runSimulate } from '../../cli/simulate.ts';
import { simulateOptions } from '../../cli/simulate-options.ts';
import { table } from '../../cli/table.ts';
import { UsageError } from '../../cli/usage-error.ts';

const COMMAND = 'npm run simulate --';
const drawn = () => 42;

afterEach(() => {
  vi.restoreAllMocks();
});

/** What a command writes, and its exit code. */
async function typed(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const [out, err] = [process.stdout, process.stderr].map((stream) =>
    vi.spyOn(stream, 'write').mockReturnValue(true),
  );
  const code = await runSimulate(args, 'switchgear simulate');
  const text = (spy: typeof out) => spy?.mock.calls.map(([chunk]) => String(chunk)).join('') ?? '';
  const written = { code, out: text(out), err: text(err) };
  vi.restoreAllMocks();
  return written;
}

/** Simulates what a command line says. */
function runsOf(...args: string[]) {
  const { shape, strategies, settings, seed } = simulateOptions(args, COMMAND, drawn);
  return simulate({ shape, strategies, ...settings, seed });
}

function problemsOf(...args: string[]): string[] {
  try {
    simulateOptions(args, COMMAND, drawn);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return error.message.split('\n').filter((line) => line.startsWith('  - '));
  }
  return [];
}

describe('the command line', () => {
  test('nothing given: a preset, all strategies, and a drawn seed that the command repeats', () => {
    const options = simulateOptions([], COMMAND, drawn);
    expect(options).toMatchObject({ preset: 'pods-50', seed: 42, command: 'npm run simulate -- --seed 42' });
    expect(options.strategies).toEqual(Object.keys(CONTENDERS));
    expect(simulateOptions(options.command.split(' ').slice(4), COMMAND, () => 0).seed).toBe(42);
  });

  test('every problem in one error, each with what is allowed', () => {
    const problems = problemsOf(
      '--preset=nope',
      '--rps=x',
      '--processes=0',
      '--outage=5',
      '--errors=100%',
      '--traffic=odd',
      '--trouble=none',
      '--strategy=foo',
      '--seed=-1',
      '--policy=failureTreshold=3,resetTimeout=99d,quorum=2.5,timeout',
    );
    expect(problems).toHaveLength(13);
    for (const problem of problems) expect(problem).toContain('allowed: ');
    expect(problems.join('\n')).not.toContain('SWITCHGEAR_');
  });

  test('what single values do not tell is refused, too', () => {
    expect(problemsOf('--policy', 'timeout=5s,leaseDuration=1s')).toEqual([
      '  - --policy: leaseDuration is 1000; allowed: at least timeout, 5000',
    ]);
    expect(problemsOf('--preset', 'lambda-10', '--processes', '5')).toHaveLength(1);
    expect(problemsOf('--preset', 'sick-pod-200', '--recovery', '10s')).toHaveLength(1);
    expect(problemsOf('--bogus')).toHaveLength(1);
  });

  test('help on stdout; nonsense on stderr, with the exit code of a usage error', async () => {
    const help = await typed('--seed=x', '--help');
    expect(help).toMatchObject({ code: 0, err: '' });
    expect(help.out).toMatch(/^switchgear simulate \[options\]/);
    for (const option of ['--preset', '--trouble', '--policy', '--report'])
      expect(help.out).toContain(option);
    const nonsense = await typed('--seed=x');
    expect(nonsense).toMatchObject({ code: 2, out: '' });
    expect(nonsense.err).toContain("--seed is 'x'");
  });

  test('results as JSON, with the line that repeats them', async () => {
    const { code, out } = await typed('--rps=20', '--outage=1s', '--strategy=none', '--json', '--seed=9');
    const { command, seed, runs } = JSON.parse(out);
    expect({ code, command, seed }).toEqual({
      code: 0,
      command: 'switchgear simulate --rps=20 --outage=1s --strategy=none --json --seed=9',
      seed: 9,
    });
    expect(runs[0].results.offered).toBeGreaterThan(0);
  });

  test('a sweep: every combination as a table, as JSON and as a page that draws it', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'switchgear-')), 'sweep.html');
    const args = ['--rps=50', '--processes=5', '--outage=5s', '--seed=1', '--policy=failureRatio=0'];
    const axes = ['--sweep', 'failureThreshold=2,200', '--sweep=resetTimeout=5s,20s'];
    const { code, out } = await typed(...args, ...axes, '--json', '--report', file);
    expect(code).toBe(0);
    const { points } = JSON.parse(out);
    expect(points.map(({ values }: { values: object }) => Object.values(values).join(' '))).toEqual([
      '2 5s',
      '2 20s',
      '200 5s',
      '200 20s',
    ]);
    const [eager, , lazy] = points;
    // What a low threshold saves, it costs in false trips.
    expect(eager.results.reachedDead).toBeLessThan(lazy.results.reachedDead);
    expect(eager.results.refusedBefore).toBeGreaterThan(lazy.results.refusedBefore);
    const html = readFileSync(file, 'utf8');
    expect(html.match(/<circle/g)).toHaveLength(8);
    expect(html).not.toMatch(/<script|https?:|NaN|undefined|Infinity/);
    const table = await typed(...args, '--sweep=failureThreshold=2,200');
    expect(table.out.match(/^(2|200) +dynamodb/gm)).toHaveLength(2);
  });

  test('a sweep that makes no sense', () => {
    for (const sweep of [
      'failureThreshold',
      'failureThreshold=3',
      'failureThreshold=2,2',
      'failureThreshold=2,,3',
      'nope=1,2',
      'failureThreshold=0,1',
    ])
      expect(problemsOf('--sweep', sweep)).toHaveLength(1);
    expect(problemsOf('--sweep=quorum=1,2', '--sweep=quorum=1,3')).toHaveLength(1);
    expect(problemsOf('--sweep=quorum=1,2', '--sweep=minCalls=1,3', '--sweep=jitter=0,1')).toHaveLength(1);
  });

  test.each(Object.keys(TROUBLES))('every strategy meets %s', async (trouble) => {
    const runs = await runsOf('--rps=60', '--processes=9', '--outage=20s', '--trouble', trouble);
    const [open] = runs;
    expect(runs).toHaveLength(Object.keys(CONTENDERS).length);
    expect(open?.results.clientErrors).toBeGreaterThan(0);
    for (const { results } of runs) expect(results.offered).toBe(open?.results.offered);
  });

  test.each(Object.keys(PRESETS))('the preset %s stands alone', (preset) => {
    expect(problemsOf('--preset', preset)).toEqual([]);
  });
});

test('table and page: every strategy, seed and command; the page needs nothing but itself', async () => {
  const args = ['--rps=40', '--processes=130', '--outage=5s', '--strategy=dynamodb'];
  const options = simulateOptions(args, COMMAND, drawn);
  const seconds = 125;
  const runs = await runsOf(...args);
  const [run] = runs;
  // As many seconds as were simulated; of many processes every other one.
  expect(run?.timeline.seconds).toHaveLength(seconds);
  expect(run?.timeline.processes.map(({ process }) => process)).toEqual(
    Array.from({ length: 65 }, (_, i) => `p${2 * i}`),
  );
  for (const { states } of run?.timeline.processes ?? []) expect(states).toHaveLength(seconds);
  const sum = run?.timeline.seconds.reduce((total, { offered }) => total + offered, 0);
  expect(sum).toBe(run?.results.offered);
  expect(table(runs)).toContain('dynamodb');
  const html = page({
    title: 'a & b',
    command: 'npm run <simulate>',
    seed: 4_711,
    shape: options.shape,
    runs,
  });
  expect(html).toContain('4711');
  expect(html).toContain('npm run &#60;simulate&#62;');
  expect(html).not.toMatch(/<script|https?:|NaN|undefined|Infinity/);
});

test('with a ramp, recovery stays within what the dependency can take; without it, it does not', async () => {
  const overloads = await Promise.all(
    ['failureRatio=0', 'failureRatio=0,rampDuration=60s'].map(async (policy) => {
      const [run] = await runsOf('--recovery=60s', '--strategy=redis', '--seed=3', '--policy', policy);
      return run?.results;
    }),
  );
  expect(overloads[0]?.overload).toBeGreaterThan(1);
  expect(overloads[1]?.overload).toBeLessThanOrEqual(1);
  expect(overloads[1]?.failedInRecovery).toBe(0);
}, 30_000);
