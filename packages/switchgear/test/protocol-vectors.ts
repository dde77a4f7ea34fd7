/** The verbs of `docs/protocol-vectors.json` as tests of any store: they do what docs/protocol.md says, whoever speaks it. */

import { expect } from 'vitest';
import { slotAt } from '../src/core/evidence.ts';
import type { CircuitRecord, Lease } from '../src/core/record.ts';
import { newId } from '../src/id.ts';
import type { OperatorStore } from '../src/store/contract.ts';
import { evidenceFields, type Fields, headFields, recordOf } from '../src/store/record-fields.ts';
import { absolute, CUT, type Values, type VerbVector, verbs, whole } from './vectors-file.ts';

/** The library speaks every verb. To be run on a store that knows its time once it has been read from. */
export const VECTORS = verbs.map((vector) => [vector.name, vector] as const);

export async function run(vector: VerbVector, store: OperatorStore): Promise<void> {
  const name = `vector-${newId()}`;
  const read = async () => (await store.load([name], () => CUT, { consistent: true }))[0] as CircuitRecord;
  const root = await read();
  const nowMs = store.now() as number;
  if (vector.record) await place(store, root, vector.record, nowMs);
  const present = await read();
  const base = vector.base ? headed(present, vector.base) : present;
  const answer = await act(store, base, vector, nowMs);
  const after = await read();
  if (answer) {
    expect(answer.accepted).toBe(vector.accepted);
    expect(answer.record).toEqual(after);
  }
  const fields = fieldsOf(after, nowMs);
  const expected = absolute(vector.after, nowMs);
  for (const [field, value] of Object.entries(expected))
    if (value === null) expect(fields).not.toHaveProperty(field);
  expect(fields).toMatchObject(
    Object.fromEntries(Object.entries(expected).filter(([, value]) => value !== null)),
  );
}

/** Makes the record be there, by the verbs themselves. */
async function place(
  store: OperatorStore,
  root: CircuitRecord,
  values: Values,
  nowMs: number,
): Promise<void> {
  const { override, overrideVersion: _o, policy, policyVersion: _p, ...own } = values;
  const { name } = root;
  const { record } = await store.transition(root, headOf(name, own, nowMs));
  const counts = evidenceOf(own, nowMs);
  if (Object.keys(counts).length > 0) await store.report(record, counts);
  if (override) {
    const { mode, by, reason } = override as Values;
    await store.override(name, { mode, by, reason } as never);
  }
  if (policy) {
    const { values: settings, by, reason } = policy as Values;
    await store.policy(name, settings as never, { by, reason } as never);
  }
}

function act(store: OperatorStore, base: CircuitRecord, { verb, args }: VerbVector, nowMs: number) {
  const { slot, values, ...rest } = absolute(args, nowMs);
  switch (verb) {
    case 'report': {
      const at = Object.entries(args).flatMap(([key, counts]) =>
        Object.entries(counts as Values).map(([letter, count]) => [letter + key, count] as const),
      );
      return store.report(base, evidenceOf(Object.fromEntries(at), nowMs));
    }
    case 'lease':
      return store.lease(base, slot as number, rest as unknown as Lease);
    case 'settle':
      return store.settle(base, { slot, ...rest } as never);
    case 'transition':
      return store.transition(base, headOf(base.name, args, nowMs));
    case 'override':
      return store.override(base.name, rest as never);
    case 'policy':
      return store.policy(base.name, values as never, rest as never);
    default:
      return store.clear([base.name], rest as never).then(() => undefined);
  }
}

function recordFrom(name: string, values: Values, nowMs: number): CircuitRecord {
  return recordOf(name, whole(values, nowMs) as Fields);
}

function headOf(name: string, values: Values, nowMs: number) {
  const { name: _name, evidence: _evidence, ...head } = recordFrom(name, values, nowMs);
  return head as Parameters<OperatorStore['transition']>[1];
}

function evidenceOf(values: Values, nowMs: number) {
  return recordFrom('', { state: 'closed', ...values }, nowMs).evidence;
}

function headed(record: CircuitRecord, { epoch = record.epoch.number, epochId = record.epoch.id }: Values) {
  return { ...record, epoch: { number: epoch as number, id: epochId as string } };
}

function fieldsOf({ override, policy, ...record }: CircuitRecord, nowMs: number): Values {
  return {
    ...headFields(record),
    ...evidenceFields(record.evidence, slotAt(nowMs, CUT.bucketMs) - 100),
    ...(override && { override }),
    ...(policy && { policy }),
  };
}
