/** A subscription that is kept, with a subscriber and timers of the test's own. */

import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Subscriber } from '../../src/store/redis/connection.ts';
import { HEARTBEAT_MS } from '../../src/store/redis/reconnect.ts';
import { keepSubscribed } from '../../src/store/redis/subscription.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('a subscription that ends while its ping is under way begins anew once, and not at all once it is stopped', async () => {
  let opened = 0;
  let end = () => {};
  let pong = () => {};
  const open = async (): Promise<Subscriber> => {
    opened += 1;
    return {
      subscribe: async () => {},
      // Over another connection than that of the subscription, behind Sentinel: it may well be answered.
      ping: () =>
        new Promise<void>((resolve) => {
          pong = resolve;
        }),
      ended: new Promise((resolve) => {
        end = resolve;
      }),
      end: () => {},
    };
  };
  const stop = keepSubscribed(
    open,
    'changes',
    () => {},
    async () => {},
  );
  await vi.advanceTimersByTimeAsync(HEARTBEAT_MS);
  end();
  await vi.advanceTimersByTimeAsync(0);
  pong();
  await vi.advanceTimersByTimeAsync(0);
  expect(opened).toBe(1);
  stop();
  expect(vi.getTimerCount()).toBe(0);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(opened).toBe(1);
});
