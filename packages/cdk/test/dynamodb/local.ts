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

/** One request as it stands: no SDK leaves out what it does not know. Rejects with the service's name of the error. */
export async function ask(operation: string, body: object, service = 'DynamoDB_20120810'): Promise<object> {
  const response = await fetch(inject('dynamodbEndpoint'), {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': `${service}.${operation}`,
      // DynamoDB Local takes the region and the key out of it, and looks at no signature.
      authorization:
        'AWS4-HMAC-SHA256 Credential=local/20261121/eu-central-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0',
    },
    body: JSON.stringify(body),
  });
  const answer = (await response.json()) as { __type?: string; message?: string; Message?: string };
  if (response.ok) return answer;
  const { __type: type = '', message = answer.Message } = answer;
  throw Object.assign(new Error(message), { name: type.slice(type.indexOf('#') + 1) });
}
