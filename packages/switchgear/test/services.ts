/** vitest's global set-up: one DynamoDB Local for the whole run, Redis, Valkey and the sidecar's clients installed. If it does not come up, the run fails. */

import type { TestProject } from 'vitest/node';
import {
  installClients,
  installRedis,
  installValkey,
  startDynamoDBLocal,
} from '../../../scripts/services.mjs';

declare module 'vitest' {
  interface ProvidedContext {
    /** Address of DynamoDB Local. */
    dynamodbEndpoint: string;
    /** Path of Valkey's server; empty where no package of it is to be had. */
    valkeyServer: string;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  // Its tests start servers of their own, at the same time: too late to install it.
  await installRedis();
  project.provide('valkeyServer', (await installValkey()) ?? '');
  // Before DynamoDB Local, which would install a Java without its compiler.
  await installClients();
  const { endpoint, stop } = await startDynamoDBLocal();
  project.provide('dynamodbEndpoint', endpoint);
  return stop;
}
