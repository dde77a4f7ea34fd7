/** L9: what an operator says beats the automatic state until it ends, and ends gently. */

import { expect, test } from 'vitest';
import { throttles } from '../../src/testing/index.ts';
import { fleet } from './fleet.ts';

const by = 'ana';
const reason = 'maintenance';

for (const push of [false, true])
  test(`L9 an override that one process sets reaches another ${push ? 'at once, by push' : 'at its refresh'}`, async () => {
    const f = fleet(2, { push });
    const [operator, other] = [f.process(0), f.process(1)];
    await f.call(other);
    await f.operator(operator).setStates({ payments: { mode: 'forced-open', by, reason } });
    expect(await f.call(operator)).toBe('rejected');
    if (!push) {
      await f.advance(5_000);
      await f.call(other);
      await f.idle();
    }
    expect(await f.call(other)).toBe('rejected');
    expect(other.breaker.state).toMatchObject({
      state: 'forced-open',
      retryAfterMs: Number.POSITIVE_INFINITY,
      override: { by, reason, mode: 'forced-open' },
    });
    expect(other.changes).toEqual([
      expect.objectContaining({
        to: 'forced-open',
        from: 'closed',
        reason: 'override',
        by,
        note: reason,
        source: 'learnt',
      }),
    ]);
  });

test('L9 forced-open lasts, through everything, until it is released; then one probe decides', async () => {
  const f = fleet(5);
  for (const process of f.processes) await f.call(process);
  await f.operator(f.process(0)).setStates({ payments: { mode: 'forced-open', by, reason } });
  // From minutes to a week: nothing ends it.
  for (let i = 0; i < 50; i++) {
    await f.advance(i < 40 ? 5_000 : 60_000_000);
    for (const process of f.processes) await f.call(process);
    await f.idle();
    for (const process of f.processes) expect(await f.call(process)).toBe('rejected');
  }
  f.dependency.calls = 0;
  await f.operator(f.process(1)).setStates({ payments: { mode: 'release', by, reason: 'done' } });
  await f.advance(5_000);
  const held = f.processes.map((process) => f.begin(process));
  await f.idle();
  held.push(...f.processes.map((process) => f.begin(process)));
  await f.idle();
  expect(held.filter((call) => call.started)).toHaveLength(1);
  expect(await f.record()).toMatchObject({ state: 'half-open' });
  await held.find((call) => call.started)?.succeed();
  await f.idle();
  expect((await f.record()).state).toBe('closed');
});

test('L9 forced-open that expires by itself ends into half-open, and a failed probe opens', async () => {
  const f = fleet(2);
  await f.operator(f.process(0)).setStates({ payments: { mode: 'forced-open', by, reason, forMs: 60_000 } });
  await f.call(f.process(1));
  await f.advance(59_999);
  expect(await f.call(f.process(1))).toBe('rejected');
  expect(f.process(1).breaker.state.retryAfterMs).toBe(1);
  await f.advance(1);
  f.dependency.mode = 'down';
  const outcomes = await Promise.all(f.processes.map((process) => f.call(process)));
  expect(outcomes.sort()).toEqual(['failed', 'rejected']);
  await f.idle();
  expect(await f.record()).toMatchObject({ state: 'open', transition: { reason: 'probe-failed' } });
});

test('L9 forced-open set over half-open: the probe under way decides nothing while it lasts', async () => {
  const f = fleet(2);
  await f.call(f.process(1));
  await f.fail(f.process(0), 3);
  await f.advance(10_000);
  const probe = f.begin(f.process(0));
  await f.idle();
  await f.operator(f.process(1)).setStates({ payments: { mode: 'forced-open', by, reason } });
  await probe.succeed();
  await f.idle();
  for (const process of f.processes) {
    await f.call(process);
    expect(await f.call(process)).toBe('rejected');
  }
});

