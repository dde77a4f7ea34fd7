import type { DynamoDBClient, KeySchemaElement } from '@aws-sdk/client-dynamodb';
import { resolveLayout, type TableLayout } from './layout.ts';

/** Longest wait for a new table, seconds. */
const MAX_WAIT_SEC = 120;

/**
 * Creates a table for circuits (on demand, TTL on) unless it is there, and waits until it is active. For tests and first
 * steps; in production the table comes from your templates. Safe to run from several processes at once.
 *
 * @throws ConfigurationError (`INVALID_CONFIGURATION`) for a wrong layout, the SDK's own errors, and its `TimeoutError` when the table is not active after 120 s.
 */
export async function createTable(client: DynamoDBClient, layout: TableLayout): Promise<void> {
  const { tableName, partitionKey, sortKey, ttlAttribute } = resolveLayout(layout);
  const { CreateTableCommand, UpdateTimeToLiveCommand, waitUntilTableExists } = await import(
    '@aws-sdk/client-dynamodb'
  );
  const keys: KeySchemaElement[] = [{ AttributeName: partitionKey, KeyType: 'HASH' }];
  if (sortKey !== null) keys.push({ AttributeName: sortKey, KeyType: 'RANGE' });
  await client
    .send(
      new CreateTableCommand({
        TableName: tableName,
        BillingMode: 'PAY_PER_REQUEST',
        KeySchema: keys,
        AttributeDefinitions: keys.map(({ AttributeName }) => ({ AttributeName, AttributeType: 'S' })),
      }),
    )
    .catch(unless('ResourceInUseException'));
  await waitUntilTableExists(
    { client, maxWaitTime: MAX_WAIT_SEC, minDelay: 1, maxDelay: 2 },
    { TableName: tableName },
  );
  // Refused where TTL is on already, unknown to dynalite.
  await client
    .send(
      new UpdateTimeToLiveCommand({
        TableName: tableName,
        TimeToLiveSpecification: { AttributeName: ttlAttribute, Enabled: true },
      }),
    )
    .catch(unless('ValidationException', 'ResourceInUseException', 'UnknownOperationException'));
}

function unless(...names: string[]): (error: Error) => void {
  return (error) => {
    if (!names.includes(error.name)) throw error;
  };
}
