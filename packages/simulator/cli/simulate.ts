import { randomInt } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { MAX_SEED, type Progress, type Results, simulate, TROUBLES } from '@switchgear/simulator';
import { page } from './report.ts';
import { type SimulateOptions, simulateOptions, simulateUsage } from './simulate-options.ts';
import { sweep } from './sweep.ts';
import { sweepPage, sweepTable } from './sweep-report.ts';
import { table } from './table.ts';
import { asCommand } from './usage-error.ts';

/**
 * Simulates what the command line asks for: progress on stderr, results on stdout. Resolves with the exit code: 2 where the
 * command line makes no sense, every problem on stderr.
 *
 * @param args without the command itself.
 * @param command what people type before them, for help and for the line that repeats a run.
 */
export function runSimulate(args: readonly string[], command = 'npm run simulate --'): Promise<number> {
  return asCommand(args, simulateUsage(command), async () => {
    const options = simulateOptions(args, command, () => randomInt(MAX_SEED + 1));
    await (options.sweep.axes.length > 0 ? swept(options) : simulated(options));
    return 0;
  });
}

async function simulated(options: SimulateOptions): Promise<void> {
  const { shape, settings, strategies, seed, json, report, command } = options;
  const startMs = performance.now();
  const runs = await simulate({ shape, strategies, ...settings, seed }, { onProgress: progressBar() });
  tellSpeed(runs, startMs);
  if (report !== undefined)
    writeFileSync(report, page({ command, seed, title: titleOf(options), shape, runs }));
  if (json) process.stdout.write(`${JSON.stringify({ command, seed, shape, settings, runs })}\n`);
  else
    process.stdout.write(
      `${titleOf(options)}\n\n${table(runs)}\n\nseed ${seed}\n${command}\n${report === undefined ? '' : `report: ${report}\n`}`,
    );
}

async function swept(options: SimulateOptions): Promise<void> {
  const {
    shape,
    sweep: { axes },
    seed,
    json,
    report,
    command,
  } = options;
  const startMs = performance.now();
  const points = await sweep(options, progressBar());
  tellSpeed(points, startMs);
  const title = titleOf(options);
  if (report !== undefined) writeFileSync(report, sweepPage({ title, command, seed, axes, points }));
  if (json) process.stdout.write(`${JSON.stringify({ command, seed, shape, axes, points })}\n`);
  else
    process.stdout.write(
      `${title}\n\n${sweepTable(points)}\n\nseed ${seed}\n${command}\n${report === undefined ? '' : `report: ${report}\n`}`,
    );
}

function tellSpeed(runs: readonly { readonly results: Results }[], startMs: number): void {
  const calls = runs.reduce((sum, { results }) => sum + results.offered, 0);
  const seconds = (performance.now() - startMs) / 1_000;
  process.stderr.write(
    `${process.stderr.isTTY ? '\r\u001b[K' : ''}${calls.toLocaleString('en')} calls in ${seconds.toFixed(1)} s\n`,
  );
}

/** What was simulated, in a line. */
function titleOf({ shape: { processes, rps, outageMs, recoveryMs, trouble } }: SimulateOptions): string {
  const fleet = processes === undefined ? 'Lambda' : processes === 1 ? '1 process' : `${processes} processes`;
  const recovery = recoveryMs > 0 ? `, its capacity back within ${recoveryMs / 1_000} s` : '';
  return `${fleet}, ${rps} calls/s; for ${outageMs / 1_000} s ${TROUBLES[trouble]}${recovery}`;
}

function progressBar(): (progress: Progress) => void {
  let shownMs = Number.NEGATIVE_INFINITY;
  return ({ strategy, share }) => {
    const nowMs = performance.now();
    // A terminal takes each word; a log, one now and then.
    if (nowMs - shownMs < (process.stderr.isTTY ? 100 : 5_000)) return;
    shownMs = nowMs;
    const text = `${Math.floor(100 * share)} % ${strategy}`;
    process.stderr.write(process.stderr.isTTY ? `\r\u001b[K${text}` : `${text}\n`);
  };
}
