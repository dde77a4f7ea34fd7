/**
 * `@switchgear/cdk/health-check`: tests a dependency on a schedule, reports it to CloudWatch, and probes its circuit in the place
 * of customers.
 */

import { type Breaker, isSwitchgearError, Switchgear } from 'switchgear';
import { optionsFromEnv } from 'switchgear/config';
import { required, storeFromEnv } from './environment.ts';
import { metricLine } from './metrics.ts';

/** Rejects where the dependency is not well. */
export type Check = (signal: AbortSignal) => Promise<void>;

export interface HealthCheckOptions {
  readonly breaker: Breaker;
  readonly check: Check;
  /** After so many milliseconds the dependency is not well. */
  readonly timeoutMs: number;
  /** Takes the metrics. */
  readonly log: (line: string) => unknown;
  readonly now: () => number;
}

export interface HealthReport {
  readonly healthy: boolean;
  /** Whether the check went through the circuit, as a call or as its probe. */
  readonly counted: boolean;
  readonly latencyMs: number;
}

/** How open the circuit is, for a graph: 0 closed, 0.5 in between, 1 open. */
const OPENNESS: Readonly<Record<string, number>> = {
  closed: 0,
  'forced-closed': 0,
  disabled: 0,
  open: 1,
  'forced-open': 1,
  'local-open': 1,
};

/**
 * One check, as a call through the circuit: it counts like any other, and is the probe when it is time for one. While the
 * circuit admits nothing the dependency is tested beside it, for the metrics alone. Never rejects.
 */
export async function checkHealth({
  breaker,
  check,
  timeoutMs,
  log,
  now,
}: HealthCheckOptions): Promise<HealthReport> {
  const startMs = now();
  let counted = true;
  const test = () => inTime(check, timeoutMs);
  const healthy = await breaker
    .execute(test)
    .catch((error: unknown) => {
      if (!isSwitchgearError(error, 'CIRCUIT_OPEN')) throw error;
      counted = false;
      return test();
    })
    .then(
      () => true,
      () => false,
    );
  const latencyMs = now() - startMs;
  log(
    metricLine(
      breaker.name,
      {
        HealthCheckFailures: [healthy ? 0 : 1, 'Count'],
        HealthCheckLatency: [latencyMs, 'Milliseconds'],
        CircuitOpenness: [OPENNESS[breaker.state.state] ?? 0.5, 'None'],
      },
      now(),
    ),
  );
  return { healthy, counted, latencyMs };
}

/** A test that does not heed its signal is not waited for either. */
function inTime(check: Check, timeoutMs: number): Promise<void> {
  const signal = AbortSignal.timeout(timeoutMs);
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    check(signal).then(resolve, reject);
  });
}

/** GET: any answer below 400 is one of a dependency that is well. */
export function httpCheck(url: string): Check {
  return async (signal) => {
    const response = await fetch(url, { signal, redirect: 'manual' });
    await response.body?.cancel();
    if (response.status >= 400)
      throw Object.assign(new Error(`answers ${response.status}`), { status: response.status });
  };
}

/**
 * The handler of a health check with a test of your own, for `HealthCheck`'s `entry`:
 *
 * @example
 * export const handler = healthCheck(async (signal) => { await db.query('select 1', { signal }); });
 */
export function healthCheck(check: Check): () => Promise<HealthReport> {
  let options: Promise<HealthCheckOptions> | undefined;
  return async () => {
    options ??= fromEnvironment(check);
    return checkHealth(await options);
  };
}

/** A breaker that takes every rejection for a failure: in a test there is no error that is the program's own. */
export function proberOf(gear: Switchgear, circuit: string): Breaker {
  return gear.breaker(circuit, { isBreakable: () => true });
}

async function fromEnvironment(check: Check): Promise<HealthCheckOptions> {
  const { options } = optionsFromEnv();
  const gear = new Switchgear({ ...options, store: await storeFromEnv(), prober: true });
  return {
    breaker: proberOf(gear, required('CIRCUIT')),
    check,
    timeoutMs: Number(required('CHECK_TIMEOUT_MS')),
    // Past a `console` that Lambda has changed: CloudWatch wants the line to be nothing but JSON.
    log: (line) => process.stdout.write(`${line}\n`),
    now: Date.now,
  };
}
