/** Settings on their way into the store. */

import type { Policy } from '../core/policy.ts';
import type { StoredPolicy } from '../core/record.ts';
import {
  accept,
  type BreakerOptions,
  checkTogether,
  isPlain,
  type OptionSpec,
  POLICY_OPTIONS,
  refusal,
} from '../options.ts';
import { didYouMean } from '../suggest.ts';

/** Settings that can be stored with a circuit: how it decides, not what surrounds a call. */
export type PolicyValues = Pick<BreakerOptions, keyof Policy>;

/** What each of them may be. */
export const POLICY: Readonly<Record<keyof Policy, OptionSpec>> = POLICY_OPTIONS;

/**
 * `values` as every language can read them: durations in milliseconds, `'off'` for what is off. Whether they go together with
 * what they leave to the code of a process, that process sees.
 */
export function policyValues(values: PolicyValues, problems: string[]): StoredPolicy['values'] {
  const stored: Record<string, number | string> = {};
  if (!isPlain('values', values, problems)) return stored;
  for (const [key, value] of Object.entries(values)) {
    const spec = Object.hasOwn(POLICY, key) ? POLICY[key as keyof Policy] : undefined;
    const meaning = spec && accept(spec, value);
    if (!spec) problems.push(`values.${key} is not a setting${didYouMean(key, Object.keys(POLICY))}`);
    else if (meaning === undefined) problems.push(refusal(`values.${key}`, value, spec));
    else stored[key] = meaning === Infinity ? 'off' : (meaning as number);
  }
  checkTogether(POLICY, stored, problems, 'values.');
  return stored;
}
