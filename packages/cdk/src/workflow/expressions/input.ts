/** What an execution may be started with. */

import type { Bounds, ResolvedPolicy } from '../policy.ts';

export const INPUT_RULES =
  'The input is { circuit, targetLambda, payload?, policy? }: a name of 1 to 255 characters, the name or ARN of a function, ' +
  'anything, and settings within their bounds: durations in whole milliseconds, maxResetTimeout at least resetTimeout.';

/** Whether `input` is one that the workflow understands, over the settings of the code. Evaluates to a boolean for any JSON. */
export function inputIsValid(input: string, code: ResolvedPolicy, bounds: Bounds): string {
  const { resetTimeout, maxResetTimeout } = code;
  return `(
  $input := ${input};
  $text := function($value, $most) { $type($value) = 'string' ? $length($value) >= 1 and $length($value) <= $most : false };
  $bounds := ${JSON.stringify(bounds)};
  $sound := function($policy) {(
    $within := function($key) {(
      $bound := $lookup($bounds, $key);
      $value := $lookup($policy, $key);
      $exists($bound) and $type($value) = 'number'
        ? $value >= $bound.min and $value <= $bound.max and ($bound.whole ? $value = $floor($value) : true) : false
    )};
    $all := $merge([${JSON.stringify({ resetTimeout, maxResetTimeout })}, $policy]);
    $count($keys($policy)[$not($within($))]) = 0 ? $all.maxResetTimeout >= $all.resetTimeout : false
  )};
  $type($input) = 'object'
    ? $text($input.circuit, 255) and $text($input.targetLambda, 256) and (
      $not($exists($input.policy)) ? true : $type($input.policy) = 'object' ? $sound($input.policy) : false
    ) : false
)`;
}
