import assert from 'node:assert/strict';
import { NOTHING, slotAt } from '../../core/evidence.ts';
import { overrideActive, overrideUnsettled } from '../../core/record.ts';
import { type Definition, WINDOW } from './case.ts';
import { closedHead, halfOpenHead, leaseAt, openHead } from './heads.ts';

const ANA = { by: 'ana', reason: 'the provider asked for it' };
const BEN = { by: 'ben', reason: 'false alarm' };

export const operatorCases: readonly Definition[] = [
  {
    name: 'an override is stored with who, why, when and until when, and moves no epoch',
    law: 'L9',
    async test(bench) {
      const { name, store, other } = bench;
      const before = await bench.read();
      const first = await store.override(name, { mode: 'forced-open', forMs: 90_000, ...ANA });
      const { override } = first.record;
      assert.equal(first.accepted, true);
      assert.ok(override && Math.abs(override.atMs - bench.now()) < 5_000);
      assert.deepEqual(override, {
        version: 1,
        mode: 'forced-open',
        ...ANA,
        atMs: override.atMs,
        untilMs: override.atMs + 90_000,
      });
      assert.equal(first.record.epoch.number, before.epoch.number);
      assert.deepEqual(await bench.read(name, other), first.record);

      const second = (await other.override(name, { mode: 'forced-closed', ...BEN })).record.override;
      assert.ok(second);
      assert.deepEqual(second, { version: 2, mode: 'forced-closed', ...BEN, atMs: second.atMs });
      assert.deepEqual((await bench.read()).override, second);
    },
  },
  {
    name: 'a circuit that an override created is listed, and takes reports of whoever reads it',
    law: 'L8, L9',
    async test(bench) {
      const { name, store } = bench;
      await store.override(name, { mode: 'disabled', ...ANA });
      assert.equal((await store.list()).filter((listed) => listed === name).length, 1);
      const base = await bench.read();
      const slot = slotAt(bench.now(), base.bucketMs);
      const answer = await store.report(base, {
        [slot]: { ...NOTHING, calls: 1, failures: 1 },
      });
      assert.equal(answer.accepted, true);
      assert.equal(answer.record.override?.mode, 'disabled');
    },
  },
  {
    name: 'a release ends the override and stays on record; there is nothing to release twice',
    law: 'L9',
    async test(bench) {
      const { name, store, other } = bench;
      const nothing = await store.override(name, { mode: 'release', ...BEN });
      assert.equal(nothing.accepted, false);
      assert.equal(nothing.record.override, undefined);
      await store.override(name, { mode: 'forced-open', ...ANA });
      const released = await other.override(name, { mode: 'release', ...BEN });
      assert.equal(released.accepted, true);
      const { override } = released.record;
      assert.ok(override);
      const { atMs } = override;
      assert.deepEqual(override, { version: 2, mode: 'forced-open', ...BEN, atMs, untilMs: atMs });
      const again = await store.override(name, { mode: 'release', ...ANA });
      assert.deepEqual(again, { accepted: false, record: released.record });
    },
  },
  {
    name: 'an override ends at its own expiry, stays readable, and there is nothing to release then',
    law: 'L9',
    async test(bench) {
      const { name, store } = bench;
      const { record } = await store.override(name, { mode: 'forced-open', forMs: 30_000, ...ANA });
      await bench.elapse(25_000);
      assert.ok(overrideActive(await bench.read(), bench.now()));
      await bench.elapse(10_000);
      const ended = await bench.read();
      assert.deepEqual(ended.override, record.override);
      assert.ok(!overrideActive(ended, bench.now()) && overrideUnsettled(ended, bench.now()));
      assert.equal((await store.override(name, { mode: 'release', ...BEN })).accepted, false);
      const next = await store.override(name, { mode: 'disabled', ...BEN });
      assert.equal(next.record.override?.version, 2);
    },
  },
  {
    name: 'no report, lease, verdict or transition touches override or policy, and they touch nothing else',
    law: 'L9',
    async test(bench) {
      const { name, store, other } = bench;
      const root = await bench.read();
      const slot = slotAt(bench.now(), WINDOW.bucketMs);
      const lease = leaseAt(bench.now());
      let base = (await store.transition(root, halfOpenHead(root, bench.now(), lease, 2))).record;
      const { override } = (await other.override(name, { mode: 'forced-open', ...ANA })).record;
      const { policy } = (await other.policy(name, { failureRatio: 0.25 }, ANA)).record;
      assert.ok(override && policy);
      assert.deepEqual(await bench.read(), { ...base, override, policy });
      // Each from a base without either, as a process has it that read before the operator acted.
      const answers = [
        await store.report(base, {
          [slot]: { ...NOTHING, calls: 1, failures: 1 },
        }),
        await store.lease(base, 1, leaseAt(bench.now())),
        await store.settle(base, { leaseId: lease.id, slot: 0, verdict: 'success' }),
        await store.transition(base, openHead(base, bench.now())),
      ];
      for (const { accepted, record } of answers) {
        assert.equal(accepted, true);
        assert.deepEqual([record.override, record.policy], [override, policy]);
        base = record;
      }
      assert.deepEqual(await bench.read(), base);
    },
  },
  {
    name: 'of operators who act at once each gets a version of its own, and the last one holds',
    law: 'L9',
    async test(bench) {
      const { name } = bench;
      const overrides = await bench.together(8, (client, actor) =>
        client.override(name, { mode: 'forced-open', by: `operator-${actor}`, reason: 'race' }),
      );
      const policies = await bench.together(8, (client, actor) =>
        client.policy(name, { quorum: actor + 1 }, { by: `operator-${actor}`, reason: 'race' }),
      );
      const stored = await bench.read();
      for (const [kind, answers] of [['override', overrides] as const, ['policy', policies] as const]) {
        const acts = answers
          .map(({ record }) => record[kind])
          .sort((a, b) => (a?.version ?? 0) - (b?.version ?? 0));
        assert.ok(answers.every(({ accepted }) => accepted));
        assert.deepEqual(
          acts.map((act) => act?.version),
          [1, 2, 3, 4, 5, 6, 7, 8],
        );
        assert.deepEqual(stored[kind], acts.at(-1));
      }
      assert.equal(new Set(overrides.map(({ record }) => record.override?.by)).size, 8);
    },
  },
  {
    name: 'an operator who acts at the same moment costs no report: only another epoch refuses one',
    law: 'L2, L9',
    async test(bench) {
      const { name } = bench;
      const base = await bench.read();
      const slot = slotAt(bench.now(), WINDOW.bucketMs);
      const evidence = {
        [slot]: { ...NOTHING, calls: 1, failures: 1 },
      };
      // The circuit is there: one that an operator creates first has a cut of its own, and refuses for that.
      await bench.store.report(base, evidence);
      const answers = await bench.together(20, (client, actor) => {
        if (actor === 5) return client.override(name, { mode: 'forced-closed', ...ANA });
        if (actor === 10) return client.policy(name, { quorum: 2 }, ANA);
        return client.report(base, evidence);
      });
      assert.ok(answers.every(({ accepted }) => accepted));
      const record = await bench.read();
      assert.equal(record.evidence[slot]?.failures, 19);
      assert.deepEqual([record.override?.version, record.policy?.version], [1, 1]);
    },
  },
  {
    name: 'settings are stored with who and why, replaced whole, and removed by null',
    law: 'L9',
    async test(bench) {
      const { name, store, other } = bench;
      const first = await store.policy(name, { failureRatio: 0.125, resetTimeout: '30s' }, ANA);
      const { policy } = first.record;
      assert.ok(first.accepted && policy && Math.abs(policy.atMs - bench.now()) < 5_000);
      const values = { failureRatio: 0.125, resetTimeout: '30s' };
      assert.deepEqual(policy, { version: 1, values, ...ANA, atMs: policy.atMs });
      assert.deepEqual(await bench.read(name, other), first.record);
      assert.ok((await store.list()).includes(name));
      const second = (await other.policy(name, { quorum: 2 }, BEN)).record.policy;
      assert.deepEqual([second?.version, second?.values, second?.by], [2, { quorum: 2 }, 'ben']);
      const third = (await store.policy(name, null, ANA)).record.policy;
      assert.deepEqual([third?.version, third?.values, third?.by], [3, {}, 'ana']);
    },
  },
  {
    name: 'clear begins a fresh closed epoch without override, and the old one is refused',
    law: 'L1, L9',
    async test(bench) {
      const { name, store, other } = bench;
      const root = await bench.read();
      const open = (await store.transition(root, openHead(root, bench.now()))).record;
      const { policy } = (await store.policy(name, { quorum: 3 }, ANA)).record;
      await store.override(name, { mode: 'forced-open', ...ANA });
      await store.override(name, { mode: 'forced-open', ...ANA });
      const second = `${name}-2`;
      const base = await bench.read(second);
      await store.transition(base, closedHead(base, bench.now()));

      await other.clear([name, second], BEN);

      const cleared = await bench.read();
      assert.equal(cleared.state, 'closed');
      assert.equal(cleared.epoch.number, open.epoch.number + 1);
      assert.equal(cleared.override, undefined);
      assert.deepEqual([cleared.evidence, cleared.attempt, cleared.policy], [{}, 0, policy]);
      assert.deepEqual([cleared.bucketMs, cleared.buckets], [open.bucketMs, open.buckets]);
      const beside = await bench.read(second);
      assert.equal(beside.transition?.reason, 'cleared');
      assert.notEqual(
        beside.epoch.id,
        cleared.epoch.id,
        'ids are random: numbers may restart where a store loses its data',
      );
      const [newest, older] = await store.history(name);
      assert.deepEqual([newest?.reason, newest?.from], ['cleared', 'open']);
      assert.deepEqual([newest?.by, newest?.note], [BEN.by, BEN.reason]);
      assert.deepEqual(older?.epoch, open.epoch);

      const slot = slotAt(bench.now(), WINDOW.bucketMs);
      const late = await store.report(open, {
        [slot]: { ...NOTHING, calls: 9, failures: 9 },
      });
      assert.deepEqual(late, { accepted: false, record: cleared });
      const { override } = (await store.override(name, { mode: 'disabled', ...ANA })).record;
      assert.equal(override?.version, 3, 'versions go on: an old one never comes back');
    },
  },
  {
    name: 'clear takes effect whoever moves the circuit at the same moment',
    law: 'L1, L9',
    async test(bench) {
      for (let round = 0; round < 5; round += 1) {
        const name = `${bench.name}-${round}`;
        const base = await bench.read(name);
        await bench.together(6, async (client, actor) => {
          if (actor === 3) await client.clear([name], BEN);
          else await client.transition(base, openHead(base, bench.now()));
        });
        const reasons = (await bench.store.history(name)).map(({ reason }) => reason);
        assert.equal(reasons.filter((reason) => reason === 'cleared').length, 1);
      }
    },
  },
];
