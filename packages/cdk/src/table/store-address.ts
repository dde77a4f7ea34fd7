import { Arn, ArnFormat, Stack, Token } from 'aws-cdk-lib';
import type { CircuitBreakerTable } from './circuit-breaker-table.ts';
import { resolveLayout } from './layout.ts';

/** The table as `createStore` of `switchgear/config` and the variable `SWITCHGEAR_STORE` take it. */
export function storeAddress(circuits: CircuitBreakerTable): string {
  const { table, layout } = circuits;
  const defaults: Readonly<Record<string, string | null>> = { ...resolveLayout() };
  const settings = Object.entries(layout)
    .filter(([name, value]) => value !== defaults[name])
    // A name that is only known at deployment must not be encoded: it would no longer be found.
    .map(([name, value]) => `${name}=${Token.isUnresolved(value) ? value : encodeURIComponent(value ?? '')}`);
  const region = foreignRegion(circuits);
  if (region) settings.unshift(`region=${region}`);
  return `dynamodb://${table.tableName}${settings.length > 0 ? `?${settings.join('&')}` : ''}`;
}

/** The region of a table that is known to lie in another than its stack may: a client would look for it in its own. */
export function foreignRegion(circuits: CircuitBreakerTable): string | undefined {
  const { tableArn, env } = circuits.table;
  const region = Token.isUnresolved(tableArn)
    ? env.region
    : Arn.split(tableArn, ArnFormat.SLASH_RESOURCE_NAME).region;
  return region === undefined || Token.isUnresolved(region) || region === Stack.of(circuits).region
    ? undefined
    : region;
}
