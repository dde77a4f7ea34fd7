/** Settings of a circuit that the workflow understands. The same bounds hold in the construct and in an execution's input. */

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
 * from 1 000 to 240 000, less where `retry` must fit in beside it, and counts in whole seconds; `leaseDuration` (default:
 * `timeout` and 1 000 more) is at least 2 000.
 */
export type WorkflowPolicy = { readonly [key in Key]?: number };
export type ResolvedPolicy = Readonly<Record<string, number>>;

const DEFAULT_TIMEOUT_MS = 30_000;
const SHORTEST_TIMEOUT_MS = 1_000;
/** A shorter lease leaves no whole second for a call, once the answer that granted it has come: others must probe. */
export const SHORTEST_LEASE_MS = 2_000;

export interface Bound {
  readonly min: number;
  readonly max: number;
  readonly whole: boolean;
}

export type Bounds = Readonly<Record<Key, Bound>>;

/** What each setting may be, where a call may take `longestTimeoutMs`. */
export function boundsOf(longestTimeoutMs: number): Bounds {
  return Object.fromEntries(KEYS.map((key) => [key, boundOf(key, longestTimeoutMs)])) as Bounds;
}

/** `policy` over the defaults. Adds to `problems` what cannot be. */
export function resolvePolicy(
  policy: WorkflowPolicy = {},
  bounds: Bounds,
  problems: string[],
): ResolvedPolicy {
  const defaults = Object.fromEntries(
    KEYS.map((key) => [key, (BREAKER_OPTIONS[key] as OptionSpec).default]).filter(([, value]) =>
      Number.isFinite(value),
    ),
  );
  const values: ResolvedPolicy = { ...defaults, timeout: DEFAULT_TIMEOUT_MS, ...policy };
  for (const [key, value] of Object.entries(values)) {
    const bound = Object.hasOwn(bounds, key) ? bounds[key as Key] : undefined;
    if (!bound) problems.push(`policy.${key} is not a setting of the workflow; allowed: ${KEYS.join(', ')}`);
    else if (!within(value, bound))
      problems.push(
        `policy.${key} is ${value}; allowed: a ${bound.whole ? 'whole ' : ''}number from ${bound.min} to ${bound.max}`,
      );
  }
  const { maxResetTimeout, resetTimeout } = values;
  if (Number(maxResetTimeout) < Number(resetTimeout))
    problems.push(
      `policy.maxResetTimeout is ${maxResetTimeout}; allowed: at least resetTimeout, ${resetTimeout}`,
    );
  return values;
}

function within(value: unknown, { min, max, whole }: Bound): boolean {
  return typeof value === 'number' && value >= min && value <= max && (!whole || Number.isInteger(value));
}

function boundOf(key: Key, longestTimeoutMs: number): Bound {
  const { kind, min = 0, max = 1e6 }: OptionSpec = BREAKER_OPTIONS[key];
  const whole = kind === 'duration' || kind === 'integer';
  if (key === 'timeout') return { min: SHORTEST_TIMEOUT_MS, max: longestTimeoutMs, whole };
  return { min: key === 'leaseDuration' ? SHORTEST_LEASE_MS : min, max, whole };
}
