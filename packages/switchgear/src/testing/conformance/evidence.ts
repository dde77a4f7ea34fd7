import assert from 'node:assert/strict';
import { type Counts, type Evidence, NOTHING, plus, slotAt, total } from '../../core/evidence.ts';
import { type CircuitRecord, rootRecord } from '../../core/record.ts';
import { type Bench, type Definition, WINDOW } from './case.ts';
import { openHead } from './heads.ts';

const FAILURE: Counts = { calls: 3, failures: 1, slow: 2, isolated: 1, isolatedSlow: 1, votes: 1 };

function at(nowMs: number, counts = FAILURE): Evidence {
  return { [slotAt(nowMs, WINDOW.bucketMs)]: counts };
}

/** What counts in the window at present. */
function counted(bench: Bench, record: CircuitRecord): Counts {
  return total(record.evidence, bench.now(), record);
}

/** All that lies in the record, whether it counts or not. */
function stored(evidence: Evidence): Counts {
  return Object.values(evidence).reduce(plus, NOTHING);
}

function times(n: number, counts: Counts): Counts {
  return Array(n).fill(counts).reduce(plus, NOTHING);
}

export const evidenceCases: readonly Definition[] = [
  {
    name: 'a missing circuit reads as its root record and is not created by reading',
    law: 'L8, peers G4',
    async test(bench) {
      const { name, store } = bench;
      assert.deepEqual(await bench.read(), rootRecord(name, WINDOW));
      assert.equal((await store.list()).includes(name), false);
      assert.deepEqual(await store.history(name), []);
    },
  },
  {
    name: 'a report on a missing circuit creates it, dated and listed',
    law: 'L8',
    async test(bench) {
      const base = await bench.read();
      const { accepted, record } = await bench.store.report(base, at(bench.now()));
      assert.equal(accepted, true);
      assert.deepEqual(record.epoch, base.epoch);
      assert.ok(Math.abs(record.sinceMs - bench.now()) < 5_000, 'sinceMs is the store’s present');
      assert.deepEqual(await bench.read(bench.name, bench.other), record);
      assert.ok((await bench.store.list()).includes(bench.name));
    },
  },
  {
    name: 'a report counts exactly once and answers with the record after it',
    law: 'L2',
    async test(bench) {
      let record = await bench.read();
      const slot = slotAt(bench.now(), WINDOW.bucketMs);
      const more: Evidence = {
        [slot - 1]: { calls: 5, failures: 4, slow: 0, isolated: 2, isolatedSlow: 2, votes: 0 },
        [slot]: { calls: 2, failures: 0, slow: 1, isolated: 0, isolatedSlow: 0, votes: 1 },
      };
      for (const n of [1, 2, 3]) {
        const answer = await bench.store.report(record, more);
        assert.equal(answer.accepted, true);
        record = answer.record;
        assert.deepEqual(
          counted(bench, record),
          times(n, { calls: 7, failures: 4, slow: 1, isolated: 2, isolatedSlow: 2, votes: 1 }),
        );
      }
      assert.deepEqual(await bench.read(), record);
    },
  },
  {
    name: 'a report of nothing, or of what expired while its process was frozen, is accepted and counts nothing',
    law: 'L2, L13',
    async test(bench) {
      let { record } = await bench.store.report(await bench.read(), at(bench.now()));
      const before = counted(bench, record);
      for (const evidence of [{}, at(bench.now() - 60_000)]) {
        const answer = await bench.other.report(record, evidence);
        assert.equal(answer.accepted, true);
        record = answer.record;
        assert.deepEqual(counted(bench, record), before);
      }
    },
  },
  {
    name: 'reports of many processes at once add up exactly, each answered with its own sum',
    law: 'L2, peers C2, H2',
    async test(bench) {
      const base = await bench.read();
      const nowMs = bench.now();
      const answers = await bench.together(40, (client) => client.report(base, at(nowMs)));
      assert.ok(answers.every(({ accepted }) => accepted));
      const sums = answers.map(({ record }) => counted(bench, record).failures).sort((a, b) => a - b);
      assert.deepEqual(
        sums,
        Array.from({ length: 40 }, (_, i) => i + 1),
      );
      assert.deepEqual(counted(bench, await bench.read()), times(40, FAILURE));
    },
  },
  {
    name: 'a report from an epoch that has passed adds nothing and brings the newer record',
    law: 'L1, L2, peers C1, S1',
    async test(bench) {
      const before = await bench.read();
      const { record: open } = await bench.store.transition(before, openHead(before, bench.now()));
      const answer = await bench.other.report(before, at(bench.now()));
      assert.equal(answer.accepted, false);
      assert.deepEqual(answer.record, open);
      assert.deepEqual(await bench.read(), open);
    },
  },
  {
    name: 'a report into an open epoch counts and moves nothing else, the deadline least of all',
    law: 'L5, peers P3, S1',
    async test(bench) {
      const before = await bench.read();
      const { record: open } = await bench.store.transition(before, openHead(before, bench.now()));
      await bench.elapse(2_000);
      const answers = await bench.together(5, (client) => client.report(open, at(bench.now())));
      assert.ok(answers.every(({ accepted }) => accepted));
      const { evidence, ...after } = await bench.read();
      const { evidence: none, ...was } = open;
      assert.deepEqual(after, was);
      assert.deepEqual(none, {});
      assert.equal(stored(evidence).failures, 5);
    },
  },
  {
    name: 'a process that cuts its buckets otherwise is refused and learns the width',
    law: 'L1',
    async test(bench) {
      const base = await bench.read();
      await bench.store.report(base, at(bench.now()));
      const wide = rootRecord(bench.name, { bucketMs: 6_000, buckets: 10 });
      const answer = await bench.other.report(wide, { [slotAt(bench.now(), 6_000)]: FAILURE });
      assert.equal(answer.accepted, false);
      assert.deepEqual(answer.record, await bench.read());
      assert.deepEqual([answer.record.bucketMs, answer.record.buckets], [WINDOW.bucketMs, WINDOW.buckets]);
    },
  },
  {
    name: 'evidence outside the window does not count, however many successes came since',
    law: 'peers C8',
    async test(bench) {
      let record = await bench.read();
      for (let second = 0; second < 30; second += 6) {
        const answer = await bench.store.report(record, at(bench.now()));
        record = answer.record;
        assert.ok(counted(bench, record).failures <= 2, 'two failures 6 s apart fit into 10 s, three do not');
        await bench.elapse(6_000);
      }
      await bench.elapse(12_000);
      assert.equal(counted(bench, await bench.read()).calls, 0);
    },
  },
  {
    name: 'expired buckets go with the next report: a record stays small after 1 000 slots',
    law: 'L10, peers C8',
    async test(bench) {
      let [mine, theirs] = [await bench.read(), await bench.read(bench.name, bench.other)];
      const startMs = bench.now();
      for (let slot = 0; slot < 1_000; slot += 50) {
        // Ten slots in a row, then a gap of forty; two processes in turns, neither of which sees all buckets come.
        for (let step = 0; step < 10; step += 2) {
          await bench.reach(startMs + (slot + step) * WINDOW.bucketMs);
          mine = (await bench.store.report(mine, at(bench.now()))).record;
          theirs = (await bench.other.report(theirs, at(bench.now()))).record;
        }
      }
      const { evidence } = await bench.read();
      const kept = Object.keys(evidence).length;
      assert.ok(kept <= 2 * WINDOW.buckets, `${kept} buckets are left, the window has ${WINDOW.buckets}`);
      assert.ok(stored(evidence).failures <= 4 * WINDOW.buckets, 'old evidence is gone, not hidden');
    },
  },
];
