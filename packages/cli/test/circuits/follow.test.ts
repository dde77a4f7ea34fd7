import { MemoryStore } from 'switchgear';
import { FakeClock, FaultyStore } from 'switchgear/testing';
import { expect, test } from 'vitest';
import { Follower, type Happening } from '../../src/circuits/follow.ts';

const ANN = { by: 'ann', reason: 'drill' };

/** Everything that a follower tells, in words. */
function following() {
  const store = new FaultyStore(new MemoryStore({ clock: new FakeClock() }));
  const told: string[] = [];
  const words = (happening: Happening) => {
    const { name } = happening;
    if (happening.kind === 'transition') return `${name} ${happening.transition.epoch.number}`;
    const { act } = happening;
    if (act.kind === 'policy') return `${name} policy ${act.version}`;
    return `${name} ${act.untilMs === act.atMs ? 'released' : act.mode}`;
  };
  const follower = new Follower(store, (happening) => told.push(words(happening)));
  return { store, told, follower };
}

test('the past is not told; what passes between two readings is, once and in order', async () => {
  const { store, told, follower } = following();
  await store.clear(['mail'], ANN);
  await follower.read();
  expect(told).toEqual([]);
  for (let act = 0; act < 3; act++) await store.clear(['mail'], ANN);
  await store.override('mail', { mode: 'disabled', ...ANN });
  await follower.read();
  await follower.read();
  expect(told).toEqual(['mail 2', 'mail 3', 'mail 4', 'mail disabled']);
  await store.override('mail', { mode: 'release', ...ANN });
  await follower.read();
  expect(told.at(-1)).toBe('mail released');
});

test('a circuit that was not there before has all of its past told', async () => {
  const { store, told, follower } = following();
  await follower.read();
  await store.clear(['new'], ANN);
  await store.clear(['new'], ANN);
  await follower.read();
  expect(told).toEqual(['new 1', 'new 2']);
});

test('pushes that overtake each other tell each transition once', async () => {
  const { store, told, follower } = following();
  await store.clear(['mail'], ANN);
  await follower.read();
  const pushed: Promise<void>[] = [];
  store.subscribe?.((record) => pushed.push(follower.heard(record)));
  for (let act = 0; act < 4; act++) await store.clear(['mail'], ANN);
  const [record] = await store.load(['mail'], () => ({ bucketMs: 6_000, buckets: 10 }));
  await Promise.all([...pushed, ...(record ? [follower.heard(record)] : []), follower.read()]);
  expect(told).toEqual(['mail 2', 'mail 3', 'mail 4', 'mail 5']);
});

test('a history that cannot be read is read with the next reading', async () => {
  const { store, told, follower } = following();
  await store.clear(['mail'], ANN);
  await follower.read();
  await store.clear(['mail'], ANN);
  await store.clear(['mail'], ANN);
  const heal = store.inject('history', async () => Promise.reject(new Error('throttled')));
  await expect(follower.read()).rejects.toThrow('throttled');
  expect(told).toEqual([]);
  heal();
  await follower.read();
  expect(told).toEqual(['mail 2', 'mail 3']);
});

test('settings are told, and of several acts between two readings each', async () => {
  const { store, told, follower } = following();
  await store.clear(['mail'], ANN);
  await follower.read();
  await store.policy('mail', { failureThreshold: 5 }, ANN);
  await follower.read();
  expect(told).toEqual(['mail policy 1']);
  await store.override('mail', { mode: 'disabled', ...ANN });
  await store.override('mail', { mode: 'release', ...ANN });
  await store.policy('mail', null, ANN);
  await follower.read();
  await follower.read();
  expect(told.slice(1)).toEqual(['mail disabled', 'mail released', 'mail policy 2']);
});

test('acts that a clear has swept away are told too', async () => {
  const { store, told, follower } = following();
  await store.clear(['mail'], ANN);
  await follower.read();
  await store.override('mail', { mode: 'disabled', ...ANN });
  await store.clear(['mail'], ANN);
  await follower.read();
  expect([...told].sort()).toEqual(['mail 2', 'mail disabled']);
});

test('a reading that was under way when an act was pushed does not tell it again', async () => {
  const { store, told, follower } = following();
  const read = async () => {
    const [record] = await store.load(['mail'], () => ({ bucketMs: 6_000, buckets: 10 }));
    if (!record) throw new Error('no record');
    return record;
  };
  await store.clear(['mail'], ANN);
  await follower.read();
  const before = await read();
  await store.override('mail', { mode: 'disabled', ...ANN });
  const after = await read();
  for (const record of [after, before, after]) await follower.heard(record);
  expect(told).toEqual(['mail disabled']);
});

test('what cannot be told whole is told later, and not in part', async () => {
  const { store, told, follower } = following();
  await store.clear(['mail'], ANN);
  await follower.read();
  await store.clear(['mail'], ANN);
  for (let act = 0; act < 2; act++) await store.override('mail', { mode: 'disabled', ...ANN });
  const heal = store.inject('acts', async () => Promise.reject(new Error('throttled')));
  await expect(follower.read()).rejects.toThrow('throttled');
  heal();
  await follower.read();
  expect(told).toEqual(['mail 2', 'mail disabled', 'mail disabled']);
});
