import { beforeEach, describe, expect, test } from 'vitest';
import { NOTHING } from '../../src/core/evidence.ts';
import { type CircuitRecord, rootRecord } from '../../src/core/record.ts';
import { StoreError } from '../../src/errors.ts';
import { MemoryStore } from '../../src/store/memory/memory-store.ts';
import {
  conformance,
  FakeClock,
  FaultyStore,
  first,
  hangs,
  late,
  losesReply,
  stale,
  throttles,
  throws,
} from '../../src/testing/index.ts';

const WINDOW = { bucketMs: 6_000, buckets: 10 };
const ROOT = rootRecord('payments', WINDOW);

let clock: FakeClock;
let store: FaultyStore;

beforeEach(() => {
  clock = new FakeClock();
  store = new FaultyStore(new MemoryStore({ clock }));
});

function report() {
  const slot = Math.floor(clock.now() / WINDOW.bucketMs);
  return store.report(ROOT, {
    [slot]: { ...NOTHING, calls: 1, failures: 1 },
  });
}

async function read(options?: { consistent: boolean }): Promise<CircuitRecord> {
  const [record] = await store.load(['payments'], () => WINDOW, options);
  return record as CircuitRecord;
}

async function failures(): Promise<number> {
  const { evidence } = await read({ consistent: true });
  return Object.values(evidence).reduce((sum, counts) => sum + counts.failures, 0);
}

describe('without a fault it is the store that it wraps', () => {
  const rig = () => {
    const clock = new FakeClock();
    const inner = new MemoryStore({ clock });
    const advance = (ms: number) => clock.advance(ms);
    return { store: new FaultyStore(inner), other: inner, advance, close: () => {} };
  };
  for (const { name, run } of conformance(rig, { pushes: true })) test(name, run);
});

test('counts the calls of each verb, failed ones too', async () => {
  store.inject('report', first(1, throttles));
  await expect(report()).rejects.toThrow();
  await report();
  await read();
  expect(store.calls).toMatchObject({ report: 2, load: 1, transition: 0 });
});

test('throws without doing anything, until the fault is taken away', async () => {
  const mend = store.inject('report', throws(new Error('socket hang up')));
  await expect(report()).rejects.toThrow('socket hang up');
  mend();
  await report();
  expect(await failures()).toBe(1);
});

test('throttles: refused for certain', async () => {
  store.inject(['report', 'transition'], throttles);
  const error = await report().catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(StoreError);
  expect(error).toMatchObject({ fate: 'refused' });
  expect(await failures()).toBe(0);
});

test('loses a reply: committed, and the caller cannot know', async () => {
  store.inject('report', first(1, losesReply));
  await expect(report()).rejects.toMatchObject({ fate: 'unknown' });
  expect(await failures()).toBe(1);
});

test('hangs and does nothing', async () => {
  store.inject('every', hangs);
  let answered = false;
  void report().finally(() => {
    answered = true;
  });
  await clock.advance(3_600_000);
  expect(answered).toBe(false);
});

test('answers late, on the clock, results and errors alike', async () => {
  store.inject('report', first(1, throttles));
  store.inject('report', late(2_000, clock));
  const ended: string[] = [];
  void report().catch(() => ended.push('refused'));
  void report().then(() => ended.push('counted'));
  await clock.advance(1_999);
  expect(ended).toEqual([]);
  expect(await failures()).toBe(1);
  await clock.advance(1);
  expect(ended.sort()).toEqual(['counted', 'refused']);
});

test('reads stale, unless the reader wants a consistent read', async () => {
  const before = await read();
  await report();
  store.inject('load', stale([before]));
  expect(await read()).toEqual(before);
  expect(await read({ consistent: true })).not.toEqual(before);
});

test('forces an interleaving before a call takes effect, and after it while its caller waits', async () => {
  const order: string[] = [];
  const seen = async (when: string) => {
    order.push(`${when}: ${await failures()}`);
  };
  store.before('report', () => seen('before'));
  store.after('report', () => seen('after'));
  await report();
  expect(order).toEqual(['before: 0', 'after: 1']);
});

test('the newest fault stands outermost, and can look at the call', async () => {
  const names: string[] = [];
  store.inject('report', throttles);
  store.before('report', ({ verb, args: [base] }) => {
    names.push(`${verb} ${base.name}`);
  });
  await expect(report()).rejects.toThrow('report was throttled');
  expect(names).toEqual(['report payments']);
});
