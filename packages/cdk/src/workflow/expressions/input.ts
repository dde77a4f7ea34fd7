/** What an execution may be started with. */

import { BOUNDS } from '../policy.ts';

export const INPUT_RULES =
  'The input is { circuit, targetLambda, payload?, policy? }: a name of 1 to 255 characters, the name or ARN of a function, ' +
  'anything, and settings within their bounds: durations in whole milliseconds, maxResetTimeout at least resetTimeout.';

/** Whether `input` is one that the workflow understands. Evaluates to a boolean for any JSON. */
export function inputIsValid(input: string): string {
  return `(
  $input := ${input};
  $text := function($value, $most) { $type($value) = 'string' ? $length($value) >= 1 and $length($value) <= $most : false };
  $bounds := ${JSON.stringify(BOUNDS)};
  $policy := $exists($input.policy) ? $input.policy : {};
  $sound := function($key) {(
    $bound := $lookup($bounds, $key);
    $value := $lookup($policy, $key);
    $exists($bound) and $type($value) = 'number'
      ? $value >= $bound.min and $value <= $bound.max and ($bound.whole ? $value = $floor($value) : true) : false
  )};
  $text($input.circuit, 255) and $text($input.targetLambda, 256) and ($type($policy) = 'object'
    ? $count($keys($policy)[$not($sound($))]) = 0
      and ($exists($policy.resetTimeout) and $exists($policy.maxResetTimeout)
        ? $policy.maxResetTimeout >= $policy.resetTimeout : true)
    : false)
)`;
}
