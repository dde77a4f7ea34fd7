/** What each option means, in the words of its type: for documentation and the command line. Kept apart, so that no function in production carries it. */

import type { BreakerOptions, GearOptions } from '../options.ts';

export const BREAKER_DESCRIPTIONS: Readonly<Record<keyof BreakerOptions, string>> = {
  failureThreshold:
    'Failed (or slow) calls in the window that trip the circuit, of the whole fleet, not counting isolated ones. Default 3.',
  minCalls: 'Calls in the window below which nothing trips. Default 0.',
  failureRatio: 'Share of failed calls, 0–1, below which nothing trips. Default 0.1.',
  failureWindow: 'Length of the window in which calls are counted, at least 2 seconds. Default 1 minute.',
  slowCallDuration: 'A call that takes longer counts as slow. Default off.',
  slowCallRatio: 'Share of slow calls, 0–1, below which slowness trips nothing. Default 0.5.',
  consecutiveFailures: 'Failures in a row within one process that make it trip by itself. Default off.',
  quorum:
    'Processes that must see failures before the fleet trips; a single bad one then isolates itself. Default 1.',
  resetTimeout: 'How long the circuit stays open after the first trip. Default 10 seconds.',
  backoff: 'Factor by which the open time grows with each failed attempt to recover. Default 2.',
  jitter: 'Share of itself, 0–1, by which chance lengthens the open time at most. Default 0.1.',
  maxResetTimeout:
    "Longest open time, whatever backoff, jitter or the dependency's `Retry-After` ask for. Default 5 minutes.",
  halfOpenMaxProbes: 'Probe calls at the same time while half-open, in the whole fleet. Default 1.',
  halfOpenSuccessThreshold:
    'Probes that must succeed, anywhere in the fleet, before the circuit closes. Default 1.',
  leaseDuration:
    'How long a probe may take before another process takes its place. At least `timeout`. Default: `timeout`, or 30 seconds where it is off, and 1 second more.',
  rampDuration: 'Time after closing in which the admitted share of calls rises to all of them. Default off.',
  rampFrom: 'Share of calls, 0–1, with which the ramp begins. Default 0.1.',
  healthCheckGrace:
    "Time in which a probe that may be made is left to a process with `prober`, a health check; then anybody's. Default off.",
  pinned:
    'Settings of this circuit that one stored with it does not replace; `true`: none is replaced. Default: every one may be.',
  timeout: 'Time after which a call fails with a `TimeoutError` and its signal is aborted. Default off.',
  maxConcurrent: 'Calls of one process at the same time; more wait in line. Default 10.',
  maxQueue: 'Calls that may wait in line; more are refused with a `BulkheadFullError`. Default 100.',
  queueTimeout: 'Longest wait in line. Default 1 second.',
  mode: '`shadow` counts, decides and reports, for the whole fleet too, and rejects nothing: no line, and a timeout only counts. Default `enforce`.',
  isBreakable:
    'Whether an error counts as a failure of the dependency. Default: timeouts, failed connections, HTTP 5xx and 429.',
  isFailure: 'Whether a result counts as a failure although nothing was thrown. Default: none does.',
};

export const GEAR_DESCRIPTIONS: Readonly<Record<keyof GearOptions, string>> = {
  cacheTtl:
    'Age at which what the process knows of a circuit is read anew, in the background. Default 5 seconds.',
  maxStale:
    'Age beyond which it is no longer relied on, so that a call waits for the store. At least `cacheTtl`. Default: twice `cacheTtl`.',
  storeTimeout: 'Longest time that one store call may take. Default 500 milliseconds.',
  processId: 'Name of this process in leases and history. Default: random.',
  awaitReports:
    'Whether a failing call waits until its failure is reported. Default: in AWS Lambda, where nothing runs between invocations.',
  disabled:
    'Whether all breakers stand aside: calls go straight through, nothing is counted, limited or stored. Default: no.',
  prober:
    'Whether this process is a health check, which probes before others do: see `healthCheckGrace`. Default: no.',
};
