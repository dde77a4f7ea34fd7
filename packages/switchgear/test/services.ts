/** vitest's global set-up: one DynamoDB Local for the whole run, Redis and the sidecar's clients installed. If it does not come up, the run fails. */

import type { TestProject } from 'vitest/node';
import { installClients, installRedis, startDynamoDBLocal } from '../../../scripts/services.mjs';

declare module 'vitest' {
  interface ProvidedContext {
    /** Address of DynamoDB Local. */
    dynamodbEndpoint: string;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  // Its tests start servers of their own, at the same time: too late to install it.
  await installRedis();
  // Before DynamoDB Local, which would install a Java without its compiler.
  await installClients();
  const { endpoint, stop } = await startDynamoDBLocal();
  project.provide('dynamodbEndpoint', endpoint);
  return stop;
}
