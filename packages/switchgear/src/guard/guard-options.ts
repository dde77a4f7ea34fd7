/** Options of a guard, checked against its table. */

import { ConfigurationError } from '../errors.ts';
import { type OptionSpec, readOptions } from '../options.ts';

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
  const values = readOptions(table, [given], problems, `${guard}: `);
  if (problems.length > 0) throw new ConfigurationError(problems);
  return values as T;
}
