import assert from 'node:assert/strict';
import type { ProbeVerdict } from '../../core/apply.ts';
import { type CircuitRecord, type Lease, sameEpoch } from '../../core/record.ts';
import type { Bench, Definition } from './case.ts';
import { halfOpenHead, leaseAt, nextHead } from './heads.ts';

/** Changes of the bench's circuit as they are pushed to `other`, from `known` on. Unchanged records may come in between. */
function pushesTo(
  bench: Bench,
  known: CircuitRecord,
): { readonly seen: CircuitRecord[]; readonly unsubscribe: () => void } {
  assert.ok(bench.other.subscribe, 'a store of which `pushes` is claimed has subscribe');
  const seen: CircuitRecord[] = [];
  const unsubscribe = bench.other.subscribe((record) => {
    const { epoch, override, policy } = seen.at(-1) ?? known;
    const unchanged =
      sameEpoch(record.epoch, epoch) &&
      record.override?.version === override?.version &&
      record.policy?.version === policy?.version;
    if (record.name === bench.name && !unchanged) seen.push(record);
  });
  return { seen, unsubscribe };
}

export const pushCases: readonly Definition[] = [
  {
    name: 'each transition, override, policy and clear is pushed as the record after it',
    law: 'the contract: subscribe',
    async test(bench) {
      const { name, store } = bench;
      const expected: CircuitRecord[] = [];
      const root = await bench.read();
      const { seen, unsubscribe } = pushesTo(bench, root);
      await store.report(root, {});
      const first = await store.transition(root, nextHead(root, bench.now()));
      expected.push(first.record);
      await store.transition(root, nextHead(root, bench.now()));
      expected.push((await store.override(name, { mode: 'disabled', by: 'ana', reason: 'test' })).record);
      expected.push((await store.policy(name, { quorum: 2 }, { by: 'ana', reason: 'test' })).record);
      await store.clear([name], { by: 'ana', reason: 'test' });
      expected.push(await bench.read());
      await bench.eventually('four pushes', () => seen.length >= 4);
      unsubscribe();
      assert.deepEqual(seen, expected);
    },
  },
  {
    name: 'L4 a probe slot that is free again is pushed, unless its verdict ends the epoch',
    law: 'the contract: subscribe',
    async test(bench) {
      const { store } = bench;
      const successes: number[] = [];
      const first = leaseAt(bench.now());
      const root = await bench.read();
      const head = { ...halfOpenHead(root, bench.now(), first), successesNeeded: 2 };
      let { record } = await store.transition(root, head);
      const unsubscribe = bench.other.subscribe?.((pushed) => {
        if (pushed.name !== bench.name || pushed.state !== 'half-open' || pushed.leases[0]) return;
        // Once more than needed, where a store cannot tell what was missed.
        if (pushed.successes !== successes.at(-1)) successes.push(pushed.successes);
      });
      const probe = async (verdict: ProbeVerdict, lease: Lease) => {
        ({ record } = await store.settle(record, { leaseId: lease.id, slot: 0, verdict }));
      };
      await probe('cancel', first);
      await bench.eventually('a push of the cancel', () => successes.length === 1);
      for (let i = 0; i < 2; i++) {
        const lease = leaseAt(bench.now());
        ({ record } = await store.lease(record, 0, lease));
        await probe('success', lease);
      }
      const closed = await store.transition(record, nextHead(record, bench.now()));
      const ended = pushesTo(bench, record);
      await store.transition(closed.record, nextHead(closed.record, bench.now()));
      await bench.eventually('the push after all these', () => ended.seen.at(-1)?.state === 'open');
      ended.unsubscribe();
      unsubscribe?.();
      assert.deepEqual(successes, [0, 1]);
    },
  },
  {
    name: 'nothing is pushed after unsubscribe, and the other listener goes on',
    law: 'the contract: subscribe',
    async test(bench) {
      const root = await bench.read();
      const gone = pushesTo(bench, root);
      const stays = pushesTo(bench, root);
      const { record } = await bench.store.transition(root, nextHead(root, bench.now()));
      await bench.eventually('a push to both', () => gone.seen.length + stays.seen.length === 2);
      gone.unsubscribe();
      gone.unsubscribe();
      await bench.store.transition(record, nextHead(record, bench.now()));
      await bench.eventually('the second push', () => stays.seen.length === 2);
      stays.unsubscribe();
      assert.equal(gone.seen.length, 1);
    },
  },
];

export const noPushCases: readonly Definition[] = [
  {
    name: 'a store that has subscribe is tested with `pushes: true`',
    law: 'the contract: subscribe',
    async test(bench) {
      assert.equal(bench.store.subscribe, undefined);
    },
  },
];
