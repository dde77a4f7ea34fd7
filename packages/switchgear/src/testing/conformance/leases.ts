import assert from 'node:assert/strict';
import type { ProbeResult } from '../../core/apply.ts';
import { type CircuitRecord, CLOCK_BOUND_MS, type HalfOpenRecord, type Lease } from '../../core/record.ts';
import { newId } from '../../id.ts';
import type { Store } from '../../store/contract.ts';
import type { Bench, Definition } from './case.ts';
import { closedHead, halfOpenHead, leaseAt, openHead } from './heads.ts';

/** A half-open circuit of `slots` probes; process-1 holds `first` in slot 0. */
async function probing(bench: Bench, slots = 1): Promise<{ record: HalfOpenRecord; first: Lease }> {
  const root = await bench.read();
  const open = (await bench.store.transition(root, openHead(root, bench.now()))).record;
  const first = leaseAt(bench.now());
  const { record } = await bench.store.transition(open, halfOpenHead(open, bench.now(), first, slots));
  return { record: halfOpen(record), first };
}

function halfOpen(record: CircuitRecord): HalfOpenRecord {
  assert.equal(record.state, 'half-open');
  return record as HalfOpenRecord;
}

/** Takes `slot` over from a lease that lapses meanwhile. */
async function takeOver(bench: Bench, client: Store, record: HalfOpenRecord, slot = 0): Promise<Lease> {
  await bench.reach((record.leases[slot]?.untilMs ?? 0) + 2 * CLOCK_BOUND_MS);
  const lease = leaseAt(bench.now(), 'process-2');
  assert.equal((await client.lease(record, slot, lease)).accepted, true);
  return lease;
}

function verdictOf(lease: Lease, verdict: ProbeResult['verdict'], slot = 0): ProbeResult {
  return { leaseId: lease.id, slot, verdict };
}

async function assertRefused(bench: Bench, act: (record: CircuitRecord) => ReturnType<Store['settle']>) {
  const before = await bench.read();
  assert.deepEqual(await act(before), { accepted: false, record: before });
  assert.deepEqual(await bench.read(), before);
}

