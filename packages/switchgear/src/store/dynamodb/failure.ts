/** Failures of DynamoDB as errors of this library: whether the write may have happened, and what mends it. */

import { StoreError } from '../../errors.ts';
import type { DynamoDBTransport, Operation, ServiceFailure } from './transport.ts';

const THROTTLED =
  /^(ProvisionedThroughputExceeded|Throttling|RequestLimitExceeded|ThrottlingException|TooManyRequests)/;

/** What can be known of something that was thrown. */
function partsOf(thrown: unknown): Partial<ServiceFailure> & { readonly code?: unknown } {
  return typeof thrown === 'object' && thrown !== null ? thrown : { message: String(thrown) };
}

/** The condition of a write did not hold: an answer, not a failure. */
export function conditionFailed(thrown: unknown): ServiceFailure | undefined {
  const { name } = partsOf(thrown);
  return name === 'ConditionalCheckFailedException' ? (thrown as ServiceFailure) : undefined;
}

export async function storeErrorOf(
  cause: unknown,
  operation: Operation,
  tableName: string,
  transport: DynamoDBTransport,
): Promise<StoreError> {
  const { name, message, code, $metadata: { httpStatusCode: status = 0 } = {} } = partsOf(cause);
  const what = `${operation} on table "${tableName}"`;
  const error = (fate: 'refused' | 'unknown', mend: string) =>
    new StoreError(`${what}: ${mend} (${name ?? 'failure'}: ${message})`, fate, { cause });

  if (code === 'ERR_MODULE_NOT_FOUND')
    return error('refused', 'install @aws-sdk/client-dynamodb, or hand in a transport');
  if (name === 'CredentialsProviderError') return error('refused', 'no credentials, nothing was sent');
  if (THROTTLED.test(name ?? '')) return error('refused', 'throttled');
  switch (name) {
    case 'ResourceNotFoundException': {
      const region = await transport.region?.().catch(() => undefined);
      return error(
        'refused',
        `no such table in region ${region ?? '(unknown)'}; create it, or mend tableName or region`,
      );
    }
    case 'AccessDeniedException':
      return error('refused', `allow dynamodb:${operation} on the table`);
    case 'ValidationException':
      return error(
        'refused',
        'refused as invalid; are partitionKey and sortKey those of the table, both strings?',
      );
  }
  // The service has looked at a request that it answers with 4xx; of anything else the fate is open.
  return status >= 400 && status < 500 ? error('refused', 'refused') : error('unknown', 'no answer');
}
