import { type Progress, type Results, type StrategyName, simulate } from '@switchgear/simulator';
import { type PolicySettings, policyOption } from './policy-option.ts';
import type { SimulateOptions } from './simulate-options.ts';

/** One setting, and the values that it is tried with. */
export interface Axis {
  readonly key: string;
  readonly values: readonly string[];
}

/** One combination of values, tried under one strategy. */
export interface SweepPoint {
  readonly values: Readonly<Record<string, string>>;
  readonly strategy: StrategyName;
  readonly results: Results;
}

/** More runs than this nobody waits for. */
const MOST_POINTS = 64;

/** Reads each `failureThreshold=2,3,5`: one or two of them. */
export function sweepOption(texts: readonly string[], problems: string[]): readonly Axis[] {
  if (texts.length > 2) problems.push(`--sweep is given ${texts.length} times; allowed: one or two settings`);
  const axes = texts.map((text) => {
    const [key = '', list = ''] = text.split('=').map((part) => part.trim());
    const values = list.split(',').map((value) => value.trim());
    if (text.split('=').length !== 2 || !key || values.some((value) => value === '') || values.length < 2)
      problems.push(
        `--sweep is '${text}'; allowed: a setting and two values or more, like failureThreshold=2,3,5`,
      );
    if (new Set(values).size < values.length) problems.push(`--sweep: '${text}' has a value twice`);
    return { key, values };
  });
  if (new Set(axes.map(({ key }) => key)).size < axes.length) problems.push('--sweep has one setting twice');
  const points = axes.reduce((count, { values }) => count * values.length, 1);
  if (points > MOST_POINTS)
    problems.push(`--sweep makes ${points} combinations; allowed: at most ${MOST_POINTS}`);
  return axes;
}

/** Every combination of values, the first axis slowest. */
export function combinations(axes: readonly Axis[]): readonly Readonly<Record<string, string>>[] {
  return axes.reduce<readonly Readonly<Record<string, string>>[]>(
    (all, { key, values }) => all.flatMap((one) => values.map((value) => ({ ...one, [key]: value }))),
    [{}],
  );
}

/** The settings of each combination, checked: upon those of `--policy`. */
export function settingsOf(
  axes: readonly Axis[],
  policy: string,
  defaults: PolicySettings,
  problems: string[],
): readonly PolicySettings[] {
  return combinations(axes).map((values) => {
    const pairs = Object.entries(values).map(([key, value]) => `${key}=${value}`);
    const found: string[] = [];
    const settings = policyOption([policy, ...pairs].filter(Boolean).join(','), defaults, found);
    for (const problem of found) if (!problems.includes(problem)) problems.push(problem);
    return settings;
  });
}

/** Simulates each combination under each strategy, on the same calls. */
export async function sweep(
  { shape, strategies, seed, sweep: { axes, settings } }: SimulateOptions,
  onProgress: (progress: Progress) => void,
): Promise<readonly SweepPoint[]> {
  const points: SweepPoint[] = [];
  const all = combinations(axes);
  for (const [at, values] of all.entries()) {
    const runs = await simulate(
      { shape, strategies, ...(settings[at] as PolicySettings), seed },
      { onProgress: ({ strategy, share }) => onProgress({ strategy, share: (at + share) / all.length }) },
    );
    for (const [i, { results }] of runs.entries())
      points.push({ values, strategy: strategies[i] as StrategyName, results });
  }
  return points;
}
