/**
 * The record as flat fields, the same in every store: DynamoDB has them as an item's attributes (ADD reaches only those of
 * the top level), Redis as a hash. See `docs/protocol.md`.
 */

import { type Counts, type Evidence, NOTHING } from '../core/evidence.ts';
import type { CircuitRecord, CircuitState, Epoch, Head, Override, StoredPolicy } from '../core/record.ts';
import { StoreError } from '../errors.ts';
import type { HistoryEntry } from './contract.ts';

export type Field = string | number | Fields;
export type Fields = { readonly [name: string]: Field | undefined };

/** Version of the layout. It changes only when an old reader would misread the record. */
const SCHEMA = 1;

/** Numbers in every head, and in that of each state. */
const TERMS = ['sinceMs', 'attempt', 'bucketMs', 'buckets', 'settledOverride'];
const STATE_NUMBERS: Readonly<Record<CircuitState, readonly string[]>> = {
  closed: ['rampMs', 'rampFrom'],
  open: ['openUntilMs'],
  'half-open': ['successesNeeded', 'leaseMs', 'successes', 'failures', 'lapses'],
};

/** Fields that not every head has; a transition removes those that the next head lacks. */
export const STATE_FIELDS = ['transition', 'graceMs', 'slots', ...Object.values(STATE_NUMBERS).flat()];

/** Fields of a bucket: `c29001` has the calls of slot 29001. */
const COUNTERS = {
  c: 'calls',
  f: 'failures',
  s: 'slow',
  i: 'isolated',
  j: 'isolatedSlow',
  v: 'votes',
} as const;
const COUNTER = /^([cfsijv])(\d+)$/;

const MODES = ['forced-open', 'forced-closed', 'disabled'];

export const leaseField = (slot: number) => `lease${slot}`;

/** What a report adds. Counts of zero are not written. */
export function evidenceFields(evidence: Evidence, oldest = -Infinity): Record<string, number> {
  const values: Record<string, number> = {};
  for (const slot in evidence)
    for (const [letter, count] of Object.entries(COUNTERS)) {
      const amount = (evidence[slot] as Counts)[count];
      if (amount > 0 && Number(slot) >= oldest) values[letter + slot] = amount;
    }
  return values;
}

/** All counters that the slots can have. */
export function counterFields(slots: Iterable<string | number>): string[] {
  return [...slots].flatMap((slot) => Object.keys(COUNTERS).map((letter) => letter + slot));
}

/** Everything that a transition sets. */
export function headFields(head: Head): Fields {
  const { state, epoch, transition } = head;
  const values: Record<string, Field> = { schema: SCHEMA, state, epoch: epoch.number, epochId: epoch.id };
  for (const key of [...TERMS, ...STATE_NUMBERS[state]]) values[key] = head[key as 'attempt'];
  if (transition) values.transition = { ...transition };
  if (head.graceMs) values.graceMs = head.graceMs;
  if (state === 'half-open') {
    values.slots = head.leases.length;
    for (const [slot, lease] of head.leases.entries()) if (lease) values[leaseField(slot)] = { ...lease };
  }
  return values;
}

/** More than any version writes: what a hand has put there must not fill the memory. */
const MOST_SLOTS = 1_000;

/** A record that is there, and of no use to this version. */
export class UnreadableError extends StoreError {
  constructor(message: string) {
    super(message, 'unknown');
  }
}

/** @throws UnreadableError if the values are not those of a record, or of a newer layout. */
export function recordOf(name: string, values: Fields): CircuitRecord {
  const what = `record of circuit "${name}"`;
  const { schema, override, policy } = values;
  if (typeof schema === 'number' && schema > SCHEMA)
    throw new UnreadableError(`${what} has schema ${schema}, this version reads up to ${SCHEMA}`);
  const state = values.state as CircuitState;
  const numbers = [...TERMS, ...(Object.hasOwn(STATE_NUMBERS, state) ? STATE_NUMBERS[state] : ['state'])];
  const head: Record<string, unknown> = { name, state, epoch: epochOf(what, values) };
  for (const key of numbers) head[key] = check(what, values, [key])[key];
  if ('transition' in values) head.transition = transitionOf(what, values);
  if ('graceMs' in values) head.graceMs = check(what, values, ['graceMs']).graceMs;
  if (state === 'half-open') {
    const slots = Number(check(what, values, ['slots']).slots);
    if (!(slots >= 0 && slots <= MOST_SLOTS))
      throw new UnreadableError(`${what} cannot be read: slots is ${slots}`);
    head.leases = Array.from({ length: slots }, (_, slot) => {
      const lease = leaseField(slot);
      return lease in values ? check(what, values[lease], ['untilMs'], ['id', 'by']) : null;
    });
  }
  head.evidence = evidenceOf(what, values);
  if ('override' in values) head.override = overrideOf(what, override);
  if ('policy' in values) head.policy = policyOf(what, policy);
  return head as unknown as CircuitRecord;
}

/** @throws UnreadableError if the value is not that of an override. */
export function overrideOf(what: string, value: Field | undefined): Override {
  const until = 'untilMs' in Object(value) ? ['untilMs'] : [];
  const override = check(what, value, ['version', 'atMs', ...until], ['mode', 'by', 'reason']);
  // One that is not understood might admit everything or nothing.
  if (!MODES.includes(override.mode as string))
    throw new UnreadableError(`${what} cannot be read: override.mode is ${override.mode}`);
  return override as unknown as Override;
}

/** @throws UnreadableError if the value is not that of stored settings. */
export function policyOf(what: string, value: Field | undefined): StoredPolicy {
  const policy = { values: {}, ...check(what, value, ['version', 'atMs'], ['by', 'reason']) };
  return policy as unknown as StoredPolicy;
}

/** Likewise, for who ends the override: of one that cannot be read, only the version counts. */
export function recordToClear(name: string, values: Fields): CircuitRecord {
  try {
    return recordOf(name, values);
  } catch {
    const { override, ...rest } = values;
    const record = recordOf(name, rest);
    const version = Number(values.overrideVersion);
    return version ? { ...record, override: { version } as Override } : record;
  }
}

/** A transition that was filed. */
export function historyEntryOf(name: string, values: Fields): HistoryEntry {
  const what = `history of circuit "${name}"`;
  return { ...transitionOf(what, values), epoch: epochOf(what, values) } as HistoryEntry;
}

function epochOf(what: string, values: Fields): Epoch {
  const { epoch, epochId } = check(what, values, ['epoch'], ['epochId']);
  return { number: epoch as number, id: epochId as string };
}

/** Its reason may be one that this version does not know. */
function transitionOf(what: string, { transition }: Fields): Fields {
  return check(what, transition, ['atMs'], ['from', 'to', 'reason', 'by']);
}

function evidenceOf(what: string, values: Fields): Evidence {
  const evidence: Record<string, Counts> = {};
  for (const field in values) {
    const [, letter, slot = ''] = COUNTER.exec(field) ?? [];
    if (!letter) continue;
    const count = COUNTERS[letter as keyof typeof COUNTERS];
    evidence[slot] = { ...(evidence[slot] ?? NOTHING), [count]: check(what, values, [field])[field] };
  }
  return evidence;
}

/** Anybody may have written it: what this version needs of a map must be there, in the right type. */
function check(what: string, value: Field | undefined, numbers: string[], texts: string[] = []): Fields {
  const map = (value ?? {}) as Fields;
  for (const key of [...numbers, ...texts])
    if (typeof map[key] !== (texts.includes(key) ? 'string' : 'number'))
      throw new UnreadableError(`${what} cannot be read: ${key} is ${JSON.stringify(map[key])}`);
  return map;
}
