import { type Actor, DUE_MS, LEASE_OVER_MS, OPEN_MS, SHARED_FLAG, scenario, T } from './stage.ts';

/** Scenarios of Powertools for AWS Lambda (Python): a verdict per process, a flag for all, one owner that probes. */

scenario('P1 a zombie prober closes', {
  async play(stage) {
    const [a, b] = [stage.actor(), stage.actor()];
    await a.fails();
    await stage.wait(DUE_MS);
    const zombie = await a.begins();
    await stage.wait(Math.max(LEASE_OVER_MS, OPEN_MS));
    await b.fails(1);
    await a.ends(zombie, 'success');
    return stage.newcomer();
  },
  does: [[SHARED_FLAG, 'admitted']],
  must: 'refused',
});

scenario('P2 a late tripper destroys a probe', {
  async play(stage) {
    const [a, b, c] = [stage.actor(), stage.actor(), stage.actor()];
    const late = await c.begins();
    await c.fails(T - 1);
    await a.fails();
    await stage.wait(DUE_MS);
    await b.begins();
    await c.ends(late, 'failure');
    return (await stage.look()).state;
  },
  does: [[SHARED_FLAG, 'open']],
  must: 'half-open',
});

scenario('P3 each process trips again, and recovery starts after the last', {
  async play(stage) {
    const fleet = stage.actors(20);
    const calls = await stage.admitted(fleet.flatMap((actor) => Array<Actor>(T).fill(actor)));
    for (const [i, actor] of fleet.entries()) {
      for (const call of calls.slice(i * T, (i + 1) * T)) await actor.ends(call, 'failure');
      await stage.wait(800);
    }
    // The first trip was 20 × (3 × 0.2 + 0.8) seconds ago, twice the open time; the last one, just now.
    return stage.newcomer();
  },
  does: [[SHARED_FLAG, 'refused']],
  must: 'admitted',
});

scenario('P4 successes survive a failed probe elsewhere', {
  async play(stage) {
    const a = stage.actor();
    await a.fails();
    await stage.wait(DUE_MS);
    await a.succeeds();
    await a.succeeds();
    const b = stage.actor();
    await b.ends(await b.begins(), 'failure');
    await stage.wait(DUE_MS);
    await a.succeeds();
    return (await stage.look()).state;
  },
  settings: { halfOpenSuccessThreshold: 3 },
  must: 'half-open',
});

scenario('P6 an owner whose turn is over goes on probing', {
  async play(stage) {
    const [a, b] = [stage.actor(), stage.actor()];
    await a.fails();
    await stage.wait(DUE_MS);
    // A probe that hangs, and another look at the flag halfway through.
    await a.begins();
    await stage.wait(6_000);
    await a.asks();
    await stage.wait(4_020);
    await b.begins();
    return (await a.asks()) ? 'two probes' : 'one probe';
  },
  does: [[SHARED_FLAG, 'two probes']],
  must: 'one probe',
});

scenario('P7 an error of the store in the election reaches the caller', {
  async play(stage) {
    const a = stage.actor();
    await a.fails();
    await stage.wait(DUE_MS);
    stage.throttle('itemWritesPerSecond', 0);
    const error = await stage.answer(
      a.breaker.execute(() => 'never called').catch((thrown: Error) => thrown),
    );
    return error instanceof Error ? error.name : error;
  },
  must: 'CircuitOpenError',
});

scenario('P8 a trip is lost with its write', {
  async play(stage) {
    const a = stage.actor();
    const first = await a.begins();
    await a.ends(first, 'success');
    stage.throttle('itemWritesPerSecond', 0);
    await a.fails();
    const alone = (await a.asks()) ? 'unprotected' : 'protected';
    return { alone, told: stage.committed };
  },
  does: [[SHARED_FLAG, { alone: 'unprotected', told: 0 }]],
  must: { alone: 'protected', told: 0 },
});

scenario('P9 one sick process opens the fleet', {
  async play(stage) {
    const [sick, well] = [stage.actor(), stage.actor()];
    await well.succeeds();
    await sick.fails(2 * T);
    return { sick: Boolean(await sick.asks()), well: await stage.newcomer() };
  },
  settings: { quorum: 2 },
  does: [[SHARED_FLAG, { sick: false, well: 'refused' }]],
  must: { sick: false, well: 'admitted' },
});
