/** What a user typed makes no sense: every problem, each with what is allowed, and the usage. */
export class UsageError extends Error {
  override readonly name = 'UsageError';

  constructor(problems: readonly string[], usage: string) {
    super([...problems.map((problem) => `  - ${problem}`), '', usage].join('\n'));
  }
}

/** Milliseconds of a duration such as `120s`, at least a second and at most a day; else says why not. */
export function durationOption(name: string, text: string, problems: string[], minMs = 1_000): number {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text) ?? [];
  const ms = Number(amount) * ({ ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }[unit ?? ''] ?? Number.NaN);
  if (ms >= minMs && ms <= 86_400_000) return ms;
  problems.push(
    `--${name} is '${text}'; allowed: a duration like '120s' or '5m', from ${minMs / 1_000} s to 24 h`,
  );
  return minMs;
}

/** A share of all calls such as `0.1%` or `0.001`, less than all of them; else says why not. */
export function shareOption(name: string, text: string, problems: string[]): number {
  const [, amount, percent] = /^(\d+(?:\.\d+)?)(%?)$/.exec(text) ?? [];
  const share = Number(amount) / (percent ? 100 : 1);
  if (share < 1) return share;
  problems.push(`--${name} is '${text}'; allowed: a share like '0.1%' or '0.001', less than 100%`);
  return 0;
}

/** A whole number from `min` to `max`; else says why not. */
export function integerOption(
  name: string,
  text: string,
  [min, max]: readonly [number, number],
  problems: string[],
): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  problems.push(`--${name} is '${text}'; allowed: a whole number from ${min} to ${max}`);
  return min;
}

/**
 * Runs a command as a shell expects it: resolves with its exit code. Asked for help, prints the usage and 0; given nonsense,
 * says so on stderr, and 2.
 */
export async function asCommand(
  args: readonly string[],
  usage: string,
  run: () => Promise<number>,
): Promise<number> {
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(`${usage}\n`);
    return 0;
  }
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 2;
  }
}
