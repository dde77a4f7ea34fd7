import assert from 'node:assert/strict';
import { NOTHING, slotAt } from '../../core/evidence.ts';
import type { CircuitRecord, Head } from '../../core/record.ts';
import { newId } from '../../id.ts';
import { type Definition, WINDOW } from './case.ts';
import { closedHead, halfOpenHead, leaseAt, nextHead, openHead } from './heads.ts';

export const transitionCases: readonly Definition[] = [
  {
    name: 'a transition stores its head whole, the first lease with it, on a missing circuit too',
    law: 'L1',
    async test(bench) {
      let base = await bench.read();
      for (let step = 0; step < 6; step += 1) {
        const head: Head = nextHead(base, bench.now());
        const { accepted, record } = await bench.store.transition(base, head);
        assert.equal(accepted, true);
        assert.deepEqual(record, { name: bench.name, evidence: {}, ...head });
        assert.deepEqual(await bench.read(bench.name, bench.other), record);
        base = record;
      }
      assert.ok((await bench.store.list()).includes(bench.name));
    },
  },
  {
    name: 'of many processes that trip at once one wins, and the others get the winner’s record',
    law: 'L1, L5, L7, peers P3, G1, 40 failures at once',
    async test(bench) {
      const missing = await bench.read();
      const { record: present } = await bench.other.transition(missing, closedHead(missing, bench.now()));
      const another = `${bench.name}-missing`;
      for (const base of [present, await bench.read(another)]) {
        const answers = await bench.together(20, (client) =>
          client.transition(base, openHead(base, bench.now())),
        );
        const stored = await bench.read(base.name);
        assert.equal(answers.filter(({ accepted }) => accepted).length, 1);
        for (const { record } of answers) assert.deepEqual(record, stored);
      }
    },
  },
  {
    name: 'a process whose reply was lost finds that it won: the same transition again is refused by its own id',
    law: 'L7',
    async test(bench) {
      const base = await bench.read();
      const head = openHead(base, bench.now());
      await bench.store.transition(base, head);
      const again = await bench.store.transition(base, head);
      assert.equal(again.accepted, false);
      assert.deepEqual(again.record.epoch, head.epoch);
    },
  },
  {
    name: 'every write refuses an epoch of equal number and other id',
    law: 'L1',
    async test(bench) {
      const root = await bench.read();
      const lease = leaseAt(bench.now());
      const { record } = await bench.store.transition(root, halfOpenHead(root, bench.now(), lease, 2));
      const foreign: CircuitRecord = { ...record, epoch: { number: record.epoch.number, id: newId() } };
      const evidence = {
        [slotAt(bench.now(), WINDOW.bucketMs)]: { ...NOTHING, calls: 1, failures: 1 },
      };
      const answers = [
        await bench.store.report(foreign, evidence),
        await bench.store.settle(foreign, { leaseId: lease.id, slot: 0, verdict: 'success' }),
        await bench.store.lease(foreign, 1, leaseAt(bench.now())),
        await bench.store.transition(foreign, closedHead(foreign, bench.now())),
      ];
      for (const answer of answers) assert.deepEqual(answer, { accepted: false, record });
      assert.deepEqual(await bench.read(), record);
    },
  },
  {
    name: 'a transition empties the evidence and leaves override and policy alone',
    law: 'L9',
    async test(bench) {
      const { name, store } = bench;
      const evidence = {
        [slotAt(bench.now(), WINDOW.bucketMs)]: { ...NOTHING, calls: 4, failures: 3, slow: 2, votes: 1 },
      };
      const base = (await store.report(await bench.read(), evidence)).record;
      const author = { by: 'ana', reason: 'rollout' };
      const { override } = (await store.override(name, { mode: 'disabled', forMs: 60_000, ...author }))
        .record;
      const { policy } = (await store.policy(name, { failureThreshold: 5, timeout: '2s' }, author)).record;
      // From a base that knows nothing of either: what was not read must not be written back.
      const head = openHead(base, bench.now());
      const { record } = await bench.other.transition(base, head);
      assert.ok(override && policy);
      assert.deepEqual(record, { name, evidence: {}, override, policy, ...head });
      assert.deepEqual(await bench.read(), record);
    },
  },
  {
    name: 'a transition also empties buckets that its base never saw',
    law: 'L1',
    async test(bench) {
      const root = await bench.read();
      // Of each counter, so that none is left behind.
      const counts = { calls: 4, failures: 3, slow: 2, isolated: 1, isolatedSlow: 1, votes: 1 };
      const slot = slotAt(bench.now(), WINDOW.bucketMs);
      const base = (await bench.store.report(root, { [slot]: counts })).record;
      await bench.other.report(root, { [slot - 2]: counts, [slot - 1]: counts });
      const { record } = await bench.store.transition(base, openHead(base, bench.now()));
      assert.deepEqual(record.evidence, {});
      assert.deepEqual(await bench.read(), record);
    },
  },
  {
    name: 'a straggler of an older epoch cannot re-trip, extend or veto a newer one',
    law: 'L1, L5, peers C1, C9, P2, S1, F2, O1',
    async test(bench) {
      const admitted = await bench.read();
      const open = (await bench.store.transition(admitted, openHead(admitted, bench.now()))).record;
      const lease = leaseAt(bench.now());
      const probing = (await bench.store.transition(open, halfOpenHead(open, bench.now(), lease))).record;
      for (const old of [admitted, open])
        for (const head of [openHead(old, bench.now()), closedHead(old, bench.now())]) {
          const answer = await bench.other.transition(old, head);
          assert.deepEqual(answer, { accepted: false, record: probing });
        }
      const verdict = { leaseId: lease.id, slot: 0, verdict: 'success' } as const;
      assert.equal((await bench.store.settle(probing, verdict)).accepted, true);
    },
  },
  {
    name: 'a store that lost the circuit refuses what was derived from it, and answers with the root record',
    law: 'L8, peers G4',
    async test(bench) {
      const { store } = bench;
      const root = await bench.read();
      const nowMs = bench.now();
      const lease = leaseAt(nowMs);
      const lost: CircuitRecord = { name: bench.name, evidence: {}, ...halfOpenHead(root, nowMs, lease, 2) };
      const evidence = {
        [slotAt(nowMs, WINDOW.bucketMs)]: { ...NOTHING, calls: 1, failures: 1 },
      };
      const answers = [
        await store.report(lost, evidence),
        await store.settle(lost, { leaseId: lease.id, slot: 0, verdict: 'success' }),
        await store.lease(lost, 1, leaseAt(nowMs)),
        await store.transition(lost, closedHead(lost, nowMs)),
      ];
      for (const answer of answers) assert.deepEqual(answer, { accepted: false, record: root });
      assert.deepEqual(await bench.read(), root);
    },
  },
  {
    name: 'what the base carries is never written back',
    law: 'L8, peers C6, G3',
    async test(bench) {
      const { name, store } = bench;
      const root = await bench.read();
      const nowMs = bench.now();
      const slot = slotAt(nowMs, WINDOW.bucketMs);
      const author = { version: 3, by: 'ana', reason: 'long gone', atMs: nowMs };
      const remembered: CircuitRecord = {
        ...root,
        evidence: {
          [slot]: { ...NOTHING, calls: 9, failures: 9, slow: 9, votes: 9 },
        },
        override: { mode: 'forced-open', ...author },
        policy: { values: { quorum: 4 }, ...author },
      };
      const more = {
        [slot]: { ...NOTHING, calls: 2, failures: 1 },
      };
      const { record } = await store.report(remembered, more);
      assert.deepEqual(record, { ...root, sinceMs: record.sinceMs, evidence: more });
      const head = openHead(root, nowMs);
      const { record: open } = await store.transition(remembered, head);
      assert.deepEqual(open, { name, evidence: {}, ...head });
    },
  },
];
