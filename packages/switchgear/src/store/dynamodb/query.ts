import type { Table } from './table.ts';
import type { Item } from './transport.ts';

/** Items of one partition whose sort key begins with `prefix`, the last ones first. */
export async function query(
  table: Table,
  partition: string,
  prefix: string,
  limit = Infinity,
): Promise<Item[]> {
  const items: Item[] = [];
  let start: Item | undefined;
  do {
    const { Items = [], LastEvaluatedKey } = await table.send('Query', {
      TableName: table.name,
      KeyConditionExpression: '#pk = :pk AND begins_with(#sk, :sk)',
      ExpressionAttributeNames: { '#pk': table.keys.partitionKey, '#sk': String(table.keys.sortKey) },
      ExpressionAttributeValues: { ':pk': { S: partition }, ':sk': { S: prefix } },
      ConsistentRead: true,
      ScanIndexForward: false,
      ...(start && { ExclusiveStartKey: start }),
      ...(Number.isFinite(limit) && { Limit: limit - items.length }),
    });
    items.push(...Items);
    start = LastEvaluatedKey;
  } while (start && items.length < limit);
  return items;
}
