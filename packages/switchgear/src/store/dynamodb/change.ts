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
  names: Readonly<Record<string, string>>,
) {
  const clauses = {
    SET: [
      ...Object.keys(set).map((key) => `#${key} = :${key}`),
      ...Object.keys(init).map((key) => `#${key} = if_not_exists(#${key}, :${key})`),
    ],
    ADD: Object.keys(add).map((key) => `#${key} :${key}`),
    REMOVE: remove.map((key) => `#${key}`),
  };
  const update = Object.entries(clauses)
    .flatMap(([verb, parts]) => (parts.length > 0 ? `${verb} ${parts}` : []))
    .join(' ');
  const condition = when.map(({ text }) => text).join(' AND ');
  const attributes: Record<string, string> = {};
  for (const [placeholder, key = ''] of (update + condition).matchAll(/#(\w+)/g))
    attributes[placeholder] = names[key] ?? key;
  const values: Record<string, Plain | undefined> = {};
  for (const part of [set, init, add, ...when.map((fragment) => fragment.values ?? {})] satisfies PlainMap[])
    for (const key in part) values[`:${key}`] = part[key];
  return {
    ...(update && { UpdateExpression: update }),
    ...(condition && { ConditionExpression: condition }),
    ExpressionAttributeNames: attributes,
    ExpressionAttributeValues: toItem(values),
  };
}
