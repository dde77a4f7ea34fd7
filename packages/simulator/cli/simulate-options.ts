import { parseArgs } from 'node:util';
import {
  CONTENDERS,
  defaultsFor,
  LIMITS,
  MAX_SEED,
  PRESETS,
  type Preset,
  type Shape,
  type StrategyName,
  shapeProblems,
  TRAFFIC,
  TROUBLES,
} from '@switchgear/simulator';
import { type PolicySettings, policyOption } from './policy-option.ts';
import { type Axis, settingsOf, sweepOption } from './sweep.ts';
import { durationOption, integerOption, shareOption, UsageError } from './usage-error.ts';

export interface SimulateOptions {
  readonly preset: string;
  readonly shape: Shape;
  readonly settings: PolicySettings;
  readonly strategies: readonly StrategyName[];
  readonly seed: number;
  readonly json: boolean;
  /** File that the report is written to. */
  readonly report: string | undefined;
  /** Settings that are tried with several values; no axes: none. */
  readonly sweep: { readonly axes: readonly Axis[]; readonly settings: readonly PolicySettings[] };
  /** What repeats the run. */
  readonly command: string;
}

const STRATEGIES = Object.keys(CONTENDERS) as StrategyName[];
const DEFAULT_PRESET = 'pods-50';
const TIMEOUT_MS = 2_000;
/** Without stray errors nothing trips in vain, and there is nothing to trade. */
const SWEEP_ERRORS = '1%';

const lined = (entries: readonly (readonly [string, string])[]) =>
  entries.map(([name, meaning]) => `${name} (${meaning})`).join(';\n                ');

/** @param command what people type before the options. */
export function simulateUsage(command: string): string {
  return `${command} [options]

Runs a fleet in virtual time under each strategy: the same calls, the same trouble, side by side.

  --preset      a common shape: ${lined(
    Object.entries(PRESETS).map(([name, { meaning, rps }]) => [name, `${meaning}, ${rps} calls/s`]),
  )}.
                Default ${DEFAULT_PRESET}.
  --processes   processes of the fleet, ${LIMITS.processes.join(' to ')}, behind a load balancer.
  --rps         calls per second of the whole fleet, ${LIMITS.rps.join(' to ')}.
  --traffic     how calls come: ${lined(Object.entries(TRAFFIC))}.
                Default steady.
  --errors      share of calls that fail while all is well, like 0.1%. Default: none, in a sweep 1%; with a sick process 0.01%
                of the others'.
  --trouble     what goes wrong after a good minute: ${lined(Object.entries(TROUBLES))}.
                Default: the preset's.
  --outage      how long the trouble lasts, like 120s. Default 120s.
  --recovery    after the outage the dependency's capacity comes back within this time, from a fifth of the traffic to half
                as much again, like 60s. Default: at once, without limit.
  --policy      settings of the library, key=value,key=value (docs/options.md); other strategies take what they have of them.
  --strategy    ${STRATEGIES.join(', ')}: several with commas, or all. Default all.
  --sweep       tries a setting with each of several values, like failureThreshold=2,3,5,10; given twice, every combination of both.
                Shows what protection costs in false trips (see --errors) and in the store. Strategy: dynamodb, unless set.
  --seed        0 to ${MAX_SEED}: the same seed gives the same run on any machine. Default: drawn.
  --json        results and timelines on stdout.
  --report      writes a self-contained HTML page to this file.
  --help        this text.`;
}

/** @throws UsageError with every problem. */
export function simulateOptions(
  args: readonly string[],
  command: string,
  drawSeed: () => number,
): SimulateOptions {
  const { values } = parse(args, command);
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
  const rps = integerOption('rps', values.rps ?? `${preset?.rps ?? 1}`, LIMITS.rps, problems);
  const processes =
    values.processes === undefined
      ? preset?.processes
      : integerOption('processes', values.processes, LIMITS.processes, problems);
  const axes = sweepOption(values.sweep ?? [], problems);
  const errors = values.errors ?? (axes.length > 0 ? SWEEP_ERRORS : undefined);
  const shape: Shape = {
    ...(processes !== undefined && { processes }),
    rps,
    traffic: nameOption('traffic', values.traffic ?? 'steady', TRAFFIC, problems),
    trouble: nameOption('trouble', values.trouble ?? preset?.trouble ?? 'outage', TROUBLES, problems),
    outageMs: durationOption('outage', values.outage ?? '120s', problems),
    recoveryMs: values.recovery === undefined ? 0 : durationOption('recovery', values.recovery, problems),
    timeoutMs: TIMEOUT_MS,
    ...(errors !== undefined && { strayFailures: shareOption('errors', errors, problems) }),
  };
  const policy = values.policy ?? '';
  const settings = policyOption(policy, defaultsFor(shape), problems);
  const points =
    problems.length === 0 && axes.length > 0 ? settingsOf(axes, policy, defaultsFor(shape), problems) : [];
  const strategies = strategyOption(values.strategy ?? (axes.length > 0 ? 'dynamodb' : 'all'), problems);
  const seed =
    values.seed === undefined ? drawSeed() : integerOption('seed', values.seed, [0, MAX_SEED], problems);
  if (values.report === '') problems.push('--report is empty; allowed: the name of a file');
  // What single values do not tell: no capacity comes back to a dependency that was well all the time.
  if (problems.length === 0) problems.push(...shapeProblems(shape));
  if (problems.length) throw new UsageError(problems, simulateUsage(command));
  const { timeout } = settings.policy;
  return {
    preset: name,
    shape: {
      ...shape,
      timeoutMs: typeof timeout === 'number' && Number.isFinite(timeout) ? timeout : TIMEOUT_MS,
    },
    settings,
    strategies,
    sweep: { axes, settings: points },
    seed,
    json: values.json ?? false,
    report: values.report,
    command: commandOf(command, args, seed, values.seed !== undefined),
  };
}

function parse(args: readonly string[], command: string) {
  const text = { type: 'string' } as const;
  try {
    return parseArgs({
      args: [...args],
      options: {
        preset: text,
        processes: text,
        rps: text,
        traffic: text,
        errors: text,
        trouble: text,
        outage: text,
        recovery: text,
        policy: text,
        strategy: text,
        sweep: { type: 'string', multiple: true },
        seed: text,
        json: { type: 'boolean' },
        report: text,
      },
    });
  } catch (error) {
    throw new UsageError([(error as Error).message], simulateUsage(command));
  }
}

function nameOption<T extends object>(
  option: string,
  text: string,
  table: T,
  problems: string[],
): Extract<keyof T, string> {
  if (!Object.hasOwn(table, text))
    problems.push(`--${option} is '${text}'; allowed: ${Object.keys(table).join(', ')}`);
  return text as Extract<keyof T, string>;
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

function commandOf(command: string, args: readonly string[], seed: number, seeded: boolean): string {
  const quoted = args.map((arg) => (/^[\w.,:=/%+-]+$/.test(arg) ? arg : `'${arg.replaceAll("'", "'\\''")}'`));
  return [command, ...quoted, ...(seeded ? [] : ['--seed', `${seed}`])].join(' ');
}
