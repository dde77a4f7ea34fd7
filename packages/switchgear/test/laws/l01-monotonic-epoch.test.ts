/** L1: every result counts in the epoch under which its call was admitted, and in no other. */

import { expect, test } from 'vitest';
import { fleet } from './fleet.ts';

for (const push of [false, true]) {
  const how = push ? 'with push' : 'without push';

  test(`L1, peers C1 a success that was admitted before the trip leaves the circuit open (${how})`, async () => {
    const f = fleet(2, { push });
    const slow = f.begin(f.process(0));
    await f.idle();
    await f.fail(f.process(1), 3);
    expect((await f.record()).state).toBe('open');

    const before = await f.record();
    expect(await slow.succeed()).toBe('ok');
    await f.idle();
    expect(await f.record()).toEqual(before);
    expect(f.process(0).store.calls).toMatchObject({ report: 0, settle: 0, transition: 0, lease: 0 });
  });

  test(`L1, peers O1 a success that was admitted before the trip closes no half-open circuit (${how})`, async () => {
    const f = fleet(2, { push });
    const slow = f.begin(f.process(0));
    await f.idle();
    await f.fail(f.process(1), 3);
    await f.advance(10_000);
    const probe = f.begin(f.process(1));
    await f.idle();
    expect(probe.started).toBe(true);

    expect(await slow.succeed()).toBe('ok');
    await f.idle();
    expect(await f.record()).toMatchObject({ state: 'half-open', successes: 0 });
  });

  test(`L1, peers S1 a straggler's failure does not end recovery, nor open a closed circuit (${how})`, async () => {
    const f = fleet(2, { push, breaker: { failureThreshold: 1 } });
    const first = f.begin(f.process(0));
    const second = f.begin(f.process(0));
    const third = f.begin(f.process(0));
    await f.idle();
    await f.fail(f.process(1));
    const open = await f.record();
    expect(open.state).toBe('open');
    expect(await first.fail()).toBe('failed');
    await f.idle();
    expect(await f.record(), 'open').toMatchObject({
      epoch: open.epoch,
      openUntilMs: f.clock.now() + 10_000,
    });

    await f.advance(10_000);
    const probe = f.begin(f.process(1));
    await f.idle();
    expect(await second.fail()).toBe('failed');
    await f.idle();
    expect(await f.record(), 'half-open').toMatchObject({
      state: 'half-open',
      failures: 0,
      epoch: { number: 2 },
    });

    expect(await probe.succeed()).toBe('ok');
    await f.idle();
    expect(await third.fail()).toBe('failed');
    await f.idle();
    expect(await f.record(), 'closed').toMatchObject({ state: 'closed', evidence: {}, epoch: { number: 3 } });
    expect(f.process(0).breaker.state.state).not.toBe('local-open');
  });

  test(`L1, peers S2 a straggler's failure does not veto a good probe (${how})`, async () => {
    const f = fleet(2, { push });
    const slow = f.begin(f.process(0));
    await f.idle();
    await f.fail(f.process(1), 3);
    await f.advance(10_000);
    const probe = f.begin(f.process(1));
    await f.idle();
    await slow.fail();
    expect(await probe.succeed()).toBe('ok');
    await f.idle();
    expect((await f.record()).state).toBe('closed');
  });

  test(`L1, peers P2 a process with an old snapshot does not trip over another's probe (${how})`, async () => {
    const f = fleet(2, { push });
    // Its threshold-th failure is under way while the circuit opens and half-opens.
    await f.fail(f.process(0), 1);
    const late = [f.begin(f.process(0)), f.begin(f.process(0)), f.begin(f.process(0))];
    await f.idle();
    await f.fail(f.process(1), 3);
    await f.advance(10_000);
    const probe = f.begin(f.process(1));
    await f.idle();
    const halfOpen = await f.record();
    expect(halfOpen.state).toBe('half-open');

    for (const call of late) await call.fail();
    await f.idle();
    expect((await f.record()).epoch).toEqual(halfOpen.epoch);
    expect(await f.record()).toMatchObject({ leases: [{ by: 'process-1' }], failures: 0 });
    expect(await probe.succeed()).toBe('ok');
    await f.idle();
    expect((await f.record()).state).toBe('closed');
  });
}

test("L1 a straggler's failure under an epoch that the process knows to be over costs no store call", async () => {
  const f = fleet(1);
  const p = f.process(0);
  const slow = f.begin(p);
  await f.idle();
  await f.fail(p, 3);
  const before = { ...p.store.calls };
  expect(await slow.fail()).toBe('failed');
  await f.idle();
  expect(p.store.calls).toEqual(before);
});

test('L1 a late load does not take back what a newer answer said', async () => {
  const f = fleet(2);
  const p = f.process(0);
  await f.call(p);
  // A read that was sent before the trip arrives after the trip is known.
  await f.advance(5_000);
  p.store.inject('load', async ({ run }) => {
    const answer = await run();
    await new Promise<void>((resolve) => f.clock.setTimer(resolve, 300));
    return answer;
  });
  await f.call(p);
  await f.advance(100);
  await f.fail(p, 3);
  expect(p.breaker.state.state).toBe('open');
  await f.advance(300);
  expect(p.breaker.state.state).toBe('open');
  expect(await f.call(p)).toBe('rejected');
});

test('L1 successes of an epoch that is over do not dilute the evidence of the next', async () => {
  const f = fleet(1, { breaker: { failureRatio: 0.5, maxConcurrent: false } });
  const p = f.process(0);
  const slow = Array.from({ length: 30 }, () => f.begin(p));
  await f.idle();
  await f.fail(p, 3);
  await f.advance(10_000);
  expect(await f.call(p)).toBe('ok');
  await f.idle();
  await f.call(p);
  for (const call of slow) await call.succeed();
  await f.fail(p, 3);
  expect(await f.record()).toMatchObject({ state: 'open', transition: { calls: 4, failures: 3 } });
});

test('L1, peers G1 a process that read before another tripped, and writes after, undoes nothing', async () => {
  const f = fleet(2);
  const [a, b] = [f.process(0), f.process(1)];
  for (const process of f.processes) await f.call(process);
  await f.fail(a, 2);
  b.store.before('report', () => f.fail(a, 1).then(() => {}));
  await f.fail(b, 1);
  await f.idle();
  expect(await f.record()).toMatchObject({
    state: 'open',
    evidence: {},
    transition: { by: 'process-0', failures: 3 },
  });
  expect(b.breaker.state.state).toBe('open');
});
