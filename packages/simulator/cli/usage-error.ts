/** What a user typed makes no sense: every problem, each with what is allowed. */
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
