import { MemoryStore } from 'switchgear';
import { FakeClock, FaultyStore } from 'switchgear/testing';
import { expect, test } from 'vitest';
import { Follower, type Happening } from '../../src/circuits/follow.ts';

const ANN = { by: 'ann', reason: 'drill' };

/** Everything that a follower tells, in words. */
function following() {
  const store = new FaultyStore(new MemoryStore({ clock: new FakeClock() }));
  const told: string[] = [];
  const words = (happening: Happening) =>
    happening.kind === 'transition'
      ? `${happening.name} ${happening.transition.epoch.number}`
      : `${happening.name} ${happening.released ? 'released' : happening.override.mode}`;
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
