/** L8 with real processes and a real network: a store that fails in every way it can, and comes back. */

import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, inject } from 'vitest';
import { type Fleet, type FleetOptions, soon, test } from './fleet.ts';
import type { Process } from './process.ts';
import { type Behaviour, StoreProxy } from './store-proxy.ts';

const FAULTS: readonly Behaviour[] = ['refuses', 'hangs', 'throttles', 'answers late'];
/** What comes after a timer of the same length that was set earlier, on a machine with more processes than cores. */
const TIMER_MS = 100;
const STALE_MS = 1_000;

const proxies: StoreProxy[] = [];
afterAll(() => Promise.all(proxies.map((proxy) => proxy.become('refuses'))));

interface Scene {
  readonly f: Fleet;
  readonly proxy: StoreProxy;
  /** Reaches the store through the proxy alone. */
  readonly cut: Process;
  readonly other: Process;
}

type StartFleet = (size: number, options: FleetOptions) => Promise<Fleet>;

async function scene(start: StartFleet, behaviour: Behaviour, awaitReports = false): Promise<Scene> {
  const proxy = await StoreProxy.start(inject('dynamodbEndpoint'));
  proxies.push(proxy);
  const f = await start(2, {
    breaker: { failureRatio: 0, resetTimeout: '1s', backoff: 1, timeout: '5s' },
    gear: { storeTimeout: 300, cacheTtl: 500, maxStale: STALE_MS, awaitReports },
    endpoint: (at) => (at === 0 ? proxy.url : inject('dynamodbEndpoint')),
  });
  await proxy.become(behaviour);
  return { f, proxy, cut: f.process(0), other: f.process(1) };
}

/** The store fails once the process knows the circuit, and its snapshot is no answer any more: a call waits for the store, in vain. */
async function midway({ f, proxy }: Scene, fault: Behaviour): Promise<void> {
  await f.all('warm');
  await proxy.become(fault);
  await sleep(STALE_MS);
}

/** While the store fails: every caller has its own result in time, and the process protects itself and recovers. */
async function onItsOwn({ f, cut }: Scene): Promise<void> {
  await cut.ask('startCalling');
  await f.more('ok', 20, [cut]);
  await cut.ask('stopCalling');

  f.dependency.status = 503;
  const outcomes: string[] = [];
  for (let i = 0; i < 6; i++) outcomes.push((await cut.ask('call')).how);
  expect(outcomes).toEqual(['failed', 'failed', 'failed', 'rejected', 'rejected', 'rejected']);

  f.dependency.status = 200;
  await cut.ask('startCalling');
  await f.more('ok', 20, [cut]);
  expect((await cut.ask('look')).calls.overBudgetMs).toBeLessThan(TIMER_MS);
}

/** When it is back: one state for both, through a whole outage, and each transition told once by its committer. */
async function together({ f, proxy, other }: Scene): Promise<void> {
  await proxy.become('passes');
  await other.ask('startCalling');
  for (const [status, state] of [
    [200, 'closed'],
    [503, 'open'],
    [200, 'closed'],
  ] as const) {
    f.dependency.status = status;
    await soon(async () => {
      const { epoch, ...record } = await f.record();
      expect(record.state).toBe(state);
      for (const look of await f.all('look')) expect(look).toMatchObject({ state, epoch });
    });
  }
  await f.all('stopCalling');
  await f.all('settle');
  // A process whose reply was lost looks into the history with one of the next answers.
  await soon(async () => {
    await f.all('warm');
    expect(await f.committed()).toEqual(await f.history());
  });
}

describe.concurrent('L8: a store that', () => {
  for (const fault of FAULTS) {
    test(`${fault} from the start`, async ({ fleet }) => {
      const s = await scene(fleet, fault);
      await onItsOwn(s);
      await together(s);
    });

    test(`${fault} midway`, async ({ fleet }) => {
      const s = await scene(fleet, 'passes');
      await midway(s, fault);
      await onItsOwn(s);
      await together(s);
    });

    test(`${fault} midway, where a failing call waits for its report`, async ({ fleet }) => {
      const s = await scene(fleet, 'passes', true);
      await midway(s, fault);
      await onItsOwn(s);
      await together(s);
    });
  }

  test('hangs after a thaw, where a failing call waits for its report', async ({ fleet }) => {
    const s = await scene(fleet, 'passes', true);
    await midway(s, 'hangs');
    s.f.dependency.status = 503;
    expect(await s.cut.ask('call')).toMatchObject({ how: 'failed' });
    expect((await s.cut.ask('look')).calls.overBudgetMs).toBeLessThan(TIMER_MS);
  });
});
