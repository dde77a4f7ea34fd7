/** How a call is tried again. */

import type { Retrier } from './asl.ts';

/** Tries again with exponential backoff and full jitter. A probe is never tried again. */
export interface WorkflowRetry {
  /** 1 to 10. */
  readonly maxAttempts: number;
  /** Names of the errors. Default: those with which Lambda itself did not run the function, or not to its end. */
  readonly errors?: readonly string[];
  /** Longest wait before the second try, whole seconds from 1 to 60. Default 1; doubles with each. */
  readonly intervalSeconds?: number;
  /** Longest wait at all, whole seconds, at least `intervalSeconds` and at most 60. Default 10. */
  readonly maxDelaySeconds?: number;
}

const LAMBDA_FAILED = [
  'Lambda.ClientExecutionTimeoutException',
  'Lambda.ServiceException',
  'Lambda.AWSLambdaException',
  'Lambda.SdkClientException',
  'Lambda.TooManyRequestsException',
];

const MAX_ATTEMPTS = 10;
const LONGEST_DELAY_SECONDS = 60;

/** `retry` as ASL has it. Adds to `problems` what cannot be. */
export function retrier(
  { maxAttempts, errors = LAMBDA_FAILED, intervalSeconds = 1, maxDelaySeconds = 10 }: WorkflowRetry,
  problems: string[],
): Required<Retrier> {
  const whole = (name: string, value: number, min: number, max: number) => {
    if (!(Number.isInteger(value) && value >= min && value <= max))
      problems.push(`retry.${name} is ${value}; allowed: a whole number from ${min} to ${max}`);
  };
  whole('maxAttempts', maxAttempts, 1, MAX_ATTEMPTS);
  whole('intervalSeconds', intervalSeconds, 1, LONGEST_DELAY_SECONDS);
  whole('maxDelaySeconds', maxDelaySeconds, intervalSeconds, LONGEST_DELAY_SECONDS);
  if (errors.length === 0) problems.push('retry.errors is empty; allowed: names of errors');
  if (errors.includes('States.ALL') && errors.length > 1)
    problems.push('retry.errors has States.ALL beside others; allowed: it alone, or names of errors');
  return {
    ErrorEquals: errors,
    IntervalSeconds: intervalSeconds,
    MaxAttempts: maxAttempts,
    BackoffRate: 2,
    MaxDelaySeconds: maxDelaySeconds,
    JitterStrategy: 'FULL',
  };
}

/** How long a call may take at most, milliseconds, so that all its tries and the waits between them fit into `seconds`. */
export function longestTimeoutMs(seconds: number, retry?: Required<Retrier>): number {
  if (!retry) return seconds * 1_000;
  const { MaxAttempts, IntervalSeconds, BackoffRate, MaxDelaySeconds } = retry;
  let left = seconds;
  for (let attempt = 0; attempt < MaxAttempts; attempt++)
    left -= Math.min(MaxDelaySeconds, IntervalSeconds * BackoffRate ** attempt);
  return Math.floor(left / (MaxAttempts + 1)) * 1_000;
}
