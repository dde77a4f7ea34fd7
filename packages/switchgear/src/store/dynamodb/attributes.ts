/** Plain values as DynamoDB's attribute values, and back. */

import type { Field, Fields } from '../record-fields.ts';
import type { AttributeValue, Item } from './transport.ts';

/** A list stands for a set of strings. */
export type Plain = string | number | readonly string[] | PlainMap;
/** What is `undefined` is left out. */
export type PlainMap = { readonly [key: string]: Plain | undefined };

export function toAttribute(value: Plain): AttributeValue {
  if (typeof value === 'string') return { S: value };
  if (typeof value === 'number') return { N: String(value) };
  return Array.isArray(value) ? { SS: value } : { M: toItem(value as PlainMap) };
}

export function toItem(values: PlainMap): Item {
  const item: Record<string, AttributeValue> = {};
  for (const key in values) {
    const value = values[key];
    if (value !== undefined) item[key] = toAttribute(value);
  }
  return item;
}

/** `undefined` for types that the record does not use. */
export function fromAttribute(value: AttributeValue | undefined): Field | undefined {
  if (!value) return undefined;
  if ('S' in value) return value.S;
  if ('N' in value) return Number(value.N);
  return 'M' in value ? fromItem(value.M) : undefined;
}

export function fromItem(item: Item): Fields {
  const values: Record<string, Field | undefined> = {};
  for (const key in item) values[key] = fromAttribute(item[key]);
  return values;
}
