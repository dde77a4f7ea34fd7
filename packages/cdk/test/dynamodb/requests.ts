/** What a program asks DynamoDB for, as IAM sees it. */

import type { Item } from 'switchgear/dynamodb';

interface Input {
  readonly Key?: Item;
  readonly RequestItems?: Readonly<Record<string, { readonly Keys?: readonly Item[] }>>;
  readonly ExpressionAttributeValues?: Item;
}

/** Partition keys that a request touches; `undefined` where it is about the table. */
export function partitionsOf(input: unknown, partitionKey: string): (string | undefined)[] {
  const { Key, RequestItems, ExpressionAttributeValues } = input as Input;
  const textOf = (item: Item, name: string) => (item[name] as { S: string }).S;
  if (Key) return [textOf(Key, partitionKey)];
  if (RequestItems)
    return Object.values(RequestItems).flatMap(({ Keys = [] }) =>
      Keys.map((key) => textOf(key, partitionKey)),
    );
  return [ExpressionAttributeValues ? textOf(ExpressionAttributeValues, ':pk') : undefined];
}

/** Rights that were granted and never needed, and requests that nothing allows: empty, where both fit exactly. */
export function misfits(granted: readonly string[], asked: Iterable<string>): string[] {
  const unused = new Set(granted);
  const refused = [...asked].filter((request) => {
    const allowing = granted.filter((right) => allows(right, request));
    for (const right of allowing) unused.delete(right);
    return allowing.length === 0;
  });
  return [...[...unused].map((right) => `never used: ${right}`), ...refused.map((one) => `refused: ${one}`)];
}

/** As IAM matches: a star is any text. */
function allows(right: string, request: string): boolean {
  const [start = '', ...rest] = right.split('*');
  return rest.length === 0
    ? right === request
    : request.startsWith(start) && request.endsWith(rest.at(-1) ?? '');
}
