/** Failures of DynamoDB as errors of this library: whether the write may have happened, and what mends it. */

import { StoreError } from '../../errors.ts';
import type { DynamoDBTransport, Operation, ServiceFailure } from './transport.ts';

/** What mends a failure, by its name or code. None of these has written anything. */
const MENDS: Readonly<Record<string, string>> = {
  ResourceNotFoundException: 'create the table, or mend tableName or region',
  AccessDeniedException: 'allow this operation on the table',
  ValidationException: 'partitionKey and sortKey must be those of the table, both strings',
  CredentialsProviderError: 'give the process credentials',
  ERR_MODULE_NOT_FOUND: 'install @aws-sdk/client-dynamodb',
};

/** What mends `cause`, where that is known. */
export function mendOf(cause: unknown): string | undefined {
  const { name, code = name } = Object(cause) as { readonly name?: string; readonly code?: string };
  return MENDS[code ?? ''];
}

/** The condition of a write did not hold: an answer, not a failure. */
export function conditionFailed(thrown: unknown): ServiceFailure | undefined {
  const failure = thrown as ServiceFailure | undefined;
  return failure?.name === 'ConditionalCheckFailedException' ? failure : undefined;
}

export async function storeErrorOf(
  cause: unknown,
  operation: Operation,
  tableName: string,
  transport: DynamoDBTransport,
): Promise<StoreError> {
  const {
    name,
    message = String(cause),
    code = name,
    $metadata,
  } = Object(cause) as Partial<ServiceFailure & { readonly code: string }>;
  const mend = mendOf(cause);
  // The service has looked at what it answers with 4xx, throttling included; of anything else the fate is open.
  const status = $metadata?.httpStatusCode ?? 0;
  const refused = mend || (status >= 400 && status < 500);
  const region = await transport.region?.().catch(() => undefined);
  const where = `table "${tableName}"${region ? ` in ${region}` : ''}`;
  return new StoreError(
    `${operation} on ${where}: ${message} (${code})${mend ? `; ${mend}` : ''}`,
    refused ? 'refused' : 'unknown',
    { cause },
  );
}
