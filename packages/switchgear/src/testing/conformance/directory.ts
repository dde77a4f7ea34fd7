import assert from 'node:assert/strict';
import { NOTHING, slotAt, total } from '../../core/evidence.ts';
import { type CircuitRecord, type Epoch, rootRecord } from '../../core/record.ts';
import { newId } from '../../id.ts';
import { type Definition, WINDOW } from './case.ts';
import { nextHead, openHead } from './heads.ts';

const ONE = { ...NOTHING, calls: 1, failures: 1 };

/** Names that a path, a key, an object or a page might trip over. */
const AWKWARD = [
  'Zahlung für Ärzte',
  'Zahlung fu\u0308r A\u0308rzte',
  '支払い・🚑',
  'CIRCUIT#payments',
  'payments#STATE',
  'a/b/../c?d=e&f%20g',
  '__proto__',
  'constructor',
  '<img src=x onerror=alert(1)>',
  '"quoted" \\ `back` $name :value',
  ' padded ',
  'line\nbreak',
  'UPPER',
  'upper',
  'x'.repeat(200),
  '🚑'.repeat(100),
];

export const directoryCases: readonly Definition[] = [
  {
    name: 'the history has every transition, newest first, the last one of a committer that died too',
    law: 'L7',
    async test(bench) {
      let base = await bench.read();
      const committed: CircuitRecord[] = [];
      // More than nine, since text would sort 10 before 9.
      for (let step = 0; step < 12; step += 1) {
        const client = step % 2 ? bench.other : bench.store;
        base = (await client.transition(base, nextHead(base, bench.now()))).record;
        committed.unshift(base);
        await bench.elapse(1_000);
      }
      const expected = committed.map(({ transition, epoch }) => ({ ...transition, epoch }));
      assert.deepEqual(await bench.other.history(bench.name), expected);
      assert.deepEqual(await bench.store.history(bench.name, 5), expected.slice(0, 5));
      assert.deepEqual(await bench.store.history(bench.name, 1), expected.slice(0, 1));
    },
  },
  {
    name: 'which epochs before the present one were filed is told by number and id',
    law: 'L7',
    async test(bench) {
      const { name, store, other } = bench;
      let base = await bench.read();
      const won: Epoch[] = [];
      for (let step = 0; step < 4; step += 1) {
        base = (await store.transition(base, nextHead(base, bench.now()))).record;
        won.push(base.epoch);
      }
      const before = won.slice(0, -1);
      const lost = before.map(({ number }) => ({ number, id: newId() }));
      assert.deepEqual(await other.filed(name, before), [true, true, true]);
      assert.deepEqual(await other.filed(name, [...lost, ...before]), [
        false,
        false,
        false,
        true,
        true,
        true,
      ]);
      assert.deepEqual(await store.filed(`${name}-missing`, lost), [false, false, false]);
    },
  },
  {
    name: 'the history is in the order of epochs, though the clock of a later committer is behind',
    law: 'L12',
    async test(bench) {
      const root = await bench.read();
      const first = await bench.store.transition(root, nextHead(root, bench.now() + 900));
      const second = await bench.other.transition(first.record, nextHead(first.record, bench.now()));
      const numbers = [second.record.epoch.number, first.record.epoch.number];
      assert.deepEqual(
        (await bench.store.history(bench.name)).map(({ epoch }) => epoch.number),
        numbers,
      );
    },
  },
  {
    name: 'a transition is filed once, however many race for the next one',
    law: 'L7',
    async test(bench) {
      let base = await bench.read();
      const ids: string[] = [];
      for (let round = 0; round < 3; round += 1) {
        await bench.together(8, (client) => client.transition(base, nextHead(base, bench.now())));
        base = await bench.read();
        ids.unshift(base.epoch.id);
      }
      assert.deepEqual(
        (await bench.store.history(bench.name)).map(({ epoch }) => epoch.id),
        ids,
      );
    },
  },
  {
    name: 'the list has every circuit once, whatever first wrote it',
    law: 'the directory',
    async test(bench) {
      const author = { by: 'ana', reason: 'first' };
      const names = ['report', 'transition', 'override', 'policy'].map((verb) => `${bench.name}-${verb}`);
      const [report, transition, override, policy] = names as [string, string, string, string];
      const slot = slotAt(bench.now(), WINDOW.bucketMs);
      await bench.together(4, async (client) => {
        await client.report(await bench.read(report, client), { [slot]: ONE });
        const base = await bench.read(transition, client);
        await client.transition(base, openHead(base, bench.now()));
        await client.override(override, { mode: 'disabled', ...author });
        await client.policy(policy, { quorum: 2 }, author);
      });
      const listed = (await bench.other.list()).filter((name) => name.startsWith(bench.name));
      assert.deepEqual(listed.sort(), names.sort());
    },
  },
  {
    name: 'a load of 250 names answers in their order, with duplicates and missing ones',
    law: 'L10',
    async test(bench) {
      const names = Array.from({ length: 250 }, (_, i) => `${bench.name}-${i % 230}`);
      const slot = slotAt(bench.now(), WINDOW.bucketMs);
      const present = new Map<string, CircuitRecord>();
      for (const name of names.slice(0, 230).filter((_, i) => i % 23 === 0))
        present.set(name, (await bench.store.report(rootRecord(name, WINDOW), { [slot]: ONE })).record);
      const windowOf = (name: string) => ({ bucketMs: 1_000, buckets: name.endsWith('7') ? 5 : 10 });
      const records = await bench.other.load(names, windowOf, { consistent: true });
      assert.deepEqual(
        records,
        names.map((name) => present.get(name) ?? rootRecord(name, windowOf(name))),
      );
      assert.deepEqual(await bench.store.load([], windowOf), []);
    },
  },
  {
    name: 'any name is a name, and no two are the same circuit',
    law: 'the contract: names are opaque',
    async test(bench) {
      const names = AWKWARD.map((name, i) => (i === 0 ? `${name} ${bench.name}` : name));
      const slot = slotAt(bench.now(), WINDOW.bucketMs);
      const before = await bench.store.load(names, () => WINDOW, { consistent: true });
      for (const [i, base] of before.entries()) {
        const reported = await bench.store.report(base, { [slot]: { ...ONE, calls: i + 1 } });
        assert.equal(reported.accepted, true);
        assert.equal(reported.record.name, names[i]);
      }
      const after = await bench.other.load(names, () => WINDOW, { consistent: true });
      for (const [i, record] of after.entries()) {
        const old = before[i] as CircuitRecord;
        const was = total(old.evidence, bench.now(), old).calls;
        assert.equal(record.name, names[i]);
        assert.equal(
          total(record.evidence, bench.now(), record).calls - was,
          i + 1,
          JSON.stringify(names[i]),
        );
        const { accepted } = await bench.store.transition(record, openHead(record, bench.now()));
        assert.equal(accepted, true);
        assert.equal((await bench.other.history(record.name))[0]?.by, 'process-1');
      }
      const listed = await bench.other.list();
      for (const name of names) assert.equal(listed.filter((entry) => entry === name).length, 1, name);
    },
  },
  {
    name: 'the store’s time is known after the first answer and follows its clock',
    law: 'L12',
    async test(bench) {
      for (const client of bench.clients) {
        const beforeMs = client.now();
        assert.equal(typeof beforeMs, 'number');
        await bench.elapse(60_000);
        const passedMs = (client.now() ?? Number.NaN) - (beforeMs as number);
        assert.ok(passedMs > 57_000 && passedMs < 70_000, `${passedMs} ms have passed, not 60 000`);
      }
    },
  },
];
