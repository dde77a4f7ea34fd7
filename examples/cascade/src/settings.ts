/** The breaker's settings in the demo: production's are longer, nobody wants to watch for minutes. */

import type { BreakerOptions } from 'switchgear';

/** Of one call on the ledger, with or without a breaker. */
export const TIMEOUT_MS = 400;

/** How old a process's view of the circuit may become under calls. */
export const CACHE_TTL_MS = 1_000;

export const RESET_TIMEOUT_MS = 1_000;

export const BREAKER: BreakerOptions = {
  timeout: TIMEOUT_MS,
  failureThreshold: 5,
  // Nothing fails here but in the outage: no failure is a stray one.
  failureRatio: 0,
  failureWindow: 10_000,
  resetTimeout: RESET_TIMEOUT_MS,
  backoff: 1.5,
  maxResetTimeout: 1_500,
  // No bulkhead: the runs differ in the breaker alone.
  maxConcurrent: Number.POSITIVE_INFINITY,
  isFailure: (status) => Number(status) >= 500,
};

/** The embedded store asks for none, the SDK insists on some. */
export const LOCAL_CREDENTIALS = { accessKeyId: 'local', secretAccessKey: 'local' };
