/** Options: one table says what each may be. Validation, environment variables and documentation read it. */

import type { Policy } from './core/policy.ts';
import { type Duration, parseDuration } from './duration.ts';
import { ConfigurationError } from './errors.ts';
import { newId } from './id.ts';
import { didYouMean } from './suggest.ts';

/** How a circuit decides and what surrounds a call. Durations are milliseconds or `'30s'`; `false` turns off what can be off. */
export interface BreakerOptions {
  /** Failed (or slow) calls in the window that trip the circuit, of the whole fleet, not counting isolated ones. Default 3. */
  readonly failureThreshold?: number;
  /** Calls in the window below which nothing trips. Default 0. */
  readonly minCalls?: number;
  /** Share of failed calls, 0–1, below which nothing trips. Default 0.1. */
  readonly failureRatio?: number;
  /** Length of the window in which calls are counted, at least 2 seconds. Default 1 minute. */
  readonly failureWindow?: Duration;
  /** A call that takes longer counts as slow. Default off. */
  readonly slowCallDuration?: Duration | false;
  /** Share of slow calls, 0–1, below which slowness trips nothing. Default 0.5. */
  readonly slowCallRatio?: number;
  /** Failures in a row within one process that make it trip by itself. Default off. */
  readonly consecutiveFailures?: number | false;
  /** Processes that must see failures before the fleet trips; a single bad one then isolates itself. Default 1. */
  readonly quorum?: number;
  /** How long the circuit stays open after the first trip. Default 10 seconds. */
  readonly resetTimeout?: Duration;
  /** Factor by which the open time grows with each failed attempt to recover. Default 2. */
  readonly backoff?: number;
  /** Share of itself, 0–1, by which chance lengthens the open time at most. Default 0.1. */
  readonly jitter?: number;
  /** Longest open time, whatever backoff, jitter or the dependency's `Retry-After` ask for. Default 5 minutes. */
  readonly maxResetTimeout?: Duration;
  /** Probe calls at the same time while half-open, in the whole fleet. Default 1. */
  readonly halfOpenMaxProbes?: number;
  /** Probes that must succeed, anywhere in the fleet, before the circuit closes. Default 1. */
  readonly halfOpenSuccessThreshold?: number;
  /** How long a probe may take before another process takes its place. At least `timeout`. Default: `timeout`, or 30 seconds where it is off, and 1 second more. */
  readonly leaseDuration?: Duration;
  /** Time after closing in which the admitted share of calls rises to all of them. Default off. */
  readonly rampDuration?: Duration | false;
  /** Share of calls, 0–1, with which the ramp begins. Default 0.1. */
  readonly rampFrom?: number;
  /** Time in which a probe that may be made is left to a process with `prober`, a health check; then anybody's. Default off. */
  readonly healthCheckGrace?: Duration | false;
  /** Settings of this circuit that one stored with it does not replace; `true`: none is replaced. Default: every one may be. */
  readonly pinned?: true | readonly (keyof Policy)[];
  /** Time after which a call fails with a `TimeoutError` and its signal is aborted. Default off. */
  readonly timeout?: Duration | false;
  /** Calls of one process at the same time; more wait in line. Default 10. */
  readonly maxConcurrent?: number | false;
  /** Calls that may wait in line; more are refused with a `BulkheadFullError`. Default 100. */
  readonly maxQueue?: number;
  /** Longest wait in line. Default 1 second. */
  readonly queueTimeout?: Duration;
  /** `shadow` counts, decides and reports, for the whole fleet too, and rejects nothing: no line, and a timeout only counts. Default `enforce`. */
  readonly mode?: 'enforce' | 'shadow';
  /** Whether an error counts as a failure of the dependency. Default: timeouts, failed connections, HTTP 5xx and 429. */
  isBreakable?(error: unknown): boolean;
  /** Whether a result counts as a failure although nothing was thrown. Default: none does. */
  isFailure?(result: unknown): boolean;
}

