/**
 * One process of a real fleet: the built library on a real store, calls by chance, a dependency that is dead for a while by the clock.
 * Told what to do by its parent; sends back what happened.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { isSwitchgearError, Switchgear } from 'switchgear';

process.on('disconnect', () => process.exit());

async function connect({ kind, ...address }) {
  if (kind === 'redis') {
    const [{ Redis }, { RedisStore }] = await Promise.all([import('ioredis'), import('switchgear/redis')]);
    return new RedisStore({ client: new Redis({ ...address, lazyConnect: false }) });
  }
  const { DynamoDBStore } = await import('switchgear/dynamodb');
  return new DynamoDBStore(address);
}

const tally = { reachedDead: 0, writes: 0, tripped: 0, probes: 0, closed: 0 };

const tookMs = [];

/** Counts what the library writes, and takes the time of each request. */
function watched(store) {
  for (const verb of ['load', 'report', 'transition', 'lease', 'settle']) {
    const ask = store[verb].bind(store);
    store[verb] = async (...args) => {
      if (verb !== 'load') tally.writes++;
      const startMs = performance.now();
      try {
        return await ask(...args);
      } finally {
        tookMs.push(performance.now() - startMs);
      }
    };
  }
  return store;
}

const DEAD = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });

async function run(
  { circuit, policy, gear, everyMs, wellMs, failMs, deadFromMs, deadUntilMs, endMs },
  store,
) {
  const switchgear = new Switchgear({ store, ...gear });
  switchgear.onStoreError(() => {});
  switchgear.onStateChange(({ source, from, to }) => {
    if (source !== 'committed') return;
    if (from === 'closed' && to === 'open') tally.tripped++;
    if (to === 'half-open') tally.probes++;
    if (to === 'closed') tally.closed++;
  });
  const breaker = switchgear.breaker(circuit, policy);
  const call = async () => {
    const now = Date.now();
    const dead = now >= deadFromMs && now < deadUntilMs;
    if (dead) tally.reachedDead++;
    await sleep(dead ? failMs : wellMs);
    if (dead) throw DEAD;
  };
  const wrong = [];
  const calls = new Set();
  for (let atMs = Date.now(); atMs < endMs; atMs += -Math.log(1 - Math.random()) * everyMs) {
    await sleep(Math.max(0, atMs - Date.now()));
    const made = breaker
      .execute(call)
      .catch((error) => {
        if (error !== DEAD && !isSwitchgearError(error, 'CIRCUIT_OPEN')) wrong.push(String(error));
      })
      .finally(() => calls.delete(made));
    calls.add(made);
  }
  await Promise.all(calls);
  await switchgear.flush();
  return { ...tally, tookMs, wrong };
}

process.once('message', async ({ address }) => {
  const store = watched(await connect(address));
  // The first request of a process costs more than the hundred next: that is not what is compared.
  await store.load(['warm-up'], () => ({ bucketMs: 1_000, buckets: 60 }));
  tookMs.length = 0;
  process.once('message', async (task) => process.send(await run(task, store)));
  process.send('ready');
});
