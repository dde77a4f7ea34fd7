import { parseArgs } from 'node:util';
import { CONTENDERS, PRESETS, type Preset, type Shape } from '@switchgear/simulator';
import { type PolicySettings, policyOption } from './policy-option.ts';
import { durationOption, integerOption, UsageError } from './usage-error.ts';

export type StrategyName = keyof typeof CONTENDERS;

export interface SimulateOptions {
  readonly preset: string;
  readonly shape: Shape;
  readonly settings: PolicySettings;
  readonly strategies: readonly StrategyName[];
  readonly seed: number;
  readonly json: boolean;
  /** File that the report is written to. */
  readonly report: string | undefined;
  /** What repeats the run. */
  readonly command: string;
}

const COMMAND = 'npm run simulate --';
const STRATEGIES = Object.keys(CONTENDERS) as StrategyName[];
const MAX_SEED = 2 ** 32 - 1;
const DEFAULT_PRESET = 'pods-50';
const TIMEOUT_MS = 2_000;

export const USAGE = `${COMMAND} [options]

  --preset      a common shape: ${Object.entries(PRESETS)
    .map(([name, { meaning, rps }]) => `${name} (${meaning}, ${rps} calls/s)`)
    .join(';\n                ')}.
                Default ${DEFAULT_PRESET}.
  --processes   processes of the fleet, 1 to 20000, behind a load balancer.
  --rps         calls per second of the whole fleet, 1 to 100000.
  --outage      how long the dependency is dead, or the process sick, like 120s. Default 120s.
  --recovery    after the outage the dependency's capacity comes back within this time, from a fifth of the traffic to half
                as much again, like 60s. Default: at once, without limit.
  --policy      settings of the library, key=value,key=value (docs/options.md); other strategies take what they have of them.
  --strategy    ${STRATEGIES.join(', ')}: several with commas, or all. Default all.
  --seed        0 to ${MAX_SEED}: the same seed gives the same run on any machine. Default: drawn.
  --json        results and timelines on stdout.
  --report      writes a self-contained HTML page to this file.`;

/** @throws UsageError with every problem. */
export function simulateOptions(args: readonly string[], drawSeed: () => number): SimulateOptions {
  const { values } = parse(args);
  const problems: string[] = [];
  const name = values.preset ?? DEFAULT_PRESET;
  const preset: Preset | undefined = Object.hasOwn(PRESETS, name)
    ? PRESETS[name as keyof typeof PRESETS]
    : undefined;
  if (!preset) problems.push(`--preset is '${name}'; allowed: ${Object.keys(PRESETS).join(', ')}`);
  if (preset && preset.processes === undefined && values.processes !== undefined)
    problems.push(
      `--processes: with --preset ${name} the number of instances follows from --rps; leave out one of the two`,
    );
  const rps = integerOption('rps', values.rps ?? `${preset?.rps ?? 1}`, [1, 100_000], problems);
  const processes =
    values.processes === undefined
      ? preset?.processes
      : integerOption('processes', values.processes, [1, 20_000], problems);
  const outageMs = durationOption('outage', values.outage ?? '120s', problems);
  const recoveryMs =
    values.recovery === undefined ? 0 : durationOption('recovery', values.recovery, problems);
  const sick = preset?.trouble === 'sick process';
  if (sick && recoveryMs > 0)
    problems.push(`--recovery: with --preset ${name} the dependency is well all the time`);
  const settings = policyOption(values.policy ?? '', defaultsOf(preset), problems);
  const timeout = settings.policy.timeout;
  const strategies = strategyOption(values.strategy ?? 'all', problems);
  const seed =
    values.seed === undefined ? drawSeed() : integerOption('seed', values.seed, [0, MAX_SEED], problems);
  if (values.report === '') problems.push('--report is empty; allowed: the name of a file');
  if (problems.length) throw new UsageError(problems, USAGE);
  return {
    preset: name,
    shape: {
      ...(processes !== undefined && { processes }),
      rps,
      outageMs,
      recoveryMs,
      trouble: preset?.trouble ?? 'outage',
      timeoutMs: typeof timeout === 'number' && Number.isFinite(timeout) ? timeout : TIMEOUT_MS,
    },
    settings,
    strategies,
    seed,
    json: values.json ?? false,
    report: values.report,
    command: commandOf(args, seed, values.seed !== undefined),
  };
}

function parse(args: readonly string[]) {
  const text = { type: 'string' } as const;
  try {
    return parseArgs({
      args: [...args],
      options: {
        preset: text,
        processes: text,
        rps: text,
        outage: text,
        recovery: text,
        policy: text,
        strategy: text,
        seed: text,
        json: { type: 'boolean' },
        report: text,
      },
    });
  } catch (error) {
    throw new UsageError([(error as Error).message], USAGE);
  }
}

/** Where one process may be sick, one alone must not decide. Calls in line would blur what is to be seen: no bulkhead. */
function defaultsOf(preset: Preset | undefined): PolicySettings {
  const sick = preset?.trouble === 'sick process';
  return {
    policy: { timeout: TIMEOUT_MS, maxConcurrent: false, ...(sick && { quorum: 2 }) },
    gear: { awaitReports: preset?.processes === undefined },
  };
}

function strategyOption(text: string, problems: string[]): readonly StrategyName[] {
  if (text === 'all') return STRATEGIES;
  const names = text.split(',').map((name) => name.trim());
  for (const name of names)
    if (!STRATEGIES.includes(name as StrategyName))
      problems.push(
        `--strategy: '${name}' is no strategy; allowed: ${STRATEGIES.join(', ')}, several with commas, or all`,
      );
  return names as StrategyName[];
}

function commandOf(args: readonly string[], seed: number, seeded: boolean): string {
  const quoted = args.map((arg) => (/^[\w.,:=/%+-]+$/.test(arg) ? arg : `'${arg.replaceAll("'", "'\\''")}'`));
  return [COMMAND, ...quoted, ...(seeded ? [] : ['--seed', `${seed}`])].join(' ');
}