for (const mode of ['forced-closed', 'disabled'] as const) {
  test(`L9 ${mode} counts evidence, trips nothing, and ends in a fresh closed epoch`, async () => {
    const f = fleet(2);
    await f.operator(f.process(0)).setStates({ payments: { mode, by, reason, forMs: 120_000 } });
    f.dependency.mode = 'down';
    for (let i = 0; i < 23; i++) {
      for (const process of f.processes) expect(await f.call(process)).toBe('failed');
      await f.advance(5_000);
    }
    expect(await f.record()).toMatchObject({ state: 'closed', epoch: { number: 0 } });
    expect(f.process(1).breaker.state).toMatchObject({
      state: mode,
      evidence: { failures: expect.any(Number) },
    });
    expect(f.process(1).breaker.state.evidence.failures).toBeGreaterThan(0);
    for (const { changes } of f.processes)
      expect(changes.filter(({ source }) => source === 'local')).toEqual([]);

    f.dependency.mode = 'up';
    await f.advance(5_000);
    for (const process of f.processes) await f.call(process);
    await f.idle();
    expect(await f.record()).toMatchObject({
      state: 'closed',
      epoch: { number: 1 },
      evidence: {},
      transition: { reason: 'override-ended' },
    });
    await f.advance(5_000);
    for (const process of f.processes) expect(await f.call(process)).toBe('ok');
    // One failure is one failure, whatever came before.
    await f.fail(f.process(0), 1);
    expect(f.process(0).breaker.state).toMatchObject({ state: 'closed', evidence: { failures: 1 } });
  });

  test(`L9 ${mode} over an open circuit lets all calls through and ends in a closed epoch`, async () => {
    const f = fleet(2);
    await f.fail(f.process(0), 3);
    await f.operator(f.process(1)).setStates({ payments: { mode, by, reason } });
    await f.advance(5_000);
    await f.call(f.process(0));
    await f.idle();
    for (const process of f.processes) expect(await f.call(process)).toBe('ok');
    await f.operator(f.process(1)).setStates({ payments: { mode: 'release', by, reason } });
    await f.idle();
    expect(await f.record()).toMatchObject({ state: 'closed', transition: { reason: 'override-ended' } });
  });

  test(`L9 ${mode} beats what a process has decided for itself`, async () => {
    const f = fleet(2);
    const p = f.process(0);
    await f.call(p);
    const remove = p.store.inject('transition', throttles);
    await f.fail(p, 3);
    expect(p.breaker.state.state).toBe('local-open');
    await f.operator(f.process(1)).setStates({ payments: { mode, by, reason } });
    remove();
    await f.advance(5_000);
    await f.call(p);
    await f.idle();
    expect(p.breaker.state.state).toBe(mode);
    expect(await f.call(p)).toBe('ok');
  });
}

test('L9 an override outlives a trip, a probe and a close below it', async () => {
  const f = fleet(2);
  await f.call(f.process(0));
  // This process does not know of the override until its refresh, and trips.
  await f.operator(f.process(1)).setStates({ payments: { mode: 'disabled', by, reason } });
  await f.fail(f.process(0), 3);
  expect((await f.record()).override).toMatchObject({ mode: 'disabled', by, version: 1 });
  await f.operator(f.process(1)).clearStates(['payments'], { by, reason });
  expect((await f.record()).override).toBeUndefined();
});

test('L9 clear ends an override and the open state, and everybody learns of it', async () => {
  const f = fleet(2);
  for (const process of f.processes) await f.call(process);
  await f.fail(f.process(0), 3);
  await f.operator(f.process(0)).setStates({ payments: { mode: 'forced-open', by, reason } });
  await f.operator(f.process(0)).clearStates(['payments'], { by, reason });
  expect(await f.call(f.process(0))).toBe('ok');
  await f.advance(5_000);
  expect(await f.call(f.process(1))).toBe('ok');
  await f.idle();
  expect(f.process(1).changes.at(-1)).toMatchObject({
    to: 'closed',
    reason: 'cleared',
    by,
    source: 'learnt',
  });
});

test('L9 a forced-closed that ends by itself ends at that moment, not with the next refresh', async () => {
  const f = fleet(1, { gear: { cacheTtl: '1m' } });
  const p = f.process(0);
  await f.call(p);
  p.store.inject('transition', throttles);
  await f.fail(p, 3);
  await f.operator(p).setStates({ payments: { mode: 'forced-closed', by, reason, forMs: 2_000 } });
  expect(await f.call(p)).toBe('ok');
  await f.advance(1_999);
  expect(await f.call(p)).toBe('ok');
  await f.advance(1);
  // What this process had decided for itself is in force again.
  expect(await f.call(p)).toBe('rejected');
});

test('L9 a release is told as such, with what lay below', async () => {
  const f = fleet(1);
  const p = f.process(0);
  await f.call(p);
  await f.operator(p).setStates({ payments: { mode: 'forced-open', by, reason } });
  await f.operator(p).setStates({ payments: { mode: 'release', by: 'ben', reason: 'done' } });
  expect(p.changes.at(-1)).toMatchObject({
    from: 'forced-open',
    to: 'closed',
    reason: 'override-released',
    by: 'ben',
    note: 'done',
  });
});

test('L9 forced-closed over half-open that ends by itself while the probe is under way: its result changes nothing', async () => {
  const f = fleet(2, { push: true });
  const p = f.process(0);
  await f.call(p);
  await f.fail(p, 3);
  await f.advance(10_000);
  const probe = f.begin(p);
  await f.idle();
  const override = { mode: 'forced-closed', reason: 'a probe would fail', forMs: 5_000 } as const;
  await f.operator(f.process(1)).setStates({ payments: override });
  expect(await f.call(p)).toBe('ok');
  await f.advance(5_000);
  expect(await f.call(p)).toBe('ok');
  await f.idle();
  await probe.fail();
  await f.idle();
  expect(await f.record()).toMatchObject({
    state: 'closed',
    transition: { reason: 'override-ended' },
    evidence: {},
  });
});
