/** The suite on trial: stores with the bugs of well-known peers, each of which must fail the case that names it. */

import { describe, expect, test } from 'vitest';
import type { CircuitRecord } from '../../src/core/record.ts';
import { MemoryStore } from '../../src/store/memory/memory-store.ts';
import { conformance, FakeClock, FaultyStore } from '../../src/testing/index.ts';

type Sabotage = (store: FaultyStore, inner: MemoryStore) => void;

/** What `inner` has at present, in place of what the caller derived from. */
async function present(inner: MemoryStore, base: CircuitRecord): Promise<CircuitRecord> {
  const [record] = await inner.load([base.name], () => base);
  return record as CircuitRecord;
}

const BUGS: readonly { readonly bug: string; readonly caughtBy: RegExp; readonly sabotage: Sabotage }[] = [
  {
    bug: 'C2: reads, then writes: increments are lost',
    caughtBy: /reports of many processes at once add up/,
    sabotage: (store) => {
      let writing = false;
      store.inject('report', async ({ args: [base], run }) => {
        if (writing) return { accepted: true, record: base };
        writing = true;
        const answer = await run();
        writing = false;
        return answer;
      });
    },
  },
  {
    bug: 'H2: the same evidence sent again counts again',
    caughtBy: /a report counts exactly once/,
    sabotage: (store) => {
      store.after('report', async ({ run }) => {
        await run();
      });
    },
  },
  {
    bug: 'C1, S1: a report counts in whatever epoch it finds',
    caughtBy: /a report from an epoch that has passed/,
    sabotage: (store, inner) => {
      store.inject('report', async ({ args: [base, evidence] }) =>
        inner.report(await present(inner, base), evidence),
      );
    },
  },
  {
    bug: 'P2, P3: a trip is unconditional',
    caughtBy: /a straggler of an older epoch cannot re-trip/,
    sabotage: (store, inner) => {
      store.inject('transition', async ({ args: [base, next] }) =>
        inner.transition(await present(inner, base), next),
      );
    },
  },
  {
    bug: 'G1: every racer believes that it won',
    caughtBy: /of many processes that trip at once/,
    sabotage: (store) => {
      store.inject('transition', async ({ run }) => ({ ...(await run()), accepted: true }));
    },
  },
  {
    bug: 'C3, F1: everybody may probe',
    caughtBy: /of many processes that want one free slot/,
    sabotage: (store) => {
      store.inject('lease', async ({ run }) => ({ ...(await run()), accepted: true }));
    },
  },
  {
    bug: 'P6: a lease is taken over the moment it ends',
    caughtBy: /a lease is refused while held and within 2 s/,
    sabotage: (store, inner) => {
      store.inject('lease', async ({ args: [base, slot], run }) => {
        const record = await present(inner, base);
        const held = record.state === 'half-open' && record.leases[slot];
        if (!held || inner.now() < held.untilMs) return run();
        return { accepted: true, record };
      });
    },
  },
  {
    bug: 'P1, F2: the verdict of a prober whose slot is gone counts in the newest epoch',
    caughtBy: /a zombie prober cannot close/,
    sabotage: (store, inner) => {
      store.inject('settle', async ({ args: [base, result] }) => {
        const record = await present(inner, base);
        const lease = record.state === 'half-open' ? record.leases[result.slot] : undefined;
        return inner.settle(record, lease ? { ...result, leaseId: lease.id } : result);
      });
    },
  },
  {
    bug: 'C6: a writer puts its whole snapshot back',
    caughtBy: /what the base carries is never written back/,
    sabotage: (store) => {
      store.inject('report', async ({ args: [base], run }) => {
        const answer = await run();
        return answer.accepted ? { ...answer, record: { ...base, ...answer.record } } : answer;
      });
    },
  },
  {
    bug: 'L7: the last transition of a dead committer is in no history',
    caughtBy: /the history has every transition/,
    sabotage: (store) => {
      store.inject('history', async ({ run }) => (await run()).slice(1));
    },
  },
  {
    bug: 'L9: a transition ends the override',
    caughtBy: /a transition empties the evidence and leaves override/,
    sabotage: (store, inner) => {
      store.before('transition', async ({ args: [base] }) => {
        await inner.override(base.name, { mode: 'release', by: 'nobody', reason: 'bug' });
      });
    },
  },
  {
    bug: 'a batch comes back in the order of the store',
    caughtBy: /a load of 250 names/,
    sabotage: (store) => {
      store.inject('load', async ({ run }) => (await run()).toSorted((a, b) => (a.name < b.name ? -1 : 1)));
    },
  },
  {
    bug: 'names are compared without regard to case',
    caughtBy: /any name is a name/,
    sabotage: (store, inner) => {
      store.inject('report', ({ args: [base, evidence] }) =>
        inner.report({ ...base, name: base.name.toLowerCase() }, evidence),
      );
    },
  },
];

describe('the suite fails a store with a bug of a peer, in the case that names it', () => {
  for (const { bug, caughtBy, sabotage } of BUGS)
    test(bug, async () => {
      const cases = conformance(
        () => {
          const clock = new FakeClock();
          const inner = new MemoryStore({ clock });
          const store = new FaultyStore(inner);
          sabotage(store, inner);
          return { store, advance: (ms) => clock.advance(ms), close: () => {} };
        },
        { pushes: true },
      );
      const broken: string[] = [];
      for (const { name, run } of cases) await run().catch(() => broken.push(name));
      expect(broken.filter((name) => caughtBy.test(name))).toHaveLength(1);
      expect(broken.length).toBeLessThan(cases.length);
    });
});

test('a store that can push and does not say so fails: its pushes would go untested', async () => {
  const clock = new FakeClock();
  const rig = () => ({
    store: new MemoryStore({ clock }),
    advance: (ms: number) => clock.advance(ms),
    close: () => {},
  });
  const [claim] = conformance(rig).filter(({ name }) => /subscribe/.test(name));
  await expect(claim?.run()).rejects.toThrow();
});

test('names are unique and each case says its law', () => {
  const cases = conformance(() => {
    throw new Error('no store is made before a case runs');
  });
  expect(new Set(cases.map(({ name }) => name)).size).toBe(cases.length);
  expect(cases.filter(({ law }) => law.length === 0)).toEqual([]);
});
