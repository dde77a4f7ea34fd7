/** The settings that a circuit goes by: those of its code, and over them those that are stored with it. */

import type { StoredPolicy } from '../core/record.ts';
import { StoreError } from '../errors.ts';
import { POLICY_OPTIONS, type ResolvedOptions, resolveOptions } from '../options.ts';

/**
 * `code` with the stored settings over it, but for those that the code has pinned. All of them or none: half of what an
 * operator decided is not what was decided.
 * @throws StoreError with every problem, where this version does not know a setting or cannot take it.
 */
export function inForce(
  name: string,
  code: ResolvedOptions,
  stored: StoredPolicy | undefined,
): ResolvedOptions {
  if (!stored) return code;
  const layer: Record<string, unknown> = {};
  try {
    for (const [key, value] of Object.entries(stored.values)) {
      if (!Object.hasOwn(POLICY_OPTIONS, key)) throw new Error(`${key} is not a setting`);
      if (!code.pinned?.some((pinned) => pinned === key)) layer[key] = value === 'off' ? false : value;
    }
    return resolveOptions(name, [layer, code]);
  } catch (cause) {
    const what = `stored policy of circuit "${name}", version ${stored.version}, is ignored`;
    throw new StoreError(`${what}: ${(cause as Error).message}`, 'unknown', { cause });
  }
}
