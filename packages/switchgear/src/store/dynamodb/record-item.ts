/** The record as an item: readable attributes at the top level, since ADD reaches no others. See `docs/protocol.md`. */

import type { Counts, Evidence } from '../../core/evidence.ts';
import { NOTHING } from '../../core/evidence.ts';
import type {
  CircuitRecord,
  CircuitState,
  Head,
  Lease,
  Override,
  OverrideMode,
  StoredPolicy,
  Transition,
} from '../../core/record.ts';
import { StoreError } from '../../errors.ts';
import { fromItem, type Plain, type PlainMap } from './attributes.ts';
import type { Item } from './transport.ts';

/** Version of the layout. It changes only when an old reader would misread the item. */
export const SCHEMA = 1;

/** Attributes of a bucket's counts: `c29001` has the calls of slot 29001. */
const COUNTERS = { c: 'calls', f: 'failures', s: 'slow', v: 'votes' } as const;
const COUNTER = /^([cfsv])(\d+)$/;

/** Attributes that only some heads have; a transition removes those that the next head lacks. */
export const STATE_ATTRIBUTES: readonly string[] = [
  ...['transition', 'rampMs', 'rampFrom', 'openUntilMs'],
  ...['successesNeeded', 'leaseMs', 'slots', 'successes', 'failures', 'lapses'],
];

export const leaseAttribute = (slot: number) => `lease${slot}`;

/** What the ADD of a report adds. Counts of zero are not written. */
export function counterValues(evidence: Evidence, oldest: number): Record<string, number> {
  const values: Record<string, number> = {};
  for (const slot in evidence) {
    if (Number(slot) < oldest) continue;
    for (const [letter, count] of Object.entries(COUNTERS)) {
      const amount = (evidence[slot] as Counts)[count];
      if (amount > 0) values[letter + slot] = amount;
    }
  }
  return values;
}

/** All counters that the slots can have. */
export function counterAttributes(slots: Iterable<string | number>): string[] {
  return [...slots].flatMap((slot) => Object.keys(COUNTERS).map((letter) => letter + slot));
}

/** Everything that a transition sets. Of a whole record, its head. */
export function headValues(head: Head): PlainMap {
  const { epoch, transition, name, evidence, override, policy, ...rest } = head as CircuitRecord;
  const values: Record<string, Plain | undefined> = {
    schema: SCHEMA,
    epoch: epoch.number,
    epochId: epoch.id,
  };
  if (transition) values.transition = { ...transition };
  if (!('leases' in rest)) return { ...values, ...rest };
  const { leases, ...half } = rest;
  for (const [slot, lease] of leases.entries()) if (lease) values[leaseAttribute(slot)] = { ...lease };
  return { ...values, ...half, slots: leases.length };
}

/** @throws StoreError if the item is not a record, or one of a newer layout. */
export function recordOf(name: string, item: Item): CircuitRecord {
  const read = new Reader(`record of circuit "${name}"`, fromItem(item));
  const schema = read.number('schema');
  if (schema > SCHEMA)
    throw new StoreError(
      `record of circuit "${name}" has schema ${schema}, this version reads up to ${SCHEMA}: upgrade switchgear`,
      'unknown',
    );
  const transition = read.map('transition', transitionOf);
  const override = read.map('override', overrideOf);
  const policy = read.map('policy', policyOf);
  return {
    name,
    epoch: { number: read.number('epoch'), id: read.text('epochId') },
    sinceMs: read.number('sinceMs'),
    attempt: read.number('attempt'),
    bucketMs: read.number('bucketMs'),
    buckets: read.number('buckets'),
    settledOverride: read.number('settledOverride'),
    ...(transition && { transition }),
    ...stateOf(read),
    evidence: evidenceOf(read),
    ...(override && { override }),
    ...(policy && { policy }),
  };
}

function stateOf(read: Reader) {
  const state = read.oneOf<CircuitState>('state', ['closed', 'open', 'half-open']);
  switch (state) {
    case 'closed':
      return { state, rampMs: read.number('rampMs'), rampFrom: read.number('rampFrom') };
    case 'open':
      return { state, openUntilMs: read.number('openUntilMs') };
    case 'half-open':
      return {
        state,
        successesNeeded: read.number('successesNeeded'),
        leaseMs: read.number('leaseMs'),
        leases: Array.from(
          { length: read.number('slots') },
          (_, slot) => read.map(leaseAttribute(slot), leaseOf) ?? null,
        ),
        successes: read.number('successes'),
        failures: read.number('failures'),
        lapses: read.number('lapses'),
      };
  }
}

function evidenceOf(read: Reader): Evidence {
  const evidence: Record<number, Counts> = {};
  for (const attribute in read.values) {
    const [, letter, digits] = COUNTER.exec(attribute) ?? [];
    if (!letter) continue;
    const slot = Number(digits);
    const count = COUNTERS[letter as keyof typeof COUNTERS];
    evidence[slot] = { ...(evidence[slot] ?? NOTHING), [count]: read.number(attribute) };
  }
  return evidence;
}

/** The latest transition of a record, or one that was filed. Its word for why may be newer than this version. */
function transitionOf(read: Reader): Transition {
  read.text('from');
  read.text('to');
  read.text('reason');
  read.number('atMs');
  read.text('by');
  return read.values as unknown as Transition;
}

/** A transition that was filed, with its epoch. */
export function historyEntryOf(name: string, item: Item) {
  const read = new Reader(`history of circuit "${name}"`, fromItem(item));
  const transition = read.map('transition', transitionOf) ?? read.fail('transition');
  return { ...transition, epoch: { number: read.number('epoch'), id: read.text('epochId') } };
}

function leaseOf(read: Reader): Lease {
  return { id: read.text('id'), by: read.text('by'), untilMs: read.number('untilMs') };
}

function overrideOf(read: Reader): Override {
  return {
    version: read.number('version'),
    mode: read.oneOf<OverrideMode>('mode', ['forced-open', 'forced-closed', 'disabled']),
    by: read.text('by'),
    reason: read.text('reason'),
    atMs: read.number('atMs'),
    ...(read.values.untilMs !== undefined && { untilMs: read.number('untilMs') }),
  };
}

function policyOf(read: Reader): StoredPolicy {
  return {
    version: read.number('version'),
    values: (read.map('values', (inner) => inner.values) ?? {}) as StoredPolicy['values'],
    by: read.text('by'),
    reason: read.text('reason'),
    atMs: read.number('atMs'),
  };
}

/** Reads values that anybody may have written. */
class Reader {
  readonly values: PlainMap;
  readonly #what: string;

  constructor(what: string, values: PlainMap) {
    this.#what = what;
    this.values = values;
  }

  number(key: string): number {
    const value = this.values[key];
    return typeof value === 'number' && Number.isFinite(value) ? value : this.fail(key);
  }

  text(key: string): string {
    const value = this.values[key];
    return typeof value === 'string' ? value : this.fail(key);
  }

  oneOf<T extends string>(key: string, allowed: readonly T[]): T {
    const value = this.values[key] as T;
    return allowed.includes(value) ? value : this.fail(key);
  }

  map<T>(key: string, of: (read: Reader) => T): T | undefined {
    const value = this.values[key];
    if (value === undefined) return undefined;
    return typeof value === 'object'
      ? of(new Reader(`${key} in ${this.#what}`, value as PlainMap))
      : this.fail(key);
  }

  fail(key: string): never {
    throw new StoreError(
      `${this.#what} cannot be read: ${key} is ${JSON.stringify(this.values[key])}`,
      'unknown',
    );
  }
}
