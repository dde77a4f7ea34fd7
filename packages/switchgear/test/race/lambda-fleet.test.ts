/** 200 invocations over 20 environments, each stopped whenever it has nothing to do, through an outage and its end. */

import { expect } from 'vitest';
import type { Environment } from '../lambda/rig/environment.ts';
import { type Answer, type Scene, test } from '../lambda/rig/scene.ts';

const ENVIRONMENTS = 20;
const AT_ONCE = 5;

/** One invocation in each environment, and then all of them stopped. */
async function round(scene: Scene, environments: readonly Environment[]): Promise<Answer[]> {
  const answers = await Promise.all(environments.map((environment) => scene.invoke({}, environment)));
  await Promise.all(environments.map((environment) => environment.stopped()));
  return answers;
}

function count(answers: readonly Answer[], outcome: string): number {
  return answers.flatMap(({ outcomes }) => outcomes).filter((each) => each === outcome).length;
}

test('20 environments, stopped between 200 invocations, share one circuit', async ({ scene }) => {
  const s = await scene();
  const environments: Environment[] = [];
  // A few at a time: on two cores twenty that start together only hinder one another.
  while (environments.length < ENVIRONMENTS) {
    const some = Array.from({ length: AT_ONCE }, () => s.lambda.start());
    await Promise.all(some.map((environment) => environment.stopped()));
    environments.push(...some);
  }
  const all: Answer[][] = [];
  const next = async () => {
    const answers = await round(s, environments);
    all.push(answers);
    return answers;
  };

  expect(count(await next(), 'ok')).toBe(20);
  expect(count(await next(), 'ok')).toBe(20);
  expect((await s.record()).epoch.number).toBe(0);

  s.dependency.status = 503;
  s.dependency.forget();
  // All call at the same time: none knows of the others' failures yet.
  const failed = count(await next(), 'failed');
  expect(failed).toBe(s.dependency.arrivals.length);
  expect((await s.record()).state).toBe('open');
  s.dependency.forget();
  // Who has had no failure of its own yet holds a snapshot from before the trip, until that is `cacheTtl` old.
  s.world.advance(6_000);
  await next();
  s.dependency.forget();
  expect(count(await next(), 'rejected')).toBe(20);
  expect(s.dependency.arrivals).toEqual([]);

  // The open time is over, and the dependency is still down: one probe finds that out for all.
  s.world.advance(6_000);
  expect([count(await next(), 'failed'), s.dependency.arrivals.length]).toEqual([1, 1]);
  s.dependency.status = 200;
  s.world.advance(60_000);
  // One probe closes the circuit; whoever comes while it is under way is refused.
  expect(count(await next(), 'ok')).toBeGreaterThanOrEqual(1);
  for (let i = 0; i < 3; i++) {
    s.world.advance(60_000);
    expect(count(await next(), 'ok')).toBe(20);
  }

  const answers = all.flat();
  expect(answers).toHaveLength(200);
  expect(new Set(answers.map(({ pid }) => pid)).size).toBe(ENVIRONMENTS);
  for (const outcome of answers.flatMap(({ outcomes }) => outcomes))
    expect(['ok', 'failed', 'rejected']).toContain(outcome);
  expect(await s.history()).toEqual([
    'closed → open',
    'open → half-open',
    'half-open → open',
    'open → half-open',
    'half-open → closed',
  ]);
});
