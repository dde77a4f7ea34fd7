import { DUE_MS, LAST_WRITER, LEASE_OVER_MS, REFUSED_CONNECTION, scenario, T } from './stage.ts';

/** Scenarios of circuitbreaker-lambda: the whole state read before a call and written back after it. */

scenario('C1 a stale success overwrites OPEN', {
  async play(stage) {
    const [a, b] = [stage.actor(), stage.actor()];
    const slow = await a.begins();
    await b.fails();
    await a.ends(slow, 'success');
    return stage.newcomer();
  },
  does: [[LAST_WRITER, 'admitted']],
  must: 'refused',
});

scenario('C2 increments are lost', {
  async play(stage) {
    const fleet = stage.actors(100);
    for (let round = 1; round < T; round++) {
      for (const ticket of await stage.admitted(fleet)) void ticket.failure(REFUSED_CONNECTION);
      stage.engine.touch();
      await stage.wait();
    }
    return stage.newcomer();
  },
  does: [[LAST_WRITER, 'admitted']],
  must: 'refused',
});

scenario('C3 everyone probes', {
  async play(stage) {
    await stage.actor().fails();
    await stage.wait(DUE_MS);
    return (await stage.admitted(stage.actors(50))).length;
  },
  does: [[LAST_WRITER, 50]],
  must: 1,
});

scenario('C4 two calls on one instance: a success stays a success', {
  async play(stage) {
    const { breaker } = stage.actor();
    const first = breaker.execute(() => 'first');
    const second = breaker.execute(() => 'second');
    return stage.answer(Promise.all([first, second]));
  },
  must: ['first', 'second'],
});

scenario('C6 what could not be read is written back as CLOSED', {
  async play(stage) {
    await stage.actor().fails();
    await stage.wait(1_000);
    stage.throttle('itemReadsPerSecond', 0);
    const a = stage.actor();
    const blind = await a.begins();
    stage.throttle('itemReadsPerSecond', 3_000);
    await a.ends(blind, 'success');
    await stage.wait(1_000);
    return stage.newcomer();
  },
  does: [[LAST_WRITER, 'admitted']],
  must: 'refused',
});

scenario('C8 failures that no window holds together add up', {
  async play(stage) {
    const a = stage.actor();
    for (let i = 1; i < T; i++) {
      await a.fails(1);
      for (let j = 0; j < 20; j++) await a.succeeds();
      await stage.wait(4_000);
    }
    await a.fails(1);
    return stage.newcomer();
  },
  does: [[LAST_WRITER, 'refused']],
  must: 'admitted',
});

scenario('C9 a late prober closes what a newer probe has re-opened', {
  async play(stage) {
    const [a, b] = [stage.actor(), stage.actor()];
    await a.fails();
    await stage.wait(DUE_MS);
    const late = await a.begins();
    await stage.wait(LEASE_OVER_MS);
    await b.fails(1);
    await a.ends(late, 'success');
    return stage.newcomer();
  },
  does: [[LAST_WRITER, 'admitted']],
  must: 'refused',
});
