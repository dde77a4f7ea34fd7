import { describe, expect, test } from 'vitest';
import { moveTo, type OverrideRequest, overridden, reportProbe, takeLease } from '../../src/core/apply.ts';
import { NOTHING, slotAt } from '../../src/core/evidence.ts';
import { type CircuitRecord, type HalfOpenRecord, type Head, rootRecord } from '../../src/core/record.ts';
import { closed, halfOpened, leaseFor, tripped } from '../../src/core/transitions.ts';
import { admission, due } from '../../src/core/verdict.ts';
import { POLICY } from './policies.ts';

const NOW = Date.UTC(2026, 9, 21, 6, 30, 12, 345);
const COUNTS = { ...NOTHING, calls: 3, failures: 3 };
const ROOT = rootRecord('payments', { bucketMs: 6_000, buckets: 10 });

let ids = 0;
function mover(nowMs: number) {
  ids += 1;
  return { nowMs, id: `id-${ids}`, by: 'process-1', chance: 0 };
}

function moved(record: CircuitRecord, next: Head): CircuitRecord {
  const after = moveTo(record, record.epoch, next);
  if (!after) throw new Error('refused');
  return after;
}

const OPEN = moved(ROOT, tripped(ROOT, POLICY, mover(NOW), 'failures', COUNTS));
const OPEN_UNTIL = NOW + 10_000;

function probing(slots = 1, needed = 1): HalfOpenRecord {
  const policy = { ...POLICY, halfOpenMaxProbes: slots, halfOpenSuccessThreshold: needed };
  return moved(OPEN, halfOpened(OPEN, policy, mover(OPEN_UNTIL))) as HalfOpenRecord;
}

function settled(record: HalfOpenRecord, verdict: 'success' | 'failure' | 'cancel', nowMs = OPEN_UNTIL + 10) {
  const result = { leaseId: record.leases[0]?.id ?? '', slot: 0, verdict };
  return reportProbe(record, record.epoch, result, nowMs) as HalfOpenRecord;
}

function operated(record: CircuitRecord, mode: OverrideRequest['mode'], nowMs: number, forMs?: number) {
  const request = { mode, by: 'ana', reason: 'test', ...(forMs === undefined ? {} : { forMs }) };
  const override = overridden(record, request, nowMs);
  if (!override) throw new Error('nothing to release');
  return { ...record, override };
}

describe('a closed circuit', () => {
  test('admits everything', () => {
    expect(admission(ROOT, NOW)).toEqual({ admits: 'all' });
    expect(due(ROOT, POLICY, NOW)).toBeUndefined();
  });

  test('is due to open for whoever sees the policy met', () => {
    const record = { ...ROOT, evidence: { [slotAt(NOW, 6_000)]: COUNTS } };
    expect(due(record, POLICY, NOW)).toEqual({ to: 'open', reason: 'failures', counts: COUNTS });
    expect(due(record, POLICY, NOW + 60_000)).toBeUndefined();
  });

  test('ramps up in a straight line from the first share to everything, without a store call', () => {
    const policy = { ...POLICY, rampDuration: 20_000, rampFrom: 0.25 };
    const record = moved(probing(), closed(probing(), policy, mover(NOW), 'recovered'));
    const at = (ms: number) => admission(record, NOW + ms);
    expect(at(0)).toEqual({ admits: 'share', share: 0.25 });
    expect(at(10_000)).toEqual({ admits: 'share', share: 0.625 });
    expect(at(20_000)).toEqual({ admits: 'all' });
    // L12: a clock that is behind sees the beginning, not less than it.
    expect(at(-900)).toEqual({ admits: 'share', share: 0.25 });
  });
});

describe('an open circuit', () => {
  test('admits nothing until its deadline, then a probe that has to take it to half-open', () => {
    expect(admission(OPEN, OPEN_UNTIL - 1)).toEqual({ admits: 'none', untilMs: OPEN_UNTIL });
    expect(admission(OPEN, OPEN_UNTIL)).toEqual({ admits: 'probe', freeSinceMs: OPEN_UNTIL });
    expect(due(OPEN, POLICY, OPEN_UNTIL + 60_000)).toBeUndefined();
  });
});

describe('L12 an epoch that began further ahead than clocks differ: the store’s clock was set back', () => {
  const ramped = closed(probing(), { ...POLICY, rampDuration: 20_000, rampFrom: 0 }, mover(NOW), 'recovered');

  test.each<[string, CircuitRecord]>([
    ['an open circuit', OPEN],
    ['with a grace for the health check', { ...OPEN, graceMs: 60_000 }],
    ['a half-open circuit, whoever holds its slots', probing()],
  ])('%s gets a probe in a new epoch, which takes a read from now on', (_, record) => {
    const earliest = record.sinceMs - 2_000;
    expect(admission(record, earliest)).toMatchObject({ admits: 'none' });
    for (const nowMs of [earliest - 1, earliest - 3_600_000])
      expect(admission(record, nowMs)).toEqual({ admits: 'probe', freeSinceMs: nowMs });
  });

  test('a ramp is over', () => {
    const record = moved(probing(), ramped);
    expect(admission(record, NOW - 2_000)).toEqual({ admits: 'share', share: 0 });
    expect(admission(record, NOW - 2_001)).toEqual({ admits: 'all' });
  });

  test('an operator’s word stays', () => {
    const forced = operated(OPEN, 'forced-open', NOW, 60_000);
    expect(admission(forced, NOW - 3_600_000)).toEqual({ admits: 'none', untilMs: NOW + 60_000 });
  });
});

