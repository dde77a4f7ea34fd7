/** Settings of a circuit that the workflow understands. The same bounds hold in the construct and in an execution's input. */

import { ConfigurationError } from 'switchgear';
import { BREAKER_OPTIONS, type OptionSpec } from 'switchgear/config';

/** Those of the library that take no process to count for, and no code of the caller. */
const KEYS = [
  'failureThreshold',
  'minCalls',
  'failureRatio',
  'failureWindow',
  'slowCallRatio',
  'quorum',
  'resetTimeout',
  'backoff',
  'jitter',
  'maxResetTimeout',
  'halfOpenMaxProbes',
  'halfOpenSuccessThreshold',
  'leaseDuration',
  'rampDuration',
  'rampFrom',
  'healthCheckGrace',
  'timeout',
] as const;

type Key = (typeof KEYS)[number];

/**
 * As the library has them, durations in whole milliseconds, with the same defaults. Two differ: `timeout` (default 30 000) is
 * from 1 000 to 240 000 and counts in whole seconds; `leaseDuration` (default: `timeout` and 1 000 more) is at least 2 000.
 */
export type WorkflowPolicy = { readonly [key in Key]?: number };

const DEFAULT_TIMEOUT_MS = 30_000;
/** An express execution ends after five minutes. */
const LONGEST_TIMEOUT_MS = 240_000;
const SHORTEST_LEASE_MS = 2_000;

interface Bound {
  readonly min: number;
  readonly max: number;
  readonly whole: boolean;
}

/** What each setting may be. */
export const BOUNDS = Object.fromEntries(KEYS.map((key) => [key, boundOf(key)])) as Readonly<
  Record<Key, Bound>
>;

/** `policy` over the defaults. @throws ConfigurationError (`INVALID_CONFIGURATION`) with every problem. */
export function resolvePolicy(policy: WorkflowPolicy = {}): Readonly<Record<string, number>> {
  const defaults = Object.fromEntries(
    KEYS.map((key) => [key, (BREAKER_OPTIONS[key] as OptionSpec).default]).filter(([, value]) =>
      Number.isFinite(value),
    ),
  );
  const problems: string[] = [];
  for (const [key, value] of Object.entries(policy)) {
    const bound = Object.hasOwn(BOUNDS, key) ? BOUNDS[key as Key] : undefined;
    if (!bound) problems.push(`policy.${key} is not a setting of the workflow; allowed: ${KEYS.join(', ')}`);
    else if (!within(value, bound))
      problems.push(
        `policy.${key} is ${value}; allowed: a ${bound.whole ? 'whole ' : ''}number from ${bound.min} to ${bound.max}`,
      );
  }
  if (problems.length > 0) throw new ConfigurationError(problems);
  return { ...defaults, timeout: DEFAULT_TIMEOUT_MS, ...policy };
}

function within(value: unknown, { min, max, whole }: Bound): boolean {
  return typeof value === 'number' && value >= min && value <= max && (!whole || Number.isInteger(value));
}

function boundOf(key: Key): Bound {
  const { kind, min = 0, max = 1e6 }: OptionSpec = BREAKER_OPTIONS[key];
  const whole = kind === 'duration' || kind === 'integer';
  if (key === 'timeout') return { min: 1_000, max: LONGEST_TIMEOUT_MS, whole };
  return { min: key === 'leaseDuration' ? SHORTEST_LEASE_MS : min, max, whole };
}
