import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import {
  MAX_SEED,
  type Plan,
  planText,
  shrink,
  type TrialResult,
  trial as tryOut,
  violationText,
} from '@switchgear/simulator';
import { asCommand, durationOption, integerOption, UsageError } from './usage-error.ts';

/** What is tried; a test puts one in that fails. */
export type Trial = (what: number | Plan, line?: (text: string) => void) => Promise<TrialResult>;

/** Of the events of a shrunk run, those before the law was broken. */
const LAST_LINES = 200;

const usage = (command: string) => `${command} [options]

Holds small fleets, drawn from random seeds, against the laws.

  --for    how long to try random seeds, like 60s or 8h. Default 60s.
  --seed   tries this one seed instead, and tells its run event by event: 0 to ${MAX_SEED}.
  --help   this text.`;

/**
 * Holds random seeds against the laws for as long as told. Resolves with the exit code: 1 where a law was broken; then the
 * seed, the smallest scenario found that breaks it too, and that run event by event, are on stdout; 2 where the command line makes
 * no sense. Ctrl-C ends it with the tally.
 */
export function runSoak(
  args: readonly string[],
  command = 'npm run soak --',
  trial: Trial = tryOut,
): Promise<number> {
  return asCommand(args, usage(command), async () => {
    const { forMs, seed } = soakOptions(args, usage(command));
    if (seed === undefined) {
      const failed = await soak(forMs, trial);
      if (!failed) return 0;
      await tellShrunk(failed, trial);
      repeat(failed, command);
      return 1;
    }
    const result = await trial(seed, (line) => process.stdout.write(`${line}\n`));
    process.stdout.write(`${planText(result.plan)}\n`);
    if (result.violations.length === 0) {
      process.stdout.write('no law was broken\n');
      return 0;
    }
    for (const violation of result.violations) process.stdout.write(`${violationText(violation)}\n`);
    await tellShrunk(result, trial);
    repeat(result, command);
    return 1;
  });
}

/** Tries seeds until one fails or the time is up; tells the tally. */
async function soak(forMs: number, trial: Trial): Promise<TrialResult | undefined> {
  let stopped = false;
  const stop = () => {
    stopped = true;
  };
  process.once('SIGINT', stop);
  const startMs = performance.now();
  const tally = { seeds: 0, calls: 0, epochs: 0 };
  let shownMs = startMs;
  const text = () =>
    `${tally.seeds} seeds in ${Math.round((performance.now() - startMs) / 1_000)} s: ${tally.calls} calls, ${tally.epochs} changes of state`;
  let failed: TrialResult | undefined;
  while (!failed && !stopped && performance.now() - startMs < forMs) {
    const result = await trial(randomInt(MAX_SEED + 1));
    tally.seeds++;
    tally.calls += result.calls;
    tally.epochs += result.epochs;
    if (result.violations.length > 0) failed = result;
    if (performance.now() - shownMs >= (process.stderr.isTTY ? 200 : 10_000)) {
      shownMs = performance.now();
      process.stderr.write(process.stderr.isTTY ? `\r\u001b[K${text()}` : `${text()}\n`);
    }
    // A trial never waits for anything real: without this, Ctrl-C would not be heard.
    await new Promise((resolve) => setImmediate(resolve));
  }
  process.off('SIGINT', stop);
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
  process.stdout.write(`${text()}\n${failed ? '' : 'no law was broken\n'}`);
  return failed;
}

/** The smallest scenario that breaks the law too, its run event by event, and what was broken in it. */
async function tellShrunk(failed: TrialResult, trial: Trial): Promise<void> {
  process.stderr.write('looking for a smaller scenario …\n');
  const { plan } = await shrink(failed, trial);
  const lines: string[] = [];
  const { violations } = await trial(plan, (line) => lines.push(line));
  const left = lines.length - LAST_LINES;
  const log = [
    '',
    'the smallest scenario found:',
    planText(plan),
    '',
    ...(left > 0 ? [`… ${left} events before`] : []),
    ...lines.slice(-LAST_LINES),
    ...violations.map(violationText),
  ];
  process.stdout.write(`${log.join('\n')}\n`);
}

function repeat({ plan: { seed } }: TrialResult, command: string): void {
  process.stdout.write(`the same again, and the run before it was shrunk: ${command} --seed ${seed}\n`);
}

interface SoakOptions {
  readonly forMs: number;
  readonly seed: number | undefined;
}

function soakOptions(args: readonly string[], help: string): SoakOptions {
  const problems: string[] = [];
  const text = { type: 'string' } as const;
  let values: { readonly for?: string; readonly seed?: string };
  try {
    ({ values } = parseArgs({ args: [...args], options: { for: text, seed: text } }));
  } catch (error) {
    throw new UsageError([(error as Error).message], help);
  }
  const forMs = durationOption('for', values.for ?? '60s', problems);
  const seed =
    values.seed === undefined ? undefined : integerOption('seed', values.seed, [0, MAX_SEED], problems);
  if (problems.length) throw new UsageError(problems, help);
  return { forMs, seed };
}
