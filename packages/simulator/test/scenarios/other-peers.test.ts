import { expect } from 'vitest';
import {
  DUE_MS,
  LEASE_OVER_MS,
  NOT_FOUND,
  OPEN_MS,
  PER_PROCESS,
  REFUSED_CONNECTION,
  type Stage,
  scenario,
  T,
  WINDOW_MS,
} from './stage.ts';

/** Scenarios of Stoplight, Faulty, ganesha, pybreaker, opossum, Polly, cockatiel and the circuit breaker of aws-samples. */

/** A circuit that is due for a probe, and a call that was admitted before it tripped. */
async function dueWithStraggler(stage: Stage) {
  const straggler = stage.actor();
  const call = await straggler.begins();
  await stage.actor().fails();
  await stage.wait(DUE_MS);
  return { straggler, call };
}

scenario('S1 a straggler starts the outage anew', {
  async play(stage) {
    const { straggler, call } = await dueWithStraggler(stage);
    await stage.actor().begins();
    await straggler.ends(call, 'failure');
    return (await stage.look()).state;
  },
  must: 'half-open',
});

scenario('S2 a straggler vetoes a good probe', {
  async play(stage) {
    const { straggler, call } = await dueWithStraggler(stage);
    const prober = stage.actor();
    const probe = await prober.begins();
    await straggler.ends(call, 'failure');
    await prober.ends(probe, 'success');
    return stage.newcomer();
  },
  must: 'admitted',
});

scenario('S4 a store that comes back with nothing in it is asked in vain until processes start anew', {
  async play(stage) {
    const [a, b] = [stage.actor(), stage.actor()];
    await a.fails();
    await stage.wait(DUE_MS);
    await a.succeeds();
    // It restarts: nothing is answered; then it is there again, and knows nothing of anybody.
    const requests = stage.silence();
    let calls = 0;
    for (; calls < 100; calls++) await (calls % 2 ? a : b).fails(1);
    const most = requests.made;
    requests.end();
    stage.evict();
    await stage.wait(WINDOW_MS);
    for (const actor of [a, b]) await actor.succeeds();
    const before = await stage.newcomer();
    await b.fails();
    await stage.wait(OPEN_MS / 2);
    // Its refresh is due: this call goes by what it knew before.
    await a.ends(await a.asks(), 'failure');
    const after = [await stage.newcomer(), (await a.asks()) ? 'admitted' : 'refused'];
    return { asksInVainPerCall: most > calls, before, after };
  },
  must: { asksInVainPerCall: false, before: 'admitted', after: ['refused', 'refused'] },
});

scenario('A1 a row is written without a condition, and when it is over everyone goes', {
  async play(stage) {
    const late = stage.actor();
    const calls = await stage.admitted(Array<typeof late>(T).fill(late));
    await stage.actor().fails();
    await stage.wait(DUE_MS);
    await stage.actor().succeeds();
    for (const call of calls) await late.ends(call, 'failure');
    const after = (await stage.look()).state;
    const fleet = stage.actors(20);
    await stage.admitted(fleet);
    await stage.actor().fails();
    await stage.wait(DUE_MS);
    return { after, probes: (await stage.admitted(fleet)).length };
  },
  must: { after: 'closed', probes: 1 },
});

scenario('S5 one success anywhere forgets the failures of all', {
  async play(stage) {
    const fleet = stage.actors(10);
    for (let round = 0; round < T; round++)
      for (const [i, actor] of fleet.entries()) await (i === 0 ? actor.succeeds() : actor.fails(1));
    return stage.newcomer();
  },
  must: 'refused',
});

for (const name of [
  'F1 everyone probes (Faulty)',
  'H1 everyone probes (ganesha)',
  'B1 two processes are half-open at once (pybreaker)',
  'O3 everyone who is born into an expired OPEN probes (opossum)',
])
  scenario(name, {
    async play(stage) {
      const fleet = stage.actors(20);
      await stage.admitted(fleet);
      for (const actor of fleet) await actor.fails();
      await stage.wait(DUE_MS);
      return (await stage.admitted(fleet)).length;
    },
    does: [[PER_PROCESS, 20]],
    must: 1,
  });