/** How a process shares circuits with its fleet. */
export interface GearOptions {
  /** Age at which what the process knows of a circuit is read anew, in the background. Default 5 seconds. */
  readonly cacheTtl?: Duration;
  /** Age beyond which it is no longer relied on, so that a call waits for the store. At least `cacheTtl`. Default: twice `cacheTtl`. */
  readonly maxStale?: Duration;
  /** Longest time that one store call may take. Default 500 milliseconds. */
  readonly storeTimeout?: Duration;
  /** Name of this process in leases and history. Default: random. */
  readonly processId?: string;
  /** Whether a failing call waits until its failure is reported. Default: in AWS Lambda, where nothing runs between invocations. */
  readonly awaitReports?: boolean;
  /** Whether all breakers stand aside: calls go straight through, nothing is counted, limited or stored. Default: no. */
  readonly disabled?: boolean;
  /** Whether this process is a health check, which probes before others do: see `healthCheckGrace`. Default: no. */
  readonly prober?: boolean;
}

/** `BreakerOptions`, complete and checked. Milliseconds; what is off is `Infinity`, a ramp that is off 0. */
export interface ResolvedOptions extends Policy {
  readonly timeout: number;
  readonly maxConcurrent: number;
  readonly maxQueue: number;
  readonly queueTimeout: number;
  readonly mode: 'enforce' | 'shadow';
  /** Absent: none. */
  readonly pinned?: readonly (keyof Policy)[];
  /** Absent: the default classification. */
  readonly isBreakable?: (error: unknown) => boolean;
  readonly isFailure?: (result: unknown) => boolean;
}

/** `GearOptions`, complete and checked. Milliseconds. */
export interface ResolvedGearOptions {
  readonly cacheTtl: number;
  readonly maxStale: number;
  readonly storeTimeout: number;
  readonly processId: string;
  readonly awaitReports: boolean;
  readonly disabled: boolean;
  readonly prober: boolean;
}

/** What an option may be. */
export interface OptionSpec {
  /** `ratio`: a number from 0 to 1. `duration`: see `Duration`. `text` is bounded in its length. `names`: a list of choices, or `true`. */
  readonly kind:
    | 'duration'
    | 'number'
    | 'integer'
    | 'ratio'
    | 'choice'
    | 'names'
    | 'boolean'
    | 'text'
    | 'function';
  /** Absent where it depends on other options or the process. */
  readonly default?: number | string | boolean | undefined;
  /** Smallest value allowed. */
  readonly min?: number;
  /** Greatest value allowed; absent: any finite one. */
  readonly max?: number;
  /** What `false` stands for; allowed itself. Absent: cannot be off. */
  readonly off?: number | undefined;
  readonly choices?: readonly string[];
  /** The option that this one must not be less than. */
  readonly atLeast?: string;
  /** Has no default and cannot be left out. */
  readonly required?: true;
}

const OFF = Infinity;
/** A day, the longest duration: timers end at 24 of them, and a fleet that must wait longer needs an operator. */
const DAY = 86_400_000;

const duration = (fallback?: number, min = 1, off?: number): OptionSpec => ({
  kind: 'duration',
  default: fallback,
  min,
  max: DAY,
  off,
});
const integer = (fallback: number, min = 1, max = 1e6, off?: number): OptionSpec => ({
  kind: 'integer',
  default: fallback,
  min,
  max,
  off,
});
const ratio = (fallback: number): OptionSpec => ({ kind: 'ratio', default: fallback, min: 0, max: 1 });

export const FUNCTION = { kind: 'function' } as const satisfies OptionSpec;

/** How a circuit decides: what can be stored with it too. */
export const POLICY_OPTIONS = {
  failureThreshold: integer(3),
  minCalls: integer(0, 0),
  failureRatio: ratio(0.1),
  // Buckets are no narrower than a second, by which clocks may differ: a shorter window would have but one.
  failureWindow: duration(60_000, 2_000),
  slowCallDuration: duration(OFF, 1, OFF),
  slowCallRatio: ratio(0.5),
  consecutiveFailures: integer(OFF, 1, 1e6, OFF),
  quorum: integer(1),
  resetTimeout: duration(10_000),
  backoff: { kind: 'number', default: 2, min: 1, max: 100 },
  jitter: ratio(0.1),
  maxResetTimeout: { ...duration(300_000), atLeast: 'resetTimeout' },
  // Each probe slot is a part of the stored item, which is to stay small.
  halfOpenMaxProbes: integer(1, 1, 10),
  halfOpenSuccessThreshold: integer(1),
  leaseDuration: { ...duration(), atLeast: 'timeout' },
  rampDuration: duration(0, 0, 0),
  rampFrom: ratio(0.1),
  healthCheckGrace: duration(0, 0, 0),
} as const satisfies Record<keyof Policy, OptionSpec>;

