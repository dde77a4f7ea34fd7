/** The record as a hash: the fields of `docs/protocol.md`, numbers as text, maps as JSON. */

import { type Counts, type Evidence, NOTHING } from '../../core/evidence.ts';
import {
  type CircuitRecord,
  type CircuitState,
  type Epoch,
  type Head,
  rootRecord,
} from '../../core/record.ts';
import { StoreError } from '../../errors.ts';
import type { HistoryEntry } from '../contract.ts';

/** Version of the layout. It changes only when an old reader would misread the hash. */
const SCHEMA = 1;

/** Numbers in every head, and in that of each state. */
const TERMS = ['sinceMs', 'attempt', 'bucketMs', 'buckets', 'settledOverride'];
const STATE_NUMBERS: Readonly<Record<CircuitState, readonly string[]>> = {
  closed: ['rampMs', 'rampFrom'],
  open: ['openUntilMs'],
  'half-open': ['successesNeeded', 'leaseMs', 'successes', 'failures', 'lapses'],
};
const STATE_FIELDS = ['transition', 'slots', ...Object.values(STATE_NUMBERS).flat()];

/** Fields of a bucket: `c29001` has the calls of slot 29001. */
const COUNTERS: Readonly<Record<string, keyof Counts>> = { c: 'calls', f: 'failures', s: 'slow', v: 'votes' };
const COUNTER = /^([cfsv])(\d+)$/;

type Fields = ReadonlyMap<string, string>;
type Json = Record<string, unknown>;

/** Fields and values in turns, as a command takes them. */
export function headFields(head: Head): string[] {
  const { state, epoch, transition } = head;
  const fields = [
    'schema',
    String(SCHEMA),
    'state',
    state,
    'epoch',
    String(epoch.number),
    'epochId',
    epoch.id,
  ];
  for (const key of [...TERMS, ...STATE_NUMBERS[state]]) fields.push(key, String(head[key as 'attempt']));
  if (transition) fields.push('transition', JSON.stringify(transition));
  if (state === 'half-open') {
    fields.push('slots', String(head.leases.length));
    for (const [slot, lease] of head.leases.entries())
      if (lease) fields.push(`lease${slot}`, JSON.stringify(lease));
  }
  return fields;
}

/** What makes a record that is missing; empty where it cannot be, since an epoch has been begun. */
export function rootFields(base: CircuitRecord): string[] {
  return base.epoch.number === 0 ? headFields(rootRecord(base.name, base)) : [];
}

/** Fields that a head may have and this one has not. */
export function missingFields(head: Head): string[] {
  const present = headFields(head);
  return STATE_FIELDS.filter((field) => !present.includes(field));
}

/** A transition as the history has it. */
export function historyText({ transition, epoch }: Head): string {
  return JSON.stringify({ ...transition, epoch });
}

/** @throws StoreError if the fields are not those of a record, or of a newer layout. */
export function recordOf(name: string, flat: readonly string[]): CircuitRecord {
  const fields = new Map<string, string>();
  for (let i = 0; i < flat.length; i += 2) fields.set(flat[i] as string, flat[i + 1] as string);
  const what = `record of circuit "${name}"`;
  const number = (key: string) => numberOf(what, fields, key);
  if (fields.has('schema') && number('schema') > SCHEMA)
    throw new StoreError(
      `${what} has schema ${fields.get('schema')}, this version reads up to ${SCHEMA}`,
      'unknown',
    );
  const state = fields.get('state') as CircuitState;
  if (!Object.hasOwn(STATE_NUMBERS, state)) throw unreadable(what, 'state', state);
  const epoch: Epoch = { number: number('epoch'), id: textOf(what, fields, 'epochId') };
  const head: Json = { name, state, epoch, evidence: evidenceOf(what, fields) };
  for (const key of [...TERMS, ...STATE_NUMBERS[state]]) head[key] = number(key);
  if (fields.has('transition')) head.transition = transitionOf(what, textOf(what, fields, 'transition'));
  if (state === 'half-open')
    head.leases = Array.from({ length: number('slots') }, (_, slot) => {
      const text = fields.get(`lease${slot}`);
      return text === undefined ? null : mapOf(what, text, ['untilMs'], ['id', 'by']);
    });
  const override = fields.get('override');
  if (override !== undefined)
    head.override = mapOf(what, override, ['version', 'atMs'], ['mode', 'by', 'reason']);
  const policy = fields.get('policy');
  if (policy !== undefined)
    head.policy = { values: {}, ...mapOf(what, policy, ['version', 'atMs'], ['by', 'reason']) };
  return head as unknown as CircuitRecord;
}

/** @throws StoreError if `text` is not a transition. */
export function historyEntryOf(name: string, text: string): HistoryEntry {
  const what = `history of circuit "${name}"`;
  const entry = transitionOf(what, text);
  const { number, id } = Object(entry.epoch) as Partial<Epoch>;
  if (typeof number !== 'number' || typeof id !== 'string') throw unreadable(what, 'epoch', entry.epoch);
  return entry as unknown as HistoryEntry;
}

/** Its reason may be one that this version does not know. */
function transitionOf(what: string, text: string): Json {
  return mapOf(what, text, ['atMs'], ['from', 'to', 'reason', 'by']);
}

function evidenceOf(what: string, fields: Fields): Evidence {
  const evidence: Record<string, Counts> = {};
  for (const field of fields.keys()) {
    const [, letter, slot = ''] = COUNTER.exec(field) ?? [];
    const count = letter && COUNTERS[letter];
    if (count) evidence[slot] = { ...(evidence[slot] ?? NOTHING), [count]: numberOf(what, fields, field) };
  }
  return evidence;
}

// Anybody may have written the hash: what this version needs of it must be there, in the right type.

function numberOf(what: string, fields: Fields, key: string): number {
  const text = fields.get(key);
  const number = Number(text);
  if (!text || !Number.isFinite(number)) throw unreadable(what, key, text);
  return number;
}

function textOf(what: string, fields: Fields, key: string): string {
  const text = fields.get(key);
  if (text === undefined) throw unreadable(what, key, text);
  return text;
}

function mapOf(what: string, text: string, numbers: readonly string[], texts: readonly string[]): Json {
  let map: Json;
  try {
    map = Object(JSON.parse(text)) as Json;
  } catch {
    throw new StoreError(`${what} cannot be read: ${JSON.stringify(text)} is no JSON`, 'unknown');
  }
  for (const key of [...numbers, ...texts])
    if (typeof map[key] !== (texts.includes(key) ? 'string' : 'number'))
      throw unreadable(what, key, map[key]);
  return map;
}

function unreadable(what: string, key: string, value: unknown): StoreError {
  return new StoreError(`${what} cannot be read: ${key} is ${JSON.stringify(value)}`, 'unknown');
}
