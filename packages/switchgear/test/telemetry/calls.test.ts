/** What a process tells about its calls: each ends once, under one outcome. */

import { AsyncLocalStorage } from 'node:async_hooks';
import { expect, test } from 'vitest';
import {
  CircuitOpenError,
  type EndedCall,
  isSwitchgearError,
  MemoryStore,
  Switchgear,
} from '../../src/index.ts';
import type { BreakerOptions } from '../../src/options.ts';
import { FakeClock } from '../../src/testing/index.ts';

const refused = () => Object.assign(new Error('no route'), { code: 'ECONNREFUSED' });
const quiet = () => {};

function heard(options: BreakerOptions = {}) {
  const clock = new FakeClock();
  const gear = new Switchgear({ store: new MemoryStore({ clock }), clock, random: () => 0 });
  const calls: EndedCall[] = [];
  const stop = gear.onCall((call) => calls.push(call));
  const outcomes = () => calls.splice(0).map(({ outcome }) => outcome);
  return { clock, gear, calls, outcomes, stop, breaker: gear.breaker('payments', options) };
}

for (const timeout of [false, '1s'] as const)
  test(`what a call did decides its outcome (timeout ${timeout})`, async () => {
    const isFailure = (result: unknown) => result === 'bad';
    const { breaker, calls, outcomes, gear } = heard({ timeout, failureThreshold: 100, isFailure });
    await breaker.execute(() => 'good');
    await breaker.execute(async () => 'bad');
    const cause = refused();
    await breaker.execute(() => Promise.reject(cause)).catch(quiet);
    await breaker.execute(() => Promise.reject(new TypeError('a bug'))).catch(quiet);
    await breaker.execute(() => 'good', { signal: AbortSignal.abort() }).catch(quiet);
    expect(calls[0]).toEqual({ circuit: 'payments', outcome: 'success' });
    expect(calls[2]).toEqual({ circuit: 'payments', outcome: 'failure', cause });
    expect(outcomes()).toEqual(['success', 'failure', 'failure', 'ignored', 'ignored']);
    expect([...gear.breakers.keys()]).toEqual(['payments']);
  });

test('a call that ends by its timeout or its caller ends once, whatever its function does later', async () => {
  const { breaker, outcomes, clock } = heard({ timeout: '1s' });
  const late = breaker.execute(() => new Promise((resolve) => clock.setTimer(() => resolve('late'), 5_000)));
  late.catch(quiet);
  const caller = new AbortController();
  const left = breaker.execute(({ signal }) => new Promise((_, reject) => (signal.onabort = reject)), caller);
  left.catch(quiet);
  caller.abort();
  await clock.advance(10_000);
  expect(outcomes()).toEqual(['ignored', 'failure']);
});

test('who listens hears of a timeout in the context of the call, though one timer serves them all', async () => {
  const { breaker, gear, clock } = heard({ timeout: '1s', failureThreshold: 2 });
  const request = new AsyncLocalStorage<string>();
  const told: (string | undefined)[] = [];
  gear.onCall(() => told.push(`call of ${request.getStore()}`));
  gear.onStateChange(({ to }) => told.push(`${to} by ${request.getStore()}`));
  const hangs = (name: string) =>
    request.run(name, () => breaker.execute(() => new Promise(() => {})).catch(quiet));
  const first = hangs('first');
  await clock.advance(500);
  const second = hangs('second');
  await clock.advance(500);
  await first;
  expect(told).toEqual(['call of first']);
  await clock.advance(500);
  await second;
  await gear.flush();
  expect(told).toEqual(['call of first', 'call of second', 'open by second']);
});

test('a slow call is told as slow; one that failed slowly as a failure', async () => {
  const { breaker, outcomes, clock } = heard({ slowCallDuration: 100, failureThreshold: 100 });
  await breaker.execute(() => clock.jump(100));
  await breaker
    .execute(() => {
      clock.jump(100);
      throw refused();
    })
    .catch(quiet);
  expect(outcomes()).toEqual(['slow', 'failure']);
});

