import { randomInt } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { scenarioOf } from '@switchgear/simulator';
import { page } from './report.ts';
import { runsOf } from './runs-of.ts';
import { type SimulateOptions, simulateOptions } from './simulate-options.ts';
import { table } from './table.ts';

/**
 * Runs what the command line asks for: progress on stderr, results on stdout.
 * @throws UsageError with every problem of the command line.
 */
export async function simulate(args: readonly string[]): Promise<void> {
  const options = simulateOptions(args, () => randomInt(2 ** 32));
  const { shape, settings, strategies, seed, json, report, command } = options;
  const { durationMs } = scenarioOf(shape);
  const startMs = performance.now();
  const runs = await runsOf(options, progressBar(durationMs, strategies.length));
  const calls = runs.reduce((sum, { results }) => sum + results.offered, 0);
  const seconds = (performance.now() - startMs) / 1_000;
  process.stderr.write(`\r\u001b[K${calls.toLocaleString('en')} calls in ${seconds.toFixed(1)} s\n`);
  if (report !== undefined)
    writeFileSync(report, page({ command, seed, title: titleOf(options), shape, runs }));
  if (json) process.stdout.write(`${JSON.stringify({ command, seed, shape, settings, runs })}\n`);
  else
    process.stdout.write(
      `${titleOf(options)}\n\n${table(runs)}\n\nseed ${seed}\n${command}\n${report === undefined ? '' : `report: ${report}\n`}`,
    );
}

/** What was simulated, in a line. */
function titleOf({ shape: { processes, rps, outageMs, recoveryMs, trouble } }: SimulateOptions): string {
  const fleet = processes === undefined ? 'Lambda' : processes === 1 ? '1 process' : `${processes} processes`;
  const what = trouble === 'outage' ? 'the dependency dead' : 'one process sick';
  const recovery = recoveryMs > 0 ? `, its capacity back within ${recoveryMs / 1_000} s` : '';
  return `${fleet}, ${rps} calls/s, ${what} for ${outageMs / 1_000} s${recovery}`;
}

function progressBar(durationMs: number, strategies: number): (strategy: string, elapsedMs: number) => void {
  let done = 0;
  let latest = '';
  let shownMs = Number.NEGATIVE_INFINITY;
  return (strategy, elapsedMs) => {
    if (strategy !== latest) done++;
    latest = strategy;
    const nowMs = performance.now();
    // A terminal takes each word; a log, one now and then.
    if (nowMs - shownMs < (process.stderr.isTTY ? 100 : 5_000)) return;
    shownMs = nowMs;
    const text = `${done}/${strategies} ${strategy}: ${Math.floor((100 * elapsedMs) / durationMs)} %`;
    process.stderr.write(process.stderr.isTTY ? `\r\u001b[K${text}` : `${text}\n`);
  };
}
