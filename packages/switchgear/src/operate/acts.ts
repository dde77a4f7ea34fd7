/** What operators may ask for, as tables like those of the options: validation, forms and documentation read them. */

import type { OverrideRequest } from '../core/apply.ts';
import type { OverrideMode } from '../core/record.ts';
import type { Duration } from '../duration.ts';
import { ConfigurationError } from '../errors.ts';
import { checkName, isPlain, type OptionSpec, readOptions, show } from '../options.ts';

/** Who acts, and why. */
export interface Author {
  /** 1 to 64 characters. Default: the operator's `by`. */
  readonly by?: string;
  /** 1 to 256 characters. */
  readonly reason: string;
}

/** Who acts on what he saw. */
export interface Witness extends Author {
  /**
   * The version that he saw of what he replaces: of the override (`overrideVersion` of a status) or of the stored policy, 0:
   * none. The act is refused where somebody has changed it since. Default: it replaces whatever is there.
   */
  readonly ifVersion?: number;
}

/** An override for `setStates`. */
export interface StateRequest extends Witness {
  /** `release` ends what is in force. */
  readonly mode: OverrideMode | 'release';
  /** How long it holds: milliseconds or `'10m'`, up to 30 days. Default: until released. */
  readonly forMs?: Duration;
}

const MONTH_MS = 30 * 86_400_000;

/** Who acts, and why: the record carries it, and is to stay small. */
export const AUTHOR = {
  by: { kind: 'text', min: 1, max: 64, required: true },
  reason: { kind: 'text', min: 1, max: 256, required: true },
} as const satisfies Record<keyof Author, OptionSpec>;

/** The same, acting on what he saw. */
export const WITNESS = {
  ...AUTHOR,
  ifVersion: { kind: 'integer', min: 0, max: Number.MAX_SAFE_INTEGER },
} as const satisfies Record<keyof Witness, OptionSpec>;

/** An override. */
export const OVERRIDE = {
  mode: { kind: 'choice', choices: ['forced-open', 'forced-closed', 'disabled', 'release'], required: true },
  ...WITNESS,
  forMs: { kind: 'duration', min: 1, max: MONTH_MS },
} as const satisfies Record<keyof OverrideRequest, OptionSpec>;

type Table<T> = Readonly<Record<keyof T, OptionSpec>>;

/** @throws ConfigurationError for what is no list of names that circuits can have. */
export function checkNames(names: readonly string[]): void {
  const problems: string[] = [];
  // Of a text each letter would be one.
  if (!Array.isArray(names)) problems.push(`names is ${show(names)}; allowed: a list of names`);
  else for (const name of names) checkName(name, problems);
  if (problems.length) throw new ConfigurationError(problems);
}

/** What `requests` asks for by name. @throws ConfigurationError for what is no plain object. */
export function entriesOf<T>(requests: Readonly<Record<string, T>>): [name: string, request: T][] {
  const problems: string[] = [];
  if (isPlain('requests', requests, problems)) return Object.entries(requests);
  throw new ConfigurationError(problems);
}

/**
 * Acts on circuits, complete and checked: what lies in the store must be legible to the fleet.
 * @throws ConfigurationError (`INVALID_CONFIGURATION`) with every problem.
 */
export function resolveActs<T extends { readonly by: string }>(
  table: Table<T>,
  acts: readonly (readonly [name: string, act: unknown])[],
  by: string | undefined,
): (readonly [name: string, act: T])[] {
  const problems: string[] = [];
  const resolved = acts.map(([name, act]) => {
    checkName(name, problems);
    return [name, readOptions(table, [act as object, { by }], problems, `${name}.`) as unknown as T] as const;
  });
  if (problems.length) throw new ConfigurationError(problems);
  return resolved;
}
