/** A client of DynamoDB Local whose service clock is the test's. */

import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { inject } from 'vitest';

/** @param nowMs what the answers' `Date` header shows */
export function localClient(nowMs: () => number): DynamoDBClient {
  const client = new DynamoDBClient({
    endpoint: inject('dynamodbEndpoint'),
    region: 'eu-central-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    maxAttempts: 1,
  });
  const handler = client.config.requestHandler;
  const handle = handler.handle.bind(handler);
  handler.handle = async (request, options) => {
    const { response } = await handle(request, options);
    response.headers.date = new Date(nowMs()).toUTCString();
    return { response };
  };
  return client;
}
