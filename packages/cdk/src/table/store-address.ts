import { Token } from 'aws-cdk-lib';
import type { CircuitBreakerTable } from './circuit-breaker-table.ts';
import { resolveLayout } from './layout.ts';

/** The table as `createStore` of `switchgear/config` and the variable `SWITCHGEAR_STORE` take it. */
export function storeAddress({ table, layout }: CircuitBreakerTable): string {
  const defaults: Readonly<Record<string, string | null>> = { ...resolveLayout() };
  const settings = Object.entries(layout)
    .filter(([name, value]) => value !== defaults[name])
    // A name that is only known at deployment must not be encoded: it would no longer be found.
    .map(([name, value]) => `${name}=${Token.isUnresolved(value) ? value : encodeURIComponent(value ?? '')}`);
  return `dynamodb://${table.tableName}${settings.length > 0 ? `?${settings.join('&')}` : ''}`;
}
