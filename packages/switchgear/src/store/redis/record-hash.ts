/** The record's fields in a hash: numbers as text, maps as JSON. */

import { type CircuitRecord, type Head, rootRecord } from '../../core/record.ts';
import { StoreError } from '../../errors.ts';
import { actsIn } from '../acts.ts';
import type { HistoryEntry, OperatorAct } from '../contract.ts';
import {
  type Field,
  type Fields,
  headFields,
  historyEntryOf,
  recordOf,
  STATE_FIELDS,
  UnreadableError,
} from '../record-fields.ts';

/** Fields that hold words. All others are numbers or maps, which JSON reads alike. */
const WORDS = ['state', 'epochId'];

/** Fields and values in turns, as a command takes them. */
export function flatHead(head: Head): string[] {
  return Object.entries(headFields(head)).flatMap(([field, value]) => [
    field,
    typeof value === 'object' ? JSON.stringify(value) : String(value),
  ]);
}

/** What makes a record that is missing; empty where it cannot be, since an epoch has been begun. */
export function flatRoot(base: CircuitRecord): string[] {
  return base.epoch.number === 0 ? flatHead(rootRecord(base.name, base)) : [];
}

/** Fields that a head may have and this one has not. */
export function missingFields(head: Head): string[] {
  const present = headFields(head);
  return STATE_FIELDS.filter((field) => !(field in present));
}

/** A transition as the history has it. */
export function historyText({ transition, epoch }: Head): string {
  return JSON.stringify({ ...transition, epoch });
}

/** @throws StoreError if the fields are not those of a record, or of a newer layout. */
export function recordOfFlat(name: string, flat: readonly string[], read = recordOf): CircuitRecord {
  const values: Record<string, Field> = {};
  for (let i = 0; i < flat.length; i += 2) {
    const field = flat[i] as string;
    const text = flat[i + 1] as string;
    values[field] = WORDS.includes(field) ? text : fromJson(text);
  }
  try {
    return read(name, values);
  } catch (thrown) {
    if (thrown instanceof StoreError) throw thrown;
    throw new UnreadableError(`record of circuit "${name}" cannot be read: ${(thrown as Error).message}`);
  }
}

/** @throws StoreError if `text` is not a transition. */
export function historyEntryOfText(name: string, text: string): HistoryEntry {
  const transition = Object(fromJson(text)) as Fields;
  const { number, id } = Object(transition.epoch) as Fields;
  return historyEntryOf(name, { transition, epoch: number, epochId: id });
}

/** The act in an entry of the list that has those before the present ones; none where a hand has broken it. */
export function actsOfText(text: string): OperatorAct[] {
  return actsIn(Object(fromJson(text)) as Fields);
}

/** What is no JSON stays text, and is refused where a number or a map is needed. */
function fromJson(text: string): Field {
  try {
    return JSON.parse(text) as Field;
  } catch {
    return text;
  }
}