export const BREAKER_OPTIONS = {
  ...POLICY_OPTIONS,
  pinned: { kind: 'names', choices: Object.keys(POLICY_OPTIONS) },
  timeout: duration(OFF, 1, OFF),
  maxConcurrent: integer(10, 1, 1e6, OFF),
  maxQueue: integer(100, 0),
  queueTimeout: duration(1_000),
  mode: { kind: 'choice', default: 'enforce', choices: ['enforce', 'shadow'] },
  isBreakable: FUNCTION,
  isFailure: FUNCTION,
} as const satisfies Record<keyof BreakerOptions, OptionSpec>;

export const GEAR_OPTIONS = {
  cacheTtl: duration(5_000),
  maxStale: { ...duration(), atLeast: 'cacheTtl' },
  storeTimeout: duration(500),
  processId: { kind: 'text', min: 1, max: 64 },
  awaitReports: { kind: 'boolean' },
  disabled: { kind: 'boolean', default: false },
  prober: { kind: 'boolean', default: false },
} as const satisfies Record<keyof GearOptions, OptionSpec>;

const CIRCUIT_NAME: OptionSpec = { kind: 'text', min: 1, max: 255 };
/** How long a probe is given where calls have no timeout. */
const UNTIMED_CALL_MS = 30_000;
/** By how much a lease outlasts the call that it is for: within this time of being asked for it must be in use. */
export const LEASE_MARGIN_MS = 1_000;

/**
 * The options of circuit `name`: each in the first of `layers` that has it, else the table's default. A copy, frozen.
 * @throws ConfigurationError (`INVALID_CONFIGURATION`) with every problem.
 */
export function resolveOptions(
  name: string,
  layers: readonly BreakerOptions[] = [],
  problems: string[] = [],
): ResolvedOptions {
  checkName(name, problems);
  const values = readBreakerOptions(layers, problems);
  if (problems.length) throw new ConfigurationError(problems, typeof name === 'string' ? name : undefined);
  return Object.freeze(values as unknown as ResolvedOptions);
}

function readBreakerOptions(layers: readonly BreakerOptions[], problems: string[], prefix = ''): Values {
  const values = readOptions(BREAKER_OPTIONS, layers, problems, prefix);
  const timeout = Number(values.timeout);
  values.leaseDuration ??= (timeout === OFF ? UNTIMED_CALL_MS : timeout) + LEASE_MARGIN_MS;
  return values;
}

/**
 * The options of a whole gear, with what it has for breakers checked: `defaults`, and `circuits` on top. A copy, frozen.
 * @throws ConfigurationError (`INVALID_CONFIGURATION`) with every problem.
 */
export function resolveGearOptions(
  options: GearOptions = {},
  defaults: BreakerOptions = {},
  circuits: Readonly<Record<string, BreakerOptions>> = {},
  problems: string[] = [],
): ResolvedGearOptions {
  const values = readOptions(GEAR_OPTIONS, [options], problems);
  readBreakerOptions([defaults], problems, 'defaults.');
  const sound = problems.length ? {} : defaults;
  if (isPlain('circuits', circuits, problems))
    for (const [name, own] of Object.entries(circuits)) {
      checkName(name, problems);
      readBreakerOptions([own, sound], problems, `circuits.${name}.`);
    }
  values.maxStale ??= 2 * Number(values.cacheTtl);
  values.processId ??= newId();
  values.awaitReports ??= Boolean(globalThis.process?.env.AWS_LAMBDA_FUNCTION_NAME);
  if (problems.length) throw new ConfigurationError(problems);
  return Object.freeze(values as unknown as ResolvedGearOptions);
}

/** Adds to `problems` where `name` cannot be a circuit's. */
export function checkName(name: string, problems: string[]): void {
  // Half a character of two: stores write all of these alike.
  if (accept(CIRCUIT_NAME, name) === undefined || /\p{Surrogate}/u.test(name))
    problems.push(refusal('name', name, CIRCUIT_NAME));
}