scenario('F2 a late success closes what another has re-opened', {
  async play(stage) {
    await stage.actor().fails();
    await stage.wait(DUE_MS);
    const [slow, quick] = [stage.actor(), stage.actor()];
    const probe = await slow.begins();
    await stage.wait(LEASE_OVER_MS);
    await quick.fails(1);
    await slow.ends(probe, 'success');
    return (await stage.look()).state;
  },
  must: 'open',
});

scenario('H2 failures of one millisecond are counted as one', {
  async play(stage) {
    const fleet = stage.actors(10);
    const seen: string[] = [];
    for (const failures of [999, 1]) {
      const calls = await stage.admitted(
        Array.from({ length: failures }, (_, i) => fleet[i % 10] as (typeof fleet)[0]),
      );
      for (const call of calls) void call.failure(REFUSED_CONNECTION);
      stage.engine.touch();
      await stage.wait(2_000);
      seen.push(await stage.newcomer());
    }
    return seen;
  },
  settings: { failureThreshold: 1_000 },
  must: ['admitted', 'refused'],
});

scenario('H3 who finds no record writes one', {
  async play(stage) {
    const early = stage.actors(20);
    await stage.admitted(early);
    const before = stage.writes;
    await stage.actor().fails();
    for (const actor of early) await actor.asks();
    return { before, after: await stage.newcomer() };
  },
  must: { before: 0, after: 'refused' },
});

scenario('B1 callers of one process wait for one another', {
  async play(stage) {
    const { breaker } = stage.actor();
    let running = 0;
    let most = 0;
    const call = () => {
      most = Math.max(most, ++running);
      return new Promise((resolve) => stage.engine.after(50, { happen: () => resolve(running--) }));
    };
    const calls = Array.from({ length: 5 }, () => breaker.execute(call));
    for (let i = 0; i < 200; i++) {
      stage.engine.touch();
      await stage.wait(1);
    }
    await Promise.all(calls);
    return most;
  },
  must: 5,
});

scenario('O1 a call from before the trip, or an ignored error, closes a half-open circuit', {
  async play(stage) {
    const { straggler, call } = await dueWithStraggler(stage);
    const prober = stage.actor();
    const probe = await prober.begins();
    await straggler.ends(call, 'success');
    const states = [(await stage.look()).state];
    void probe.failure(NOT_FOUND);
    stage.engine.touch();
    await stage.wait();
    states.push((await stage.look()).state);
    return states;
  },
  must: ['half-open', 'half-open'],
});

scenario('O2 a probe that hangs holds the process open for ever', {
  async play(stage) {
    const a = stage.actor();
    await a.fails();
    await stage.wait(DUE_MS);
    await a.begins();
    const at = [Boolean(await a.asks())];
    await stage.wait(LEASE_OVER_MS);
    at.push(Boolean(await a.asks()));
    return at;
  },
  does: [[PER_PROCESS, [false, false]]],
  must: [false, true],
});

scenario('Y1 a probe that was cancelled closes the circuit', {
  async play(stage) {
    const a = stage.actor();
    await a.fails();
    await stage.wait(DUE_MS);
    const permit = await stage.answer(a.breaker.acquire());
    permit.cancel();
    stage.engine.touch();
    await stage.wait();
    const { state } = await stage.look();
    // Its place is free again at once.
    return { state, next: await stage.newcomer() };
  },
  must: { state: 'half-open', next: 'admitted' },
});

scenario('K1 callers wait for a probe that hangs', {
  async play(stage) {
    await stage.actor().fails();
    await stage.wait(DUE_MS);
    await stage.actor().begins();
    const askedMs = stage.engine.nowMs;
    const answer = await stage.newcomer();
    expect(stage.engine.nowMs - askedMs).toBeLessThan(500);
    return answer;
  },
  must: 'refused',
});
