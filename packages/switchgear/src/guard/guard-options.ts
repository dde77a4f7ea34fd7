/** Options of a guard, checked against its table. */

import { ConfigurationError } from '../errors.ts';
import { accept, type OptionSpec, refusal } from '../options.ts';
import { didYouMean } from '../suggest.ts';

/**
 * `given` over the defaults of `table`; durations in milliseconds.
 * @throws ConfigurationError (`INVALID_CONFIGURATION`) with every problem, each with the value and what is allowed.
 */
export function readGuardOptions<T>(
  guard: string,
  table: Readonly<Record<keyof T & string, OptionSpec>>,
  given: object,
): T {
  const problems: string[] = [];
  const specs: Readonly<Record<string, OptionSpec>> = table;
  const values = new Map<string, unknown>(Object.entries(specs).map(([key, spec]) => [key, spec.default]));
  for (const [key, value] of Object.entries(given)) {
    const spec = Object.hasOwn(specs, key) ? specs[key] : undefined;
    const accepted = spec && value !== undefined ? accept(spec, value) : undefined;
    if (!spec) problems.push(`${guard}: ${key} is not an option${didYouMean(key, Object.keys(specs))}`);
    else if (accepted !== undefined) values.set(key, accepted);
    else if (value !== undefined) problems.push(`${guard}: ${refusal(key, value, spec)}`);
  }
  if (problems.length > 0) throw new ConfigurationError(problems);
  return Object.fromEntries(values) as T;
}