export const leaseCases: readonly Definition[] = [
  {
    name: 'of many processes that want one free slot exactly one gets it',
    law: 'L3, peers C3, O3, F1, H1',
    async test(bench) {
      const { record, first } = await probing(bench, 3);
      for (const slot of [1, 2]) {
        const wanted = Array.from({ length: 20 }, (_, actor) => leaseAt(bench.now(), `process-${actor}`));
        const answers = await bench.together(20, (client, actor) =>
          client.lease(record, slot, wanted[actor] as Lease),
        );
        const winners = wanted.filter((_, actor) => answers[actor]?.accepted);
        assert.equal(winners.length, 1);
        for (const answer of answers) assert.deepEqual(halfOpen(answer.record).leases[slot], winners[0]);
      }
      const { leases, lapses } = halfOpen(await bench.read());
      assert.deepEqual(leases[0], first);
      assert.equal(lapses, 0);
    },
  },
  {
    name: 'a lease is refused while held and within 2 s after its end, then granted to one, and the lapse counted once',
    law: 'L3, L12, peers C3, P6',
    async test(bench) {
      const { record, first } = await probing(bench);
      const want = () => leaseAt(bench.now(), 'process-2');
      await assertRefused(bench, () => bench.other.lease(record, 0, want()));
      await bench.reach(first.untilMs + CLOCK_BOUND_MS / 2);
      await assertRefused(bench, () => bench.other.lease(record, 0, want()));
      await bench.reach(first.untilMs + 2 * CLOCK_BOUND_MS);
      const answers = await bench.together(10, (client) => client.lease(record, 0, want()));
      assert.equal(answers.filter(({ accepted }) => accepted).length, 1);
      assert.equal(halfOpen(await bench.read()).lapses, 1);
      await takeOver(bench, bench.store, halfOpen(await bench.read()));
      assert.equal(halfOpen(await bench.read()).lapses, 2);
    },
  },
  {
    name: 'what is stored decides over a slot, not what the base shows of it',
    law: 'L3',
    async test(bench) {
      const { record: base, first } = await probing(bench, 2);
      await bench.other.settle(base, verdictOf(first, 'cancel'));
      const freed = await bench.store.lease(base, 0, leaseAt(bench.now()));
      assert.equal(freed.accepted, true);
      assert.equal(halfOpen(freed.record).lapses, 0, 'the base shows a lease there, which has ended well');
      const abandoned = leaseAt(bench.now(), 'process-2');
      await bench.other.lease(base, 1, abandoned);
      await assertRefused(bench, () => bench.store.lease(base, 1, leaseAt(bench.now())));
      await bench.reach(abandoned.untilMs + 2 * CLOCK_BOUND_MS);
      const taken = await bench.store.lease(base, 1, leaseAt(bench.now()));
      assert.equal(taken.accepted, true);
      assert.equal(halfOpen(taken.record).lapses, 1, 'the base shows a free slot, which somebody left');
    },
  },
  {
    name: 'there are no slots but those of the half-open epoch',
    law: 'L3',
    async test(bench) {
      const { record } = await probing(bench, 2);
      await assertRefused(bench, () => bench.store.lease(record, 2, leaseAt(bench.now())));
      const { record: closed } = await bench.store.transition(record, closedHead(record, bench.now()));
      await assertRefused(bench, () => bench.store.lease(closed, 1, leaseAt(bench.now())));
      await assertRefused(bench, () => bench.store.lease(record, 1, leaseAt(bench.now())));
    },
  },
  {
    name: 'each verdict frees its slot: a success and a failure count, a cancel is none',
    law: 'L3, L6, peers G6, O1, Y1',
    async test(bench) {
      let { record, first: lease } = await probing(bench);
      lease = await takeOver(bench, bench.store, record);
      const steps = [
        { verdict: 'cancel', successes: 0, failures: 0, lapses: 1 },
        { verdict: 'success', successes: 1, failures: 0, lapses: 0 },
        { verdict: 'failure', successes: 1, failures: 1, lapses: 0 },
        { verdict: 'success', successes: 2, failures: 1, lapses: 0 },
      ] as const;
      for (const { verdict, ...counts } of steps) {
        const answer = await bench.other.settle(record, verdictOf(lease, verdict));
        assert.equal(answer.accepted, true);
        record = halfOpen(answer.record);
        const { leases, successes, failures, lapses } = record;
        assert.deepEqual({ leases, successes, failures, lapses }, { leases: [null], ...counts });
        assert.deepEqual(await bench.read(), record);
        lease = leaseAt(bench.now());
        assert.equal((await bench.store.lease(record, 0, lease)).accepted, true);
      }
    },
  },
  {
    name: 'a result under an id or slot that does not hold the lease changes nothing',
    law: 'L3, peers C9, F2',
    async test(bench) {
      const { record, first } = await probing(bench, 2);
      for (const verdict of ['success', 'failure', 'cancel'] as const) {
        await assertRefused(bench, () => bench.other.settle(record, { leaseId: newId(), slot: 0, verdict }));
        await assertRefused(bench, () => bench.other.settle(record, verdictOf(first, verdict, 1)));
        await assertRefused(bench, () => bench.other.settle(record, verdictOf(first, verdict, 2)));
      }
    },
  },
  {
    name: 'a result after the lease has expired changes nothing, taken over or not',
    law: 'L3, peers C9, P1',
    async test(bench) {
      const { record, first } = await probing(bench);
      await bench.reach(first.untilMs + CLOCK_BOUND_MS);
      await assertRefused(bench, () => bench.store.settle(record, verdictOf(first, 'success')));
      const second = await takeOver(bench, bench.other, record);
      await assertRefused(bench, () => bench.store.settle(record, verdictOf(first, 'failure')));
      const answer = await bench.other.settle(record, verdictOf(second, 'success'));
      assert.equal(halfOpen(answer.record).successes, 1);
    },
  },
  {
    name: 'a zombie prober cannot close what a newer probe re-opened',
    law: 'L1, L3, peers P1, P4, C9, F2',
    async test(bench) {
      const { record, first } = await probing(bench);
      const second = await takeOver(bench, bench.other, record);
      const failed = (await bench.other.settle(record, verdictOf(second, 'failure'))).record;
      const open = (await bench.other.transition(failed, openHead(failed, bench.now()))).record;
      assert.equal(open.state, 'open');
      await assertRefused(bench, () => bench.store.settle(record, verdictOf(first, 'success')));
      await assertRefused(bench, () => bench.store.transition(record, closedHead(record, bench.now())));
      const third = leaseAt(bench.now());
      const next = await bench.store.transition(open, halfOpenHead(open, bench.now(), third));
      assert.equal(halfOpen(next.record).successes, 0, 'successes belong to their epoch');
      await assertRefused(bench, () => bench.store.settle(record, verdictOf(third, 'success')));
    },
  },
  {
    name: 'a result that is sent twice counts once, also at the same time',
    law: 'L2, L3',
    async test(bench) {
      const { record, first } = await probing(bench);
      const answers = await bench.together(10, (client) =>
        client.settle(record, verdictOf(first, 'success')),
      );
      assert.equal(answers.filter(({ accepted }) => accepted).length, 1);
      assert.equal(halfOpen(await bench.read()).successes, 1);
      await assertRefused(bench, () => bench.store.settle(record, verdictOf(first, 'failure')));
    },
  },
  {
    name: 'successes of different processes add up within their epoch',
    law: 'L4, peers P4',
    async test(bench) {
      const { record, first } = await probing(bench, 6);
      const leases = [first, ...Array.from({ length: 5 }, () => leaseAt(bench.now()))];
      await bench.together(6, async (client, slot) => {
        if (slot > 0) await client.lease(record, slot, leases[slot] as Lease);
        await client.settle(record, verdictOf(leases[slot] as Lease, 'success', slot));
      });
      const after = halfOpen(await bench.read(bench.name, bench.other));
      assert.equal(after.successes, 6);
      assert.deepEqual(after.leases, Array(6).fill(null));
      assert.equal(after.successesNeeded, 7);
    },
  },
];
