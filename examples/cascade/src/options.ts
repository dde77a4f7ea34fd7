/** The command line: what may be given, and what is wrong with what was given. */

import { parseArgs } from 'node:util';

export interface Options {
  /** Length of one of the three runs. */
  readonly seconds: number;
  /** Calls per second that the client makes on order, whatever becomes of them. */
  readonly rps: number;
  /** Processes of the payment fleet, the one that has the breaker. */
  readonly processes: number;
  readonly once: boolean;
  readonly json: boolean;
  /** Straight to the switchboard, without the runs. */
  readonly switchboard: boolean;
  /** Address of a store of the user's own. It may hold a password: it is printed nowhere. Absent: the embedded store. */
  readonly store?: string;
}

const NUMBERS = {
  seconds: { default: 14, min: 10, max: 600, means: 'length of each of the three runs' },
  rps: { default: 100, min: 20, max: 2_000, means: 'calls per second that the client makes on order' },
  processes: { default: 8, min: 2, max: 32, means: 'processes of the payment fleet' },
} as const;

/** With `--once`, where nobody watches and an install and a build may come on top. */
const SECONDS_ONCE = 10;

export const USAGE = `Usage: npm start -- [options]

Three services, order → payment → ledger, each a fleet of processes, under a steady load. The ledger turns slow,
answers 503, dies and comes back. Three runs: no breaker, a breaker per process, one breaker for the fleet. Then the
switchboard: a page on the running fleet, with a lever that breaks and mends the ledger, until Ctrl-C.

${Object.entries(NUMBERS)
  .map(([name, n]) => `  --${`${name} N`.padEnd(14)}${n.means}, ${n.min} to ${n.max} (default ${n.default})`)
  .join('\n')}
  --once          plain lines instead of the live table, ${SECONDS_ONCE} seconds per run unless given, no switchboard
  --store ADDRESS the shared breaker's store: redis[s]://… or dynamodb://<table>?… (default: one inside the demo)
  --switchboard   straight to the switchboard, without the three runs
  --json          the summary as one JSON object on stdout, no switchboard; progress goes to stderr
  --help          this text

The exit code is 1 if the shared breaker did not contain the failure, probed more than once at a time or did not
close again; the reasons are printed.`;

/** Thrown with every problem of the command line at once. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** @returns `'help'` where only the usage is wanted. @throws UsageError */
export function parseOptions(args: readonly string[]): Options | 'help' {
  const values = parse(args);
  if (values.help) return 'help';
  const problems: string[] = [];
  const number = (name: keyof typeof NUMBERS): number => {
    const { default: fallback, min, max } = NUMBERS[name];
    const text = values[name];
    if (text === undefined) return fallback;
    const value = Number(text);
    // Number('') is 0 and Number(' 12') is 12: only digits count.
    if (!/^\d+$/.test(text) || value < min || value > max)
      problems.push(`--${name} must be a whole number from ${min} to ${max}, not "${text}"`);
    return value;
  };
  const options: Options = {
    seconds: values.seconds === undefined && values.once ? SECONDS_ONCE : number('seconds'),
    rps: number('rps'),
    processes: number('processes'),
    once: values.once ?? false,
    json: values.json ?? false,
    switchboard: values.switchboard ?? false,
    ...(values.store !== undefined && { store: values.store }),
  };
  if (options.switchboard && (options.once || options.json))
    problems.push('--switchboard shows a page until it is interrupted; --once and --json show none');
  if (/^memory:/.test(options.store ?? ''))
    problems.push('--store must be one that processes can share: a process has its memory to itself');
  if (options.rps < 5 * options.processes && problems.length === 0)
    problems.push(
      `--rps ${options.rps} is too little for ${options.processes} processes: at least 5 per process (${5 * options.processes})`,
    );
  if (problems.length > 0) throw new UsageError(problems.join('\n'));
  return options;
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        seconds: { type: 'string' },
        rps: { type: 'string' },
        processes: { type: 'string' },
        once: { type: 'boolean' },
        json: { type: 'boolean' },
        switchboard: { type: 'boolean' },
        store: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}
