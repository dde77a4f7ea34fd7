/** The workflow and the library on the same records: the same answers, and the same records after. */

import { readFileSync } from 'node:fs';
import { type BreakerOptions, type CircuitRecord, isSwitchgearError, Switchgear } from 'switchgear';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { WorkflowPolicy } from '../../src/index.ts';
import { Bench, fails, type Target, type Values, WINDOW, works } from './bench.ts';

interface Vector {
  readonly name: string;
  readonly item?: Values;
  readonly policy?: WorkflowPolicy;
  /** How the call ends, if it is made. Default: well. */
  readonly call?: 'works' | 'fails';
  readonly then: Readonly<Record<string, unknown>>;
}

const file = readFileSync(new URL('../vectors.json', import.meta.url), 'utf8');
const { vectors } = JSON.parse(file) as { vectors: Vector[] };

let bench: Bench;
beforeAll(async () => {
  bench = await Bench.start();
});
afterAll(() => bench.close());

/** Times from now as times, counters of the present as those of their slots. */
function absolute(values: Values): Values {
  const now = bench.now();
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => {
      const [, letter, slot] = /^([cfsv])@(-?\d+)$/.exec(name) ?? [];
      if (letter) return [letter + (Math.floor(now / WINDOW.bucketMs) + Number(slot)), value];
      if (typeof value === 'object') return [name, absolute(value)];
      return [name, /^(sinceMs|openUntilMs|untilMs|atMs)$/.test(name) ? now + Number(value) : value];
    }),
  );
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
    const clock = { now: () => bench.now(), setTimer: setTimer };
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
  test.each(vectors.map((vector) => [vector.name, vector] as const))(
    '%s',
    async (_, { item, policy = {}, call = 'works', then }) => {
      const circuit = `vector-${crypto.randomUUID()}`;
      if (item) await bench.put(circuit, absolute(item));
      let called = false;
      const target: Target = (payload) => {
        called = true;
        return (call === 'works' ? works : fails)(payload);
      };
      const by = await run(circuit, policy, target);
      const record = item?.schema === 2 ? undefined : await bench.record(circuit);
      expect({ ...summary(record), called, by }).toMatchObject(then);
    },
  );
});
