/**
 * The settings in force: those of the execution, and over them those that are stored with the circuit; all of these or none, as
 * in the library (`packages/switchgear/src/circuit/live-policy.ts`).
 */

import type { OptionSpec } from 'switchgear/config';
import { POLICY } from 'switchgear/operate';
import { SHORTEST_LEASE_MS } from '../policy.ts';
import { literal } from './jsonata.ts';

/** What may be stored, as the expression needs it. What is off counts as the most that there is. */
const STORABLE = Object.fromEntries(
  Object.entries(POLICY).map(
    ([key, { kind, min = 0, max = Number.MAX_SAFE_INTEGER, off }]: [string, OptionSpec]) => [
      key,
      {
        min: key === 'leaseDuration' ? SHORTEST_LEASE_MS : min,
        max,
        kind,
        ...(off !== undefined && { off: Math.min(off, max) }),
      },
    ],
  ),
);

/** Sets `$rules`. Reads `$policy`, and the stored settings in `$stored`. */
export const SETTINGS = `
  $code := $merge([{ 'leaseDuration': $policy.timeout + 1000 }, $policy]);
  $values := $stored.policy.values;
  $rules := $not($exists($values)) ? $code : (
    $storable := ${JSON.stringify(STORABLE)};
    $taken := $merge([$keys($values).(
      $bound := $lookup($storable, $);
      $value := $lookup($values, $);
      $parts := $type($value) = 'string' and $bound.kind = 'duration'
        ? $match($value, /^([0-9]+([.][0-9]+)?)(ms|s|m|h)$/).groups : [];
      $number := $type($value) = 'number' ? $value
        : $value = 'off' ? $bound.off
        : $count($parts) > 0 ? $number($parts[0]) * $lookup(${literalMap({ ms: 1, s: 1_000, m: 60_000, h: 3_600_000 })}, $parts[2]);
      $exists($number) and $number >= $bound.min and $number <= $bound.max
        and ($bound.kind = 'integer' ? $number = $floor($number) : true) ? { $: $number }
    )]);
    $all := $merge([$code, $taken]);
    $count($keys($taken)) = $count($keys($values)) and $all.maxResetTimeout >= $all.resetTimeout ? $all : $code
  );`;

function literalMap(values: Readonly<Record<string, number>>): string {
  return `{ ${Object.entries(values)
    .map(([key, value]) => `${literal(key)}: ${value}`)
    .join(', ')} }`;
}