type Values = Record<string, unknown>;

/** The value of each option of `table` in the first of `layers` that has it, else its default. */
export function readOptions(
  table: Readonly<Record<string, OptionSpec>>,
  layers: readonly object[],
  problems: string[],
  prefix = '',
): Values {
  const given: Values = {};
  for (const layer of layers) {
    if (!isPlain(prefix.slice(0, -1) || 'options', layer, problems)) continue;
    for (const key of Reflect.ownKeys(layer)) {
      const option = String(key);
      const value = layer[option as never];
      if (!Object.hasOwn(table, key))
        problems.push(`${prefix}${option} is not an option${didYouMean(option, Object.keys(table))}`);
      else if (value !== undefined && !Object.hasOwn(given, option)) given[option] = value;
    }
  }
  const values: Values = {};
  for (const [key, spec] of Object.entries(table)) {
    const value = key in given ? accept(spec, given[key]) : spec.default;
    if (value !== undefined) values[key] = value;
    else if (key in given || spec.required) problems.push(refusal(prefix + key, given[key], spec));
  }
  checkTogether(table, values, problems, prefix);
  return values;
}

/** Adds to `problems` where one of `values` is less than another that it must not be less than; what is off limits nothing. */
export function checkTogether(
  table: Readonly<Record<string, OptionSpec>>,
  values: Values,
  problems: string[],
  prefix = '',
): void {
  for (const [key, { atLeast = '' }] of Object.entries(table)) {
    const [value, least] = [values[key], values[atLeast]];
    if (Number(value) < Number(least) && least !== OFF)
      problems.push(`${prefix}${key} is ${value}; allowed: at least ${atLeast}, ${least}`);
  }
}

/** What `value` means for an option, or `undefined` where it is not allowed. */
export function accept(spec: OptionSpec, value: unknown): unknown {
  const { kind, min = 0, max = OFF, off, choices = [] } = spec;
  if (off !== undefined && (value === false || value === off)) return off;
  if (kind === 'names') {
    const names = value === true ? choices : value;
    return Array.isArray(names) && names.every((name) => choices.includes(name)) ? [...names] : undefined;
  }
  const meaning = kind === 'duration' ? parseDuration(value) : value;
  const inRange = (size: unknown) => typeof size === 'number' && size >= min && size <= max;
  const allowed =
    kind === 'choice'
      ? choices.includes(value as string)
      : kind === 'text'
        ? typeof value === 'string' && inRange(value.length)
        : kind === 'boolean' || kind === 'function'
          ? typeof value === kind
          : inRange(meaning) && (kind !== 'integer' || Number.isInteger(value));
  return allowed ? meaning : undefined;
}

/** Why an option is refused: its value, and what is allowed. */
export function refusal(label: string, value: unknown, spec: OptionSpec): string {
  return `${label} is ${show(value)}; allowed: ${allowed(spec)}`;
}

/** What an option may be, in words. */
export function allowed({ kind, min, max, off, choices }: OptionSpec): string {
  if (choices) return (kind === 'names' ? 'true, or a list of ' : '') + choices.join(' or ');
  if (kind === 'boolean') return 'true or false';
  if (kind === 'function') return 'a function';
  const what =
    kind === 'duration'
      ? "milliseconds or a duration like '30s',"
      : `a ${kind === 'integer' ? 'whole number' : kind === 'text' ? 'text with a length' : 'number'}`;
  return `${what} from ${min} to ${max}${off === undefined ? '' : ', or false'}`;
}

/** Whether it is an object whose settings are all its own: of a list, a map or an instance some would be passed over. Else adds to `problems`. */
export function isPlain(label: string, value: unknown, problems: string[]): value is object {
  const prototype = typeof value === 'object' && value ? Object.getPrototypeOf(value) : undefined;
  // None, or Object's of whatever realm: the one that has none itself.
  const plain = prototype === null || (prototype && Object.getPrototypeOf(prototype) === null);
  if (!plain) problems.push(`${label} is ${show(value)}; allowed: a plain object`);
  return plain;
}

/** A value in words, for messages. */
export function show(value: unknown): string {
  if (typeof value === 'string') return `'${value.slice(0, 80)}'`;
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'bigint') return `${value}n`;
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' && value ? 'an object' : String(value);
}
