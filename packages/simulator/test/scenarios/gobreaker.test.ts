import { expect } from 'vitest';
import { DUE_MS, LEASE_OVER_MS, REFUSED_CONNECTION, scenario, T } from './stage.ts';

/** Scenarios of gobreaker v2, distributed: a lock around each call, a state that is read before it. */

scenario('G1 what was read before the lock is written after it', {
  async play(stage) {
    const [a, b] = [stage.actor(), stage.actor()];
    await a.fails(T - 1);
    const [third, other] = [await a.begins(), await b.begins()];
    await a.ends(third, 'failure');
    await b.ends(other, 'success');
    return stage.newcomer();
  },
  must: 'refused',
});

scenario('G2 a lock is held while a call runs', {
  async play(stage) {
    const tickets = await stage.admitted(stage.actors(10));
    return tickets.length;
  },
  must: 10,
});

scenario('G4 a record that was evicted fails every call, for ever', {
  async play(stage) {
    const a = stage.actor();
    await a.fails();
    stage.evict();
    const told = [await stage.newcomer()];
    // What it knew is newer than nothing: its first call asks again, consistently, and the next one goes by that.
    await stage.wait(DUE_MS);
    await a.asks();
    await stage.wait();
    told.push((await a.asks()) ? 'admitted' : 'refused');
    await stage.actor().fails();
    told.push(await stage.newcomer());
    return told;
  },
  must: ['admitted', 'admitted', 'refused'],
});

scenario('G5 what is thrown before there is a promise is not counted', {
  async play(stage) {
    const { breaker } = stage.actor();
    for (let i = 0; i < T; i++) {
      const failed = breaker.execute(() => {
        throw REFUSED_CONNECTION;
      });
      await stage.answer(expect(failed).rejects.toBe(REFUSED_CONNECTION));
    }
    await stage.wait();
    return stage.newcomer();
  },
  must: 'refused',
});

scenario('G6 a permit that is never given back', {
  async play(stage) {
    await stage.actor().fails();
    await stage.wait(DUE_MS);
    await stage.actor().begins();
    const at = [await stage.newcomer()];
    await stage.wait(LEASE_OVER_MS);
    at.push(await stage.newcomer());
    return at;
  },
  must: ['refused', 'admitted'],
});
