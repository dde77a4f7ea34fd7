import fc from 'fast-check';
import { type CircuitRecord, MemoryStore, type Override } from 'switchgear';
import { Operator } from 'switchgear/operate';
import { FakeClock } from 'switchgear/testing';
import { expect, test } from 'vitest';
import { circuitView } from '../../src/circuits/circuit-view.ts';

const NOW = new FakeClock().now();
const near = fc.integer({ min: -30_000, max: 30_000 }).map((ms) => NOW + ms);
const count = fc.integer({ min: 0, max: 50 });
const counts = fc.record({
  calls: count,
  failures: count,
  slow: count,
  isolated: count,
  isolatedSlow: count,
  votes: count,
});
const slot = fc.integer({ min: -12, max: 3 }).map((slots) => Math.floor(NOW / 6_000) + slots);

const override = fc.record(
  {
    version: fc.integer({ min: 1, max: 4 }),
    mode: fc.constantFrom('forced-open', 'forced-closed', 'disabled', 'of a later version'),
    by: fc.constant('ann'),
    reason: fc.constant('drill'),
    atMs: near,
    untilMs: near,
  },
  { requiredKeys: ['version', 'mode', 'by', 'reason', 'atMs'] },
) as fc.Arbitrary<Override>;

const body = fc.record(
  {
    name: fc.constant('payments'),
    epoch: fc.constant({ number: 3, id: 'e' }),
    sinceMs: near,
    attempt: fc.constant(0),
    bucketMs: fc.constant(6_000),
    buckets: fc.constant(10),
    settledOverride: fc.integer({ min: 0, max: 4 }),
    evidence: fc.dictionary(slot.map(String), counts, { maxKeys: 4 }),
    override,
  },
  {
    requiredKeys: [
      'name',
      'epoch',
      'sinceMs',
      'attempt',
      'bucketMs',
      'buckets',
      'settledOverride',
      'evidence',
    ],
  },
);

const head = fc.oneof(
  fc.record({
    state: fc.constant('closed' as const),
    rampMs: fc.constantFrom(0, 10_000),
    rampFrom: fc.constantFrom(0.1, 1),
  }),
  fc.record({ state: fc.constant('open' as const), openUntilMs: near }),
  fc.record({
    state: fc.constant('half-open' as const),
    successesNeeded: fc.constant(1),
    leaseMs: fc.constant(5_000),
    leases: fc.array(fc.option(fc.record({ id: fc.string(), by: fc.string(), untilMs: near })), {
      minLength: 1,
      maxLength: 3,
    }),
    successes: count,
    failures: count,
    lapses: count,
  }),
);

test('what is shown of any record is what the library makes of it', async () => {
  await fc.assert(
    fc.asyncProperty(body, head, async (body, head) => {
      const record = { ...body, ...head } as CircuitRecord;
      const store = new MemoryStore({ clock: new FakeClock() });
      store.load = async () => [record];
      const status = (await new Operator({ store }).getStates(['payments'])).payments;
      const view = circuitView(record, NOW);
      expect(view.state).toBe(status?.state);
      expect(view.retryAfterMs).toBe(
        status?.retryAfterMs === Number.POSITIVE_INFINITY ? null : status?.retryAfterMs,
      );
      expect(view.evidence).toEqual({
        calls: status?.evidence.calls,
        failures: status?.evidence.failures,
        slow: status?.evidence.slow,
        isolated: status?.evidence.isolated,
      });
      expect(view.override?.mode).toBe(status?.override?.mode);
      expect([view.ended?.mode, view.versions.override]).toEqual([
        status?.ended?.mode,
        status?.overrideVersion,
      ]);
    }),
    { numRuns: 2_000, seed: 20_261_121 },
  );
});
