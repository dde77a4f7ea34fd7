import assert from 'node:assert/strict';
import type { CircuitRecord } from '../../core/record.ts';
import type { OperatorAct } from '../../store/contract.ts';
import type { Definition } from './case.ts';

const ANA = { by: 'ana', reason: 'the provider asked for it' };
const BEN = { by: 'ben', reason: 'false alarm' };
const DAY_MS = 86_400_000;

export const actCases: readonly Definition[] = [
  {
    name: 'what operators did is kept, newest first: overrides, releases, settings, with who, why and when',
    law: 'L9',
    async test(bench) {
      const { name, store, other } = bench;
      assert.deepEqual(await store.acts(name), []);
      const done: OperatorAct[] = [];
      const steps = [
        () => store.override(name, { mode: 'forced-open', forMs: 600_000, ...ANA }),
        () => other.policy(name, { failureRatio: 0.125, slowCallDuration: 'off' }, BEN),
        () => other.override(name, { mode: 'release', ...BEN }),
        () => store.policy(name, null, ANA),
        () => store.override(name, { mode: 'disabled', ...BEN }),
      ];
      for (const step of steps) {
        const before = await bench.read();
        done.unshift(lastAct(before, (await step()).record));
        await bench.elapse(3_000);
      }
      assert.deepEqual(await other.acts(name), done);
      assert.deepEqual(await store.acts(name, 3), done.slice(0, 3));
      assert.deepEqual(await store.acts(name, 1), done.slice(0, 1));
      assert.deepEqual(await store.history(name), [], 'an act is no transition');
    },
  },
  {
    name: 'an override that was cleared stays among the acts, and those after it follow on',
    law: 'L9',
    async test(bench) {
      const { name, store, other } = bench;
      await store.override(name, { mode: 'forced-open', ...ANA });
      await other.clear([name], BEN);
      await bench.elapse(3_000);
      await store.override(name, { mode: 'disabled', ...BEN });
      assert.deepEqual(
        (await other.acts(name)).map(({ version, by }) => [version, by]),
        [
          [2, 'ben'],
          [1, 'ana'],
        ],
      );
    },
  },
  {
    name: 'of operators who act at once each is among the acts, once',
    law: 'L9',
    async test(bench) {
      const { name } = bench;
      await bench.together(12, (client, actor) =>
        actor % 3 === 0
          ? client.policy(name, { quorum: actor + 1 }, { by: `operator-${actor}`, reason: 'race' })
          : client.override(name, { mode: 'disabled', by: `operator-${actor}`, reason: 'race' }),
      );
      const acts = await bench.store.acts(name);
      const versions = (kind: OperatorAct['kind']) =>
        acts.filter((act) => act.kind === kind).map(({ version }) => version);
      assert.deepEqual(versions('policy'), [4, 3, 2, 1]);
      assert.deepEqual(versions('override'), [8, 7, 6, 5, 4, 3, 2, 1]);
      assert.equal(new Set(acts.map(({ by }) => by)).size, 12);
    },
  },
  {
    name: 'settings that held for long are known still when they are replaced',
    law: 'L9',
    async test(bench) {
      const { name, store } = bench;
      await store.policy(name, { quorum: 2 }, ANA);
      await bench.elapse(45 * DAY_MS);
      await store.policy(name, { quorum: 3 }, BEN);
      await bench.elapse(20 * DAY_MS);
      assert.deepEqual(
        (await store.acts(name)).map(({ by }) => by),
        ['ben', 'ana'],
      );
    },
  },
  {
    name: 'an act on what another operator has changed since is refused and shows him the change',
    law: 'L9',
    async test(bench) {
      const { name, store, other } = bench;
      const first = await store.override(name, { mode: 'disabled', ...ANA, ifVersion: 0 });
      assert.equal(first.accepted, true);
      for (const mode of ['forced-open', 'release'] as const) {
        const refused = await other.override(name, { mode, ...BEN, ifVersion: 0 });
        assert.deepEqual(refused, { accepted: false, record: first.record });
      }
      const released = await other.override(name, { mode: 'release', ...BEN, ifVersion: 1 });
      assert.equal(released.record.override?.version, 2);

      const stored = await store.policy(name, { quorum: 2 }, { ...ANA, ifVersion: 0 });
      assert.equal(stored.accepted, true);
      const late = await other.policy(name, null, { ...BEN, ifVersion: 0 });
      assert.deepEqual(late, { accepted: false, record: stored.record });
      const next = await other.policy(name, null, { ...BEN, ifVersion: 1 });
      assert.deepEqual([next.accepted, next.record.policy?.version], [true, 2]);
      assert.deepEqual(Object.keys(next.record.policy ?? {}).sort(), [
        'atMs',
        'by',
        'reason',
        'values',
        'version',
      ]);
    },
  },
  {
    name: 'of operators who act at once on what they all saw exactly one wins',
    law: 'L9',
    async test(bench) {
      const { name } = bench;
      const overrides = await bench.together(8, (client, actor) =>
        client.override(name, { mode: 'disabled', by: `operator-${actor}`, reason: 'race', ifVersion: 0 }),
      );
      const policies = await bench.together(8, (client, actor) =>
        client.policy(name, { quorum: 2 }, { by: `operator-${actor}`, reason: 'race', ifVersion: 0 }),
      );
      for (const answers of [overrides, policies])
        assert.equal(answers.filter(({ accepted }) => accepted).length, 1);
      const record = await bench.read();
      assert.deepEqual([record.override?.version, record.policy?.version], [1, 1]);
      assert.equal((await bench.store.acts(name)).length, 2);
    },
  },
];

/** The act that made `after` of `before`. */
function lastAct(before: CircuitRecord, after: CircuitRecord): OperatorAct {
  const { override, policy } = after;
  if (override && override.version !== before.override?.version) return { kind: 'override', ...override };
  assert.ok(policy && policy.version !== before.policy?.version);
  return { kind: 'policy', ...policy };
}
