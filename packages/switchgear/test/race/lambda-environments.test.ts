/** Functions in environments that are stopped, thawed and killed as Lambda does it, against DynamoDB Local. */

import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect } from 'vitest';
import { test } from '../lambda/rig/scene.ts';

const TEN_MINUTES_MS = 600_000;

/** Enough to report a failure on a busy machine. */
const MARGIN = { LAMBDA: JSON.stringify({ margin: '2s' }) };

describe.concurrent('L13: frozen for ten minutes', () => {
  test('a circuit that tripped meanwhile admits nothing, on whatever socket', async ({ scene }) => {
    const s = await scene();
    const frozen = await s.used();
    s.world.advance(TEN_MINUTES_MS);
    await s.tripElsewhere();
    s.link.breakConnections();
    expect(await s.invoke({}, frozen)).toMatchObject({
      outcomes: ['rejected'],
      state: 'open',
      storeErrors: [],
    });
    expect(s.dependency.arrivals).toEqual([]);
  });

  test('a circuit that opened and closed meanwhile admits the first call', async ({ scene }) => {
    const s = await scene();
    const frozen = s.lambda.start();
    s.dependency.status = 503;
    expect(await s.invoke({ times: 4 }, frozen)).toMatchObject({
      outcomes: ['failed', 'failed', 'failed', 'rejected'],
      state: 'open',
    });
    s.dependency.status = 200;
    await frozen.stopped();
    s.world.advance(TEN_MINUTES_MS);
    expect(await s.invoke({}, s.lambda.start())).toMatchObject({ outcomes: ['ok'], state: 'closed' });
    s.link.breakConnections();
    expect(await s.invoke({}, frozen)).toMatchObject({ outcomes: ['ok'], state: 'closed' });
  });

  test('connections to the dependency that died meanwhile are no failure of it', async ({ scene }) => {
    const s = await scene();
    const frozen = await s.used();
    s.world.advance(TEN_MINUTES_MS);
    s.dependency.breakConnections();
    expect(await s.invoke({}, frozen)).toMatchObject({ outcomes: ['ok'], state: 'closed' });
    expect(await s.failures()).toBe(0);
  });

  test('a refresh that was under way is no word of the store', async ({ scene }) => {
    const s = await scene({}, { GEAR: JSON.stringify({ storeTimeout: '2s' }) });
    const frozen = await s.used();
    s.world.advance(6_000);
    s.link.hangs = true;
    const before = s.link.requests;
    expect(await s.invoke({}, frozen)).toMatchObject({ outcomes: ['ok'] });
    await frozen.stopped();
    expect(s.link.requests).toBe(before + 1);
    s.link.hangs = false;
    s.link.breakConnections();
    s.world.advance(TEN_MINUTES_MS);
    await s.tripElsewhere();
    // Longer than the budget of that read: its timer is the first thing that the process hears of.
    await sleep(2_000);
    expect(await s.invoke({}, frozen)).toMatchObject({ outcomes: ['rejected'], state: 'open' });
  });
});

describe.concurrent('L2, L13: at the freeze', () => {
  test('a failure is with the store before the response', async ({ scene }) => {
    const s = await scene();
    const environment = await s.used();
    s.dependency.status = 503;
    for (const failures of [1, 2]) {
      expect(await s.invoke({}, environment)).toMatchObject({ outcomes: ['failed'], state: 'closed' });
      await environment.stopped();
      expect(await s.failures()).toBe(failures);
    }
  });

  test('one that nobody waits for is flushed', async ({ scene }) => {
    const s = await scene({}, { GEAR: JSON.stringify({ awaitReports: false, storeTimeout: '5s' }) });
    s.dependency.status = 503;
    const environment = s.lambda.start();
    expect(await s.invoke({ times: 3 }, environment)).toMatchObject({
      outcomes: ['failed', 'failed', 'failed'],
    });
    await environment.stopped();
    expect((await s.record()).state).toBe('open');
  });
});

describe.concurrent('L13: an invocation', () => {
  test('that Lambda kills has been counted before', async ({ scene }) => {
    const s = await scene({ timeoutMs: 4_000 }, MARGIN);
    const environment = await s.used();
    s.dependency.status = undefined;
    expect(await s.lambda.invoke({ call: 'stubborn' }, environment).outcome).toEqual({ how: 'timed out' });
    expect(environment.dead).toBe(true);
    expect(await s.failures()).toBe(1);
  });

  test('with three calls that hang trips the circuit for whoever comes next', async ({ scene }) => {
    const s = await scene({ timeoutMs: 4_000, pollers: 3 }, MARGIN);
    s.dependency.status = undefined;
    const environment = s.lambda.start();
    const killed = [1, 2, 3].map(() => s.lambda.invoke({ call: 'stubborn' }, environment).outcome);
    for (const outcome of await Promise.all(killed)) expect(outcome).toEqual({ how: 'timed out' });
    s.dependency.release();
    s.dependency.forget();
    expect(await s.invoke({}, s.lambda.start())).toMatchObject({ outcomes: ['rejected'] });
    expect(s.dependency.arrivals).toEqual([]);
  });

  test('whose INIT cannot reach the store is served, within one budget', async ({ scene }) => {
    const s = await scene({}, { GEAR: JSON.stringify({ storeTimeout: '1s' }) });
    s.link.hangs = true;
    const { outcomes, storeErrors } = await s.invoke({}, s.lambda.start());
    expect(outcomes).toEqual(['ok']);
    // Its INIT had the budget. A second one that the call waited for would have come to its end before the call did, and be told too.
    expect(storeErrors).toEqual(['no answer within 1000 ms']);
  });

  test('after an INIT that was frozen midway knows that the circuit is open', async ({ scene }) => {
    const s = await scene();
    s.link.hangs = true;
    const environment = s.lambda.start();
    await environment.stopped();
    s.link.hangs = false;
    s.link.breakConnections();
    s.world.advance(TEN_MINUTES_MS);
    await s.tripElsewhere();
    expect(await s.invoke({}, environment)).toMatchObject({ outcomes: ['rejected'], state: 'open' });
  });

  test('L14 shares its process with others, and knows itself', async ({ scene }) => {
    const s = await scene({ pollers: 3 });
    const environment = s.lambda.start();
    s.dependency.status = undefined;
    const under = [1, 2, 3].map(() => s.lambda.invoke({}, environment));
    await s.arrived(3);
    s.dependency.release();
    const answers = await Promise.all(under.map(({ outcome }) => outcome));
    for (const [at, { id }] of under.entries())
      expect(answers[at]).toMatchObject({ value: { outcomes: ['ok'], requestIds: [id, id] } });
    expect(new Set(answers.map((answer) => (answer as { value: { pid: number } }).value.pid)).size).toBe(1);
    await environment.stopped();
  });

  test('that streams says its first words while it runs, and is flushed', async ({ scene }) => {
    const s = await scene({}, { STREAMING: 'yes' });
    s.dependency.status = undefined;
    const environment = s.lambda.start();
    const invocation = s.lambda.invoke({}, environment);
    await invocation.said('paying;');
    await s.arrived(1);
    for (const arrival of s.dependency.arrivals) arrival.answer(503);
    expect(await invocation.outcome).toEqual({ how: 'answered', value: `paying;failed;${invocation.id}` });
    await environment.stopped();
    expect(await s.failures()).toBe(1);
  });
});
