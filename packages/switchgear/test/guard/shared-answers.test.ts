/** Last good answers that a fleet shares: another process's stands in, and the store may do what it likes. */

import { afterEach, expect, test, vi } from 'vitest';
import { CircuitOpenError } from '../../src/errors.ts';
import { type AnswerStore, lastGoodAnswer } from '../../src/guard/index.ts';
import { FakeClock } from '../../src/testing/index.ts';

const OPEN = new CircuitOpenError('geo', { state: 'open', retryAfterMs: 1_000 });
const rejects = () => Promise.reject(OPEN);
const caught = (error: unknown) => error;

afterEach(() => vi.restoreAllMocks());

function rig() {
  const clock = new FakeClock();
  const texts = new Map<string, string>();
  const asked: string[] = [];
  const store: AnswerStore = {
    async get(key) {
      asked.push(`get ${key}`);
      return texts.get(key);
    },
    async set(key, text, ttlMs) {
      asked.push(`set ${key} ${ttlMs}`);
      texts.set(key, text);
    },
  };
  /** A guard as each process has it. */
  const process = (options: object = {}) =>
    lastGoodAnswer({ maxAge: '5m', clock, shared: { store, name: 'geo', ...options } });
  const log = () => asked.splice(0);
  return { clock, texts, store, process, log };
}

test('a process that has none takes what another one knew, for as long as it is young enough', async () => {
  const { clock, process, log } = rig();
  const [a, b, late] = [process(), process(), process()];
  await a.execute(() => ({ country: 'PT' }), { key: '193.0.0.1' });
  expect(log()).toEqual(['set geo:193.0.0.1 300000']);
  await clock.advance(300_000);
  const given = { key: '193.0.0.1', onFallback: vi.fn() };
  expect(await b.execute(rejects, given)).toEqual({ country: 'PT' });
  expect(given.onFallback).toHaveBeenCalledWith(OPEN);
  await clock.advance(1);
  expect(await late.execute(rejects, given).catch(caught)).toBe(OPEN);
  // What was taken is as old as it was: it is not kept for another five minutes.
  expect(await b.execute(rejects, given).catch(caught)).toBe(OPEN);
});

test('what the store brings late does not take the place of an answer that came meanwhile', async () => {
  const { clock, store, process } = rig();
  await process().execute(() => 'old');
  await clock.advance(60_000);
  let answer = () => {};
  const slow = {
    ...store,
    get: (key: string) =>
      new Promise((resolve) => {
        const kept = store.get(key);
        answer = () => resolve(kept);
      }),
  };
  const b = process({ store: slow });
  const failed = b.execute(rejects);
  await clock.advance(0);
  await b.execute(() => 'new');
  answer();
  expect(await failed).toBe('new');
  expect(await b.execute(rejects)).toBe('new');
});

test('its own answer comes first, and asks nobody', async () => {
  const { process, log } = rig();
  const a = process();
  const answer = { rate: 1.1 };
  await a.execute(() => answer);
  log();
  expect(await a.execute(rejects)).toBe(answer);
  expect(log()).toEqual([]);
});

test('a key is written once per `every`, whatever its traffic', async () => {
  const { clock, process, log } = rig();
  const a = process({ every: '1m' });
  for (let second = 0; second < 120; second++) {
    await a.execute(() => second);
    await clock.advance(1_000);
  }
  expect(log()).toEqual(['set geo: 300000', 'set geo: 300000']);
});

test('calls of one key ask once together, and one that is missing is not asked for again at once', async () => {
  const { clock, process, log } = rig();
  const b = process({ every: '1m' });
  const calls = () => Promise.all([1, 2, 3].map(() => b.execute(rejects, { key: 'x' }).catch(caught)));
  expect(await calls()).toEqual([OPEN, OPEN, OPEN]);
  await calls();
  await b.execute(rejects, { key: 'y' }).catch(caught);
  expect(log()).toEqual(['get geo:x', 'get geo:y']);
  await clock.advance(60_000);
  await calls();
  expect(log()).toEqual(['get geo:x']);
});

test('errors and what is too long are not shared', async () => {
  const { process, log } = rig();
  const a = process({ maxLength: 100 });
  await a.execute(rejects).catch(caught);
  await a.execute(() => 'x'.repeat(200));
  expect(log()).toEqual(['get geo:']);
});

test('a store that throws or rejects, or has what is no answer, changes no result, and rests', async () => {
  const { clock, process, store, texts, log } = rig();
  const error = vi.spyOn(console, 'error').mockImplementation(() => {});
  const [a, b] = [process(), process()];
  const { get, set } = store;
  store.set = () => {
    throw new Error('no connection');
  };
  expect(await a.execute(() => 'well')).toBe('well');
  await clock.advance(0);
  store.set = set;
  const circular: Record<string, unknown> = {};
  circular.self = circular;
  expect(await b.execute(() => circular)).toBe(circular);
  await clock.advance(0);
  expect(error).toHaveBeenCalledTimes(2);
  expect(error.mock.calls[0]?.[0]).toMatch(/"geo" failed.*: Error: no connection$/);

  texts.set('geo:broken', '{');
  texts.set('geo:other', '{"atMs":"today"}');
  const c = process();
  expect(await c.execute(rejects, { key: 'broken' }).catch(caught)).toBe(OPEN);
  log();
  expect(await c.execute(rejects, { key: 'other' }).catch(caught)).toBe(OPEN);
  expect(log()).toEqual([]);
  await clock.advance(1_000);
  expect(await c.execute(rejects, { key: 'other' }).catch(caught)).toBe(OPEN);
  expect(log()).toEqual(['get geo:other']);
  store.get = () => Promise.reject(new Error('no connection'));
  expect(await c.execute(rejects, { key: 'new' }).catch(caught)).toBe(OPEN);
  store.get = get;
});

test('a store that hangs holds a call up for its `timeout`, and no longer', async () => {
  const { clock, process, store } = rig();
  vi.spyOn(console, 'error').mockImplementation(() => {});
  store.get = () => new Promise(() => {});
  const call = process({ timeout: '200ms' }).execute(rejects).catch(caught);
  await clock.advance(200);
  expect(await call).toBe(OPEN);
  expect(clock.pending).toBe(0);
});

test('a caller who goes while the store is asked gets no answer in place of its error', async () => {
  const { process, store } = rig();
  await process().execute(() => 'well');
  const caller = new AbortController();
  const { get } = store;
  store.get = (key) => {
    caller.abort();
    return get(key);
  };
  const onFallback = vi.fn();
  expect(await process().execute(rejects, { signal: caller.signal, onFallback }).catch(caught)).toBe(OPEN);
  expect(onFallback).not.toHaveBeenCalled();
});

test('wrong options are refused', () => {
  const { process } = rig();
  expect(() => process({ name: undefined })).toThrow(/shared: name is undefined/);
  expect(() => process({ store: {} })).toThrow(/store has no get and set/);
  expect(() => process({ evry: 1 })).toThrow(/did you mean every/);
});
