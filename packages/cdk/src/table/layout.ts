/** Where circuits lie in a table, as IAM and the workflow need to know it. `docs/protocol.md` draws it. */

import type { TableLayout } from 'switchgear/dynamodb';

/** Names in the table: those of `DynamoDBStore`, without the table's own. */
export type CircuitLayout = Omit<TableLayout, 'tableName'>;
export type ResolvedLayout = Required<CircuitLayout>;

export function resolveLayout(layout: CircuitLayout = {}): ResolvedLayout {
  return { partitionKey: 'PK', sortKey: 'SK', keyPrefix: 'CIRCUIT#', ttlAttribute: 'ttl', ...layout };
}

/** Partition of the directory. */
export function directoryPartition({ keyPrefix }: ResolvedLayout): string {
  return `DIRECTORY#${keyPrefix}`;
}

/** Begins the partitions of filed transitions: those of the circuits themselves, unless the table has no sort key. */
export function historyPrefix({ keyPrefix, sortKey }: ResolvedLayout): string {
  return sortKey === null ? `HISTORY#${keyPrefix}` : keyPrefix;
}
