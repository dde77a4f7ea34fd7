/** The demo: the same play three times, each with another breaker, then the figures side by side. */

import { isSwitchgearError } from 'switchgear';
import { killAll } from './child-process.ts';
import { type Figures, measure } from './measure.ts';
import { type Options, parseOptions, USAGE, UsageError } from './options.ts';
import { prepareOwnStore, StoreRefused } from './own-store.ts';
import { brokenPromises } from './promises.ts';
import { run } from './run.ts';
import { isOutage, scenes } from './script.ts';
import { type Progress, progressOn } from './show/progress.ts';
import { summary } from './show/summary.ts';
import { LEDGERS, ORDERS } from './stage.ts';
import { STRATEGIES, TITLES } from './strategy.ts';
import { openBrowser } from './switchboard/open-browser.ts';
import { openSwitchboard } from './switchboard/switchboard.ts';

async function main(args: readonly string[]): Promise<number> {
  const options = parseOptions(args);
  if (options === 'help') {
    console.log(USAGE);
    return 0;
  }
  for (const words of options.store === undefined ? [] : await prepareOwnStore(options.store))
    console.error(`store: ${words}`);
  const out = options.json ? process.stderr : process.stdout;
  const progress = progressOn(out, out.isTTY === true && !options.once);
  leaveNothingBehind(progress);
  if (options.switchboard) return showSwitchboard(options, progress);

  const figures = await playAll(options, progress);
  const problems = verdictOn(figures, options);
  if (options.json) {
    const { seconds, rps, processes } = options;
    console.log(
      JSON.stringify({ seconds, rps, processes, ok: problems.length === 0, problems, runs: figures }),
    );
  }
  out.write(`\n${summary(figures)}\n\n${conclusion(problems)}\n`);
  process.exitCode = problems.length === 0 ? 0 : 1;
  if (options.once || options.json) return process.exitCode;
  return showSwitchboard(options, progress);
}

/** Stays until it is interrupted, which is its ordinary end. */
async function showSwitchboard(options: Options, progress: Progress): Promise<never> {
  process.exitCode ??= 0;
  const { url, stage, broken } = await openSwitchboard(options);
  const hint = `switchboard: ${url}  (break and mend the ledger there; Ctrl-C ends it)`;
  if (process.stdout.isTTY) {
    progress.starting({ name: 'the shared breaker goes on', chain: chainOf(options), hint });
    progress.running(stage.log);
  } else console.log(`\n${hint}`);
  openBrowser(url);
  return broken.finally(() => progress.ended());
}

async function playAll(options: Options, progress: Progress): Promise<Figures[]> {
  const figures: Figures[] = [];
  for (const [i, strategy] of STRATEGIES.entries()) {
    const title = {
      name: `run ${i + 1} of ${STRATEGIES.length}: ${TITLES[strategy]}`,
      seconds: options.seconds,
      chain: chainOf(options),
    };
    progress.starting(title);
    try {
      figures.push(measure(await run(strategy, options, (log) => progress.running(log))));
    } finally {
      progress.ended();
    }
  }
  return figures;
}

function chainOf({ processes, rps }: Options): string {
  return `client → order ×${ORDERS} → payment ×${processes} → ledger ×${LEDGERS}, ${rps} calls/s`;
}

function verdictOn(figures: readonly Figures[], options: Options): string[] {
  const shared = figures.find((f) => f.strategy === 'shared');
  const outage = scenes(options.seconds).filter((scene) => isOutage(scene.phase));
  const outageMs = outage.reduce((sum, scene) => sum + scene.forMs, 0);
  return shared ? brokenPromises(shared, outageMs) : ['the shared breaker did not run'];
}

function conclusion(problems: readonly string[]): string {
  if (problems.length > 0) return `The shared breaker FAILED:\n${problems.map((p) => `  - ${p}`).join('\n')}`;
  return 'The shared breaker contained the failure, probed one call at a time and closed again.';
}

/** However this process ends, its processes end first and the terminal is as it was. */
function leaveNothingBehind(progress: Progress): void {
  process.on('exit', killAll);
  const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 };
  for (const [signal, code] of Object.entries(SIGNALS))
    process.on(signal, () => {
      progress.ended();
      process.exit(process.exitCode ?? code);
    });
}

// The SDK warns every process that it starts in about a Node 20 that this demo supports.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  const usage = error instanceof UsageError || isSwitchgearError(error, 'INVALID_CONFIGURATION');
  if (usage) console.error(`${error.message}\n\n${USAGE}`);
  else console.error(error instanceof StoreRefused ? error.message : error);
  process.exitCode = usage ? 2 : 1;
}
