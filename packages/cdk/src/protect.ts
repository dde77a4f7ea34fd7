import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { checkedEnvironment } from './checked-environment.ts';
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
/** How much time Lambda gives a function that does not say. */
const DEFAULT_SECONDS = 3;

/**
 * All that a function needs to call through circuits of `table`: the store's address and the options in its environment, the
 * rights, and a time limit for calls a second below its own, unless that is one second itself, or `TIMEOUT` says otherwise.
 * @throws ConfigurationError (`INVALID_CONFIGURATION`) with every problem of the options.
 */
export function protect(
  fn: LambdaFunction,
  table: CircuitBreakerTable,
  { circuits, options = {} }: ProtectOptions = {},
): void {
  const seconds = fn.timeout?.toSeconds() ?? DEFAULT_SECONDS;
  const limit = seconds > MARGIN_SECONDS ? { TIMEOUT: `${seconds - MARGIN_SECONDS}s` } : {};
  const named = Object.entries({ ...limit, ...options, STORE: storeAddress(table) });
  const environment = Object.fromEntries(named.map(([name, value]) => [`SWITCHGEAR_${name}`, value]));
  for (const [name, value] of Object.entries(checkedEnvironment(environment))) fn.addEnvironment(name, value);
  table.grantUse(fn, circuits ? { circuits } : {});
}
