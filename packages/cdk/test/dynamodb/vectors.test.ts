/**
 * The workflow and the library on the records of `docs/protocol-vectors.json`: the same answers, and the same records after.
 * Both speak all of its calls. Of its verbs the library speaks all, as the tests of its stores show; the workflow those in
 * `SPOKEN`: operators' acts are not its own, and what it reports is one failed call.
 */

import { type AttributeValue, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { type BreakerOptions, type CircuitRecord, isSwitchgearError, Switchgear } from 'switchgear';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  absolute,
  type CallVector,
  calls,
  type VerbVector,
  verbs,
  whole,
} from '../../../switchgear/test/vectors-file.ts';
import { resolveLayout } from '../../src/table/layout.ts';
import { assess } from '../../src/workflow/expressions/assess.ts';
import { write } from '../../src/workflow/expressions/write.ts';
import { boundsOf, resolvePolicy, type WorkflowPolicy } from '../../src/workflow/policy.ts';
import { evaluate } from '../asl/interpreter.ts';
import { Bench, fails, type Target, type Values, works } from './bench.ts';

let bench: Bench;
beforeAll(async () => {
  bench = await Bench.start();
});
afterAll(() => bench.close());

/** Puts the record of a vector into the table. */
async function place(circuit: string, { record }: CallVector | VerbVector): Promise<void> {
  if (record) await bench.put(circuit, whole(record, bench.now()) as Values);
}

/** What a vector speaks of, in a record. */
function summary(record: CircuitRecord | undefined): Record<string, unknown> {
  if (!record) return {};
  const { state, attempt, transition, evidence } = record;
  const failures = Object.values(evidence).reduce((sum, counts) => sum + counts.failures, 0);
  return {
    ...record,
    ...{ state, attempt, reason: transition?.reason, failures },
    openMs: record.state === 'open' ? record.openUntilMs - record.sinceMs : undefined,
  };
}

type Run = (circuit: string, policy: WorkflowPolicy, target: Target) => Promise<string | undefined>;

/** Each tells what rejected the call, if something did. */
const CALLERS: Readonly<Record<string, Run>> = {
  'the workflow': async (circuit, policy, target) => {
    const { error, cause = '{}' } = await bench.run(bench.machine({ policy }), { circuit }, target);
    return error === 'CircuitOpenError' ? (JSON.parse(cause) as { state: string }).state : undefined;
  },
  'the library': async (circuit, policy, target) => {
    const clock = { now: () => bench.now(), setTimer };
    const gear = new Switchgear({
      store: bench.store,
      clock,
      random: () => 0.5,
      storeTimeout: 5_000,
      awaitReports: true,
    });
    try {
      const breaker = gear.breaker(circuit, policy as BreakerOptions);
      await gear.warm();
      // What the record leaves to be done is done behind.
      await gear.flush();
      await breaker.execute(() =>
        target(undefined).catch((error: Error) => Promise.reject(Object.assign(error, { status: 503 }))),
      );
      return undefined;
    } catch (error) {
      return isSwitchgearError(error, 'CIRCUIT_OPEN') ? error.state : undefined;
    } finally {
      await gear.close();
    }
  },
};

function setTimer(run: () => void, ms: number) {
  const timer = setTimeout(run, ms);
  return { cancel: () => clearTimeout(timer) };
}

describe.each(Object.entries(CALLERS))('%s', (_, run) => {
  test.each(calls.map((vector) => [vector.name, vector] as const))('%s', async (_, vector) => {
    const circuit = `vector-${crypto.randomUUID()}`;
    await place(circuit, vector);
    let called = false;
    const target: Target = (payload) => {
      called = true;
      return (vector.call === 'fails' ? fails : works)(payload);
    };
    const by = await run(circuit, vector.policy ?? {}, target);
    const record = vector.record?.schema === 2 ? undefined : await bench.record(circuit);
    expect({ ...summary(record), called, by }).toMatchObject(vector.then);
  });
});

/** The workflow's writes, and what its variables are where it sends them. */
const SPOKEN: Readonly<Record<string, (args: Values) => object>> = {
  report: () => ({}),
  lease: ({ slot, id, by }) => ({ seen: { slot }, me: id, by }),
  settle: ({ slot, leaseId, verdict }) => ({ seen: { mine: { slot } }, me: leaseId, verdict }),
  transition: (args) => ({ seen: { next: whole(args, bench.now()) } }),
};
const spoken = verbs.filter(
  ({ verb, args }) =>
    verb in SPOKEN && (verb !== 'report' || JSON.stringify(args) === '{"@0":{"c":1,"f":1}}'),
);

test('the workflow speaks each of its verbs in the vectors', () => {
  expect(new Set(spoken.map(({ verb }) => verb))).toEqual(new Set(Object.keys(SPOKEN)));
});

test.each(spoken.map((vector) => [vector.name, vector] as const))('the workflow: %s', async (_, vector) => {
  const circuit = `vector-${crypto.randomUUID()}`;
  await place(circuit, vector);
  const accepted = await send(circuit, vector);
  expect(accepted).toBe(vector.accepted);
  const item = await bench.item(circuit);
  for (const [name, value] of Object.entries(absolute(vector.after, bench.now())))
    if (value === null) expect(item).not.toHaveProperty(name);
    else expect(plain(item[name]), name).toEqual(matching(value));
});

/** Sends the write that the workflow would; whether it was accepted. */
async function send(circuit: string, { verb, args, base = {} }: VerbVector): Promise<boolean> {
  const host = { now: () => bench.now(), random: () => 0.5, newId: () => crypto.randomUUID() };
  const item = await bench.item(circuit);
  const policy = resolvePolicy({}, boundsOf(240_000), []);
  const common = { circuit, policy, todo: 'report', me: 'nobody', by: 'nobody', failure: {} };
  const stored = Object.keys(item).length > 0 ? { item } : {};
  const seen = (await evaluate(assess('$item'), { ...common, ...stored }, host)) as { record: object };
  const variables = SPOKEN[verb]?.(args as Values) as { seen?: object };
  const read = { ...variables.seen, record: { ...seen.record, ...base } };
  const expression = write(verb as keyof typeof SPOKEN & 'report', bench.tableName, resolveLayout());
  const request = await evaluate(expression, { ...common, ...variables, seen: read }, host);
  try {
    await bench.client.send(new UpdateItemCommand(request as never));
    return true;
  } catch (error) {
    expect((error as Error).name).toBe('ConditionalCheckFailedException');
    return false;
  }
}

/** An attribute as a vector writes it. */
function plain(value: AttributeValue | undefined): unknown {
  if (!value?.M) return value?.N === undefined ? value?.S : Number(value.N);
  return Object.fromEntries(Object.entries(value.M).map(([name, part]) => [name, plain(part)]));
}

const matching = (value: unknown) =>
  typeof value === 'object' ? expect.objectContaining(value as object) : value;
