/** Lambda functions that come with this package: the library and a handler, bundled. */

import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Duration, RemovalPolicy } from 'aws-cdk-lib';
import { Architecture, Runtime } from 'aws-cdk-lib/aws-lambda';
import { type BundlingOptions, NodejsFunction, OutputFormat } from 'aws-cdk-lib/aws-lambda-nodejs';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { checkedEnvironment } from './checked-environment.ts';
import type { CircuitBreakerTable } from './table/circuit-breaker-table.ts';
import { storeAddress } from './table/store-address.ts';

export interface LibraryFunctionProps {
  /** File of the handler, for esbuild. */
  readonly entry: string;
  readonly table: CircuitBreakerTable;
  readonly environment: Readonly<Record<string, string>>;
  readonly timeout: Duration;
  readonly description: string;
}

/**
 * How `NodejsFunction` bundles a function that uses the library, for its `bundling`: as an ES module, without the clients that are
 * there already, and those of Redis, which a function over this table has no use for.
 */
export const BUNDLING = {
  format: OutputFormat.ESM,
  externalModules: ['@aws-sdk/*', 'ioredis', 'redis'],
} satisfies BundlingOptions;

/** Of a function, in Lambda. */
const LONGEST_DESCRIPTION = 256;

export function libraryFunction(scope: Construct, id: string, props: LibraryFunctionProps): NodejsFunction {
  const { entry, table, environment, timeout, description } = props;
  return new NodejsFunction(scope, id, {
    entry,
    description: description.slice(0, LONGEST_DESCRIPTION),
    timeout,
    runtime: Runtime.NODEJS_24_X,
    architecture: Architecture.ARM_64,
    memorySize: 256,
    environment: checkedEnvironment({ ...environment, SWITCHGEAR_STORE: storeAddress(table) }),
    logGroup: new LogGroup(scope, `${id}Logs`, {
      retention: RetentionDays.ONE_MONTH,
      removalPolicy: RemovalPolicy.DESTROY,
    }),
    bundling: { ...BUNDLING, minify: true },
  });
}

/** The file of one of this package's own handlers, compiled or not. */
export function ownHandler(name: string): string {
  const compiled = fileURLToPath(new URL(`./lambda/${name}.js`, import.meta.url));
  return existsSync(compiled) ? compiled : compiled.replace(/\.js$/, '.ts');
}
