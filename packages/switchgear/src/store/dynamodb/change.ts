/** One write, and how it is said in DynamoDB's expressions. */

import { type Plain, type PlainMap, toItem } from './attributes.ts';
import type { Condition } from './conditions.ts';

export interface Change {
  /** All of them must hold. */
  readonly when?: readonly Condition[];
  readonly set?: PlainMap;
  /** Set only where the attribute is absent. */
  readonly init?: PlainMap;
  /** Adds to a number, or to a set of strings. */
  readonly add?: Readonly<Record<string, number | readonly string[]>>;
  readonly remove?: readonly string[];
}

/** `names` has the attributes whose names the user chose. All names go by placeholders: `state` and `ttl` are reserved words. */
export function expressions(
  { when = [], set = {}, init = {}, add = {}, remove = [] }: Change,
  names: Record<string, string>,
) {
  const present = (values: PlainMap) => Object.keys(values).filter((key) => values[key] !== undefined);
  const update = [
    clause('SET', [
      ...present(set).map((key) => `#${key} = :${key}`),
      ...present(init).map((key) => `#${key} = if_not_exists(#${key}, :${key})`),
    ]),
    clause(
      'ADD',
      Object.keys(add).map((key) => `#${key} :${key}`),
    ),
    clause(
      'REMOVE',
      remove.map((key) => `#${key}`),
    ),
  ].join('');
  const condition = when.map(({ text }) => text).join(' AND ');
  const values: Record<string, Plain | undefined> = { ...set, ...init, ...add };
  for (const fragment of when) Object.assign(values, fragment.values);
  const ExpressionAttributeNames: Record<string, string> = {};
  for (const [placeholder, key = ''] of (update + condition).matchAll(/#(\w+)/g))
    ExpressionAttributeNames[placeholder] = names[key] ?? key;
  return {
    ...(update && { UpdateExpression: update }),
    ...(condition && { ConditionExpression: condition }),
    ExpressionAttributeNames,
    ExpressionAttributeValues: toItem(
      Object.fromEntries(Object.entries(values).map(([key, value]) => [`:${key}`, value])),
    ),
  };
}

function clause(verb: string, parts: readonly string[]): string {
  return parts.length > 0 ? `${verb} ${parts.join(', ')} ` : '';
}