describe('a half-open circuit', () => {
  test('carries the first lease of whoever made it half-open, and offers the other slots', () => {
    const one = probing();
    const lease = { id: one.epoch.id, by: 'process-1', untilMs: OPEN_UNTIL + 31_000 };
    expect(one.leases).toEqual([lease]);
    expect(admission(one, OPEN_UNTIL)).toEqual({ admits: 'none', untilMs: lease.untilMs + 2_000 });
    expect(admission(probing(2), OPEN_UNTIL)).toEqual({ admits: 'probe', slot: 1, freeSinceMs: 0 });
  });

  test('L12 offers a slot that was left 2 s after its end', () => {
    const freeSinceMs = OPEN_UNTIL + 31_000 + 2_000;
    expect(admission(probing(), freeSinceMs - 1)).toEqual({ admits: 'none', untilMs: freeSinceMs });
    expect(admission(probing(), freeSinceMs)).toEqual({ admits: 'probe', slot: 0, freeSinceMs });
  });

  test('L4 closes on enough successes, whoever had them', () => {
    const one = settled(probing(1, 2), 'success');
    expect(due(one, POLICY, OPEN_UNTIL + 10)).toBeUndefined();
    const lease = leaseFor(one.leaseMs, mover(OPEN_UNTIL + 20));
    const again = takeLease(one, one.epoch, 0, lease, OPEN_UNTIL + 20) as HalfOpenRecord;
    const two = settled(again, 'success', OPEN_UNTIL + 30);
    expect(due(two, POLICY, OPEN_UNTIL + 30)).toEqual({ to: 'closed', reason: 'recovered' });
  });

  test('re-opens on one failure, whatever succeeded', () => {
    const failed = { ...settled(probing(), 'failure'), successes: 9 };
    expect(due(failed, POLICY, OPEN_UNTIL + 10)).toEqual({ to: 'reopen', reason: 'probe-failed' });
  });

  test('L6 takes no verdict from a cancel', () => {
    const cancelled = settled(probing(), 'cancel');
    expect(due(cancelled, POLICY, OPEN_UNTIL + 10)).toBeUndefined();
    expect(admission(cancelled, OPEN_UNTIL + 10)).toEqual({ admits: 'probe', slot: 0, freeSinceMs: 0 });
  });

  test('L3 re-opens when three probers in a row have vanished, and not when they merely cancelled', () => {
    let record = probing();
    let nowMs = OPEN_UNTIL;
    for (const lapses of [1, 2]) {
      nowMs += 31_000 + 2_000;
      expect(due(record, POLICY, nowMs)).toBeUndefined();
      record = takeLease(record, record.epoch, 0, leaseFor(31_000, mover(nowMs)), nowMs) as HalfOpenRecord;
      expect(record.lapses).toBe(lapses);
    }
    expect(due(record, POLICY, nowMs + 32_999)).toBeUndefined();
    expect(due(record, POLICY, nowMs + 33_000)).toEqual({ to: 'reopen', reason: 'probes-lapsed' });
    expect(settled(record, 'cancel', nowMs + 10).lapses).toBe(2);
    expect(settled(record, 'success', nowMs + 10).lapses).toBe(0);
  });
});

describe('L9 overrides', () => {
  test('forced-open rejects everything, until its end where it has one', () => {
    expect(admission(operated(ROOT, 'forced-open', NOW), NOW)).toEqual({ admits: 'none', untilMs: Infinity });
    const limited = operated(ROOT, 'forced-open', NOW, 60_000);
    expect(admission(limited, NOW + 59_999)).toEqual({ admits: 'none', untilMs: NOW + 60_000 });
  });

  test('forced-open ends into half-open over whatever lay below it, never into full load', () => {
    for (const below of [ROOT, OPEN, probing()]) {
      const limited = operated(below, 'forced-open', NOW, 60_000);
      expect(admission(limited, NOW + 60_000)).toEqual({ admits: 'probe', freeSinceMs: NOW + 60_000 });
      const half = moved(limited, halfOpened(limited, POLICY, mover(NOW + 60_000)));
      expect(half.settledOverride).toBe(1);
      expect(admission(half, NOW + 60_001).admits).toBe('none');
    }
  });

  test('forced-closed and disabled admit everything, trip nothing and end in a fresh closed epoch', () => {
    for (const mode of ['forced-closed', 'disabled'] as const)
      for (const below of [{ ...ROOT, evidence: { [slotAt(NOW, 6_000)]: COUNTS } }, OPEN, probing()]) {
        const held = operated(below, mode, NOW);
        expect(admission(held, NOW)).toEqual({ admits: 'all' });
        expect(due(held, POLICY, NOW)).toBeUndefined();
        const released = operated(held, 'release', NOW + 5);
        expect(admission(released, NOW + 5)).toEqual({ admits: 'all' });
        expect(due(released, POLICY, NOW + 5)).toEqual({ to: 'closed', reason: 'override-ended' });
        const fresh = moved(released, closed(released, POLICY, mover(NOW + 6), 'override-ended'));
        expect([fresh.attempt, fresh.evidence, fresh.settledOverride]).toEqual([0, {}, 2]);
        expect(due(fresh, POLICY, NOW + 6)).toBeUndefined();
      }
  });

  test('the end of an older override is not taken for the end of a newer one', () => {
    const first = operated(ROOT, 'disabled', NOW, 1_000);
    // Decided while the first had ended and nobody had heard of the second.
    const fresh = closed(first, POLICY, mover(NOW + 1_000), 'override-ended');
    const second = operated(first, 'forced-open', NOW + 999, 1_000);
    const record = moved(second, fresh);
    expect(admission(record, NOW + 1_000)).toEqual({ admits: 'none', untilMs: NOW + 1_999 });
    expect(admission(record, NOW + 1_999).admits).toBe('probe');
  });
});
