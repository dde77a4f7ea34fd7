/** vitest's global set-up: one DynamoDB Local for the whole run. If it does not come up, the run fails. */

import type { TestProject } from 'vitest/node';
import { startDynamoDBLocal } from '../../../scripts/services.mjs';

declare module 'vitest' {
  interface ProvidedContext {
    /** Address of DynamoDB Local. */
    dynamodbEndpoint: string;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { endpoint, stop } = await startDynamoDBLocal();
  project.provide('dynamodbEndpoint', endpoint);
  return stop;
}
