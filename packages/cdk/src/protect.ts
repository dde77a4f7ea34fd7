import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { CircuitBreakerTable } from './table/circuit-breaker-table.ts';
import { storeAddress } from './table/store-address.ts';

export interface ProtectOptions {
  /** Circuits that the function calls through; it may touch no other. Default: all. */
  readonly circuits?: readonly string[];
  /** Options of the library as it reads them from the environment: `{ FAILURE_THRESHOLD: '5', PAYMENTS_TIMEOUT: '2s' }`. */
  readonly options?: Readonly<Record<string, string>>;
}

/** How much of a function's time its calls leave to the reports and the answer, seconds. */
const MARGIN_SECONDS = 1;

/**
 * All that a function needs to call through circuits of `table`: the store's address and the options in its environment, the
 * rights, and a time limit for calls below its own, where it has one and `TIMEOUT` does not say otherwise.
 */
export function protect(
  fn: LambdaFunction,
  table: CircuitBreakerTable,
  { circuits, options = {} }: ProtectOptions = {},
): void {
  const seconds = fn.timeout?.toSeconds();
  const limit =
    seconds !== undefined && seconds > MARGIN_SECONDS ? { TIMEOUT: `${seconds - MARGIN_SECONDS}s` } : {};
  for (const [name, value] of Object.entries({ ...limit, ...options }))
    fn.addEnvironment(`SWITCHGEAR_${name}`, value);
  fn.addEnvironment('SWITCHGEAR_STORE', storeAddress(table));
  table.grantUse(fn, circuits ? { circuits } : {});
}
