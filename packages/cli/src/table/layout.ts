/** The DynamoDB table that a store's address names: `dynamodb://circuits?partitionKey=pk&sortKey=`. */

export interface Layout {
  readonly tableName: string;
  readonly partitionKey: string;
  /** `null`: the table has none. */
  readonly sortKey: string | null;
  readonly keyPrefix: string;
  readonly ttlAttribute: string;
}

/** Takes an address apart that `createStore` has accepted; `undefined` for another kind of store. */
export function layoutOf(address: string): Layout | undefined {
  const url = new URL(address);
  if (url.protocol !== 'dynamodb:') return undefined;
  const {
    partitionKey = 'PK',
    sortKey = 'SK',
    keyPrefix = 'CIRCUIT#',
    ttlAttribute = 'ttl',
  }: Record<string, string | undefined> = Object.fromEntries(url.searchParams);
  return {
    tableName: url.hostname,
    partitionKey,
    sortKey: sortKey === '' ? null : sortKey,
    keyPrefix,
    ttlAttribute,
  };
}