test('calls that were not made: by the circuit, by the bulkhead, by a caller that had gone', async () => {
  const { breaker, gear, calls, clock } = heard({ failureThreshold: 1, maxConcurrent: 1, maxQueue: 1 });
  await gear.warm();
  let release: (() => void) | undefined;
  const running = breaker.execute(() => new Promise<void>((resolve) => (release = resolve)));
  const caller = new AbortController();
  const waiting = breaker.execute(quiet, caller);
  await expect(breaker.execute(quiet)).rejects.toThrow('queue full');
  caller.abort();
  await expect(waiting).rejects.toThrow('aborted');
  release?.();
  await running;
  await breaker.execute(() => Promise.reject(refused())).catch(quiet);
  await expect(breaker.execute(quiet)).rejects.toThrow('is open');
  await expect(breaker.acquire()).rejects.toThrow('is open');
  expect(breaker.admit()).toBeInstanceOf(CircuitOpenError);
  await clock.advance(0);
  expect(calls.map(({ outcome }) => outcome)).toEqual([
    'bulkhead-full',
    'ignored',
    'success',
    'failure',
    'rejected',
    'rejected',
    'rejected',
  ]);
  expect(isSwitchgearError(calls[4]?.cause, 'CIRCUIT_OPEN')).toBe(true);
});

test('a permit is a call', async () => {
  const { breaker, outcomes, clock } = heard({ failureThreshold: 100, leaseDuration: '5s' });
  await (await breaker.acquire()).success();
  await (await breaker.acquire()).failure(refused());
  (await breaker.acquire()).cancel();
  await breaker.acquire();
  await clock.advance(5_000);
  expect(outcomes()).toEqual(['success', 'failure', 'ignored', 'ignored']);
});

test('in shadow mode a call that would have been rejected is told as rejected, and once', async () => {
  const { breaker, outcomes, clock } = heard({ mode: 'shadow', failureThreshold: 1, timeout: '1s' });
  await breaker.execute(() => Promise.reject(refused())).catch(quiet);
  await breaker.execute(quiet);
  await (await breaker.acquire()).success();
  expect(outcomes()).toEqual(['failure', 'rejected', 'rejected']);
  // The probe that shadow mode lets through outlives its timeout: a failure, and no success afterwards.
  await clock.advance(12_000);
  const slow = breaker.execute(() => new Promise((resolve) => clock.setTimer(() => resolve('late'), 5_000)));
  await clock.advance(6_000);
  expect(await slow).toBe('late');
  expect(outcomes()).toEqual(['failure']);
});

test('a caller that goes while the store is asked ends its call once', async () => {
  const { breaker, outcomes, clock } = heard({ failureThreshold: 1 });
  await breaker.execute(() => Promise.reject(refused())).catch(quiet);
  await clock.advance(12_000);
  outcomes();
  const caller = new AbortController();
  const probing = breaker.execute(quiet, caller);
  caller.abort();
  await expect(probing).rejects.toThrow('aborted');
  await clock.advance(1_000);
  expect(outcomes()).toEqual(['ignored']);
});

test('a listener that throws or rejects harms nobody, and hears nothing more once stopped', async () => {
  const { breaker, gear, outcomes, stop } = heard();
  const loud = gear.onCall(() => {
    throw new Error('listener');
  });
  const later = gear.onCall(async () => Promise.reject(new Error('listener')));
  const complaints: unknown[] = [];
  const { error } = console;
  console.error = (...words: unknown[]) => complaints.push(words);
  expect(await breaker.execute(() => 1)).toBe(1);
  await new Promise(setImmediate);
  console.error = error;
  expect(complaints).toHaveLength(2);
  loud();
  later();
  await breaker.execute(() => 1);
  stop();
  stop();
  await breaker.execute(() => 1);
  expect(outcomes()).toEqual(['success', 'success']);
  expect(() => gear.onCall('log' as never)).toThrow('listener');
});
