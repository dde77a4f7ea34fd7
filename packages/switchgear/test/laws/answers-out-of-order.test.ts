/** L1, L9: answers that overtake one another. What was read later may have been asked earlier, and the other way round. */

import { expect, test } from 'vitest';
import type { CircuitRecord } from '../../src/core/record.ts';
import type { Store } from '../../src/store/contract.ts';
import { Switchgear } from '../../src/switchgear.ts';
import { FaultyStore, first } from '../../src/testing/index.ts';
import { type Fleet, fleet, Gate, outcome, type Process } from './fleet.ts';

/** The next call of `verb` does its work when `work` opens, and answers when `reply` does. */
function detain(process: Process, verb: 'load' | 'report') {
  const work = new Gate();
  const reply = new Gate();
  process.store.inject(
    verb,
    first(1, async ({ run }) => {
      await work.passed;
      const answer = await run();
      await reply.passed;
      return answer;
    }),
  );
  return { work, reply };
}

async function warm(f: Fleet): Promise<void> {
  for (const process of f.processes) await f.call(process);
  await f.advance(5_000);
}

test('L1 a write’s answer from before the trip does not take back a read that was asked earlier and saw the trip', async () => {
  const f = fleet(2);
  const p = f.process(0);
  await warm(f);
  const load = detain(p, 'load');
  const report = detain(p, 'report');
  report.work.open();
  expect(await f.call(p), 'starts the refresh').toBe('ok');
  await f.advance(100);
  await f.fail(p, 1);
  await f.advance(100);
  await f.fail(f.process(1), 3);
  load.work.open();
  load.reply.open();
  await f.idle();
  expect(p.breaker.state.state).toBe('open');
  await f.advance(100);
  report.reply.open();
  await f.idle();
  expect(p.breaker.state.state).toBe('open');
  expect(await f.call(p)).toBe('rejected');
  const told = p.changes.map(({ epoch }) => epoch.number);
  expect(told).toEqual([1]);
});

for (const gapMs of [0, 100])
  test(`L9 a write’s answer from before an override does not take the override back (${gapMs} ms apart)`, async () => {
    const f = fleet(2, { push: true });
    const p = f.process(0);
    await warm(f);
    const report = detain(p, 'report');
    report.work.open();
    await f.fail(p, 1);
    await f.advance(gapMs);
    await f.operator(f.process(1)).setStates({ payments: { mode: 'forced-open', reason: 'fire' } });
    expect(await f.call(p)).toBe('rejected');
    report.reply.open();
    await f.idle();
    expect(await f.call(p)).toBe('rejected');
    await f.advance(5_000);
    await f.call(p);
    await f.idle();
    expect(p.changes.filter(({ reason }) => reason === 'override')).toHaveLength(1);
  });

test('L9 a read that was asked before an override and answers after it does not take it back', async () => {
  const f = fleet(2, { push: true });
  const p = f.process(0);
  await warm(f);
  const load = detain(p, 'load');
  load.work.open();
  await f.call(p);
  await f.advance(100);
  await f.operator(f.process(1)).setStates({ payments: { mode: 'forced-open', reason: 'fire' } });
  load.reply.open();
  await f.idle();
  expect(await f.call(p)).toBe('rejected');
});

/** Pushes what a test says, when it says so. */
class PushingStore extends FaultyStore {
  push: (record: CircuitRecord) => void = () => {};
  override readonly subscribe: NonNullable<Store['subscribe']> = (listener) => {
    this.push = listener;
    return () => {};
  };
}

test('L1 a push that comes late is not believed, but checked', async () => {
  const f = fleet(1);
  const store = new PushingStore(f.memory);
  const gear = new Switchgear({ store, clock: f.clock, random: () => 0 });
  const breaker = gear.breaker('payments');
  await breaker.execute(() => 1);
  const old = await f.record();
  await f.fail(f.process(0), 3);
  store.push(await f.record());
  expect(breaker.state.state).toBe('open');
  await f.advance(100);
  const loads = store.calls.load;
  store.push(old);
  expect(await outcome(breaker.execute(() => 1))).toBe('rejected');
  await f.idle();
  expect(breaker.state.state).toBe('open');
  expect(store.calls.load).toBeGreaterThan(loads);
});
