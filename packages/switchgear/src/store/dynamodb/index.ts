/** `switchgear/dynamodb`: circuits in a DynamoDB table. */

export { createTable } from './create-table.ts';
export { DynamoDBStore, type DynamoDBStoreOptions } from './dynamodb-store.ts';
export type { TableLayout } from './layout.ts';
export { DynamoDBOperatorStore } from './operator-store.ts';
export type { Answer, DynamoDBTransport, Item, Operation, Operations, ServiceFailure } from './transport.ts';
