import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { type TrialResult, trial } from '@switchgear/simulator';
import { asCommand, durationOption, integerOption, UsageError } from './usage-error.ts';

const usage = (command: string) => `${command} [options]

Holds small fleets, drawn from random seeds, against the laws.

  --for    how long to try random seeds, like 60s or 8h. Default 60s.
  --seed   tries this one seed instead, and tells its run event by event: 0 to ${2 ** 32 - 1}.
  --help   this text.`;

/**
 * Holds random seeds against the laws for as long as told. Resolves with the exit code: 1 where a law was broken; then the
 * seed, and its run event by event, are on stdout; 2 where the command line makes no sense. Ctrl-C ends it with the tally.
 */
export function runSoak(args: readonly string[], command = 'npm run soak --'): Promise<number> {
  return asCommand(args, usage(command), () => soak(soakOptions(args, usage(command))));
}

async function soak({ forMs, seed }: SoakOptions): Promise<number> {
  if (seed !== undefined) return tell(seed);
  let stopped = false;
  process.once('SIGINT', () => {
    stopped = true;
  });
  const startMs = performance.now();
  const tally = { seeds: 0, calls: 0, epochs: 0 };
  let shownMs = startMs;
  const text = () =>
    `${tally.seeds} seeds in ${Math.round((performance.now() - startMs) / 1_000)} s: ${tally.calls} calls, ${tally.epochs} changes of state`;
  let failed: TrialResult | undefined;
  while (!failed && !stopped && performance.now() - startMs < forMs) {
    const result = await trial(randomInt(2 ** 32));
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
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
  process.stdout.write(`${text()}\n`);
  if (!failed) {
    process.stdout.write('no law was broken\n');
    return 0;
  }
  return tell(failed.seed);
}

/** The run of a seed, event by event, and what was broken in it. */
async function tell(seed: number): Promise<number> {
  const { violations } = await trial(seed, (line) => process.stdout.write(`${line}\n`));
  for (const { law, atMs, process: name, what } of violations)
    process.stdout.write(`${law} is broken at ${(atMs / 1_000).toFixed(3)} s: ${name} ${what}\n`);
  process.stdout.write(`seed ${seed}: npm run soak -- --seed ${seed}\n`);
  return violations.length > 0 ? 1 : 0;
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
    values.seed === undefined ? undefined : integerOption('seed', values.seed, [0, 2 ** 32 - 1], problems);
  if (problems.length) throw new UsageError(problems, help);
  return { forMs, seed };
}
