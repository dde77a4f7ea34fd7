import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Event, EventQueue } from '../../src/engine/event-queue.ts';

test('events come out by time, those of one moment as they were added', () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.integer({ min: 0, max: 20 })), { maxLength: 200 }), (steps) => {
      const queue = new EventQueue();
      const expected: { atMs: number; event: Event }[] = [];
      for (const atMs of steps) {
        if (atMs !== null) {
          const event = { happen() {} };
          queue.add(atMs, event);
          expected.push({ atMs, event });
          // Stable: equal times keep their order.
          expected.sort((a, b) => a.atMs - b.atMs);
        } else if (queue.size > 0) {
          expect(queue.nextMs).toBe(expected[0]?.atMs);
          expect(queue.take()).toBe(expected.shift()?.event);
        }
        expect(queue.size).toBe(expected.length);
      }
      expect(expected.map(() => queue.take())).toEqual(expected.map(({ event }) => event));
      expect(queue.nextMs).toBe(Number.POSITIVE_INFINITY);
    }),
  );
});

test('a queue grows beyond its first arrays', () => {
  const queue = new EventQueue();
  const times = Array.from({ length: 5_000 }, (_, i) => (i * 7_919) % 5_003);
  for (const time of times) queue.add(time, { happen() {} });
  const taken = times.map(() => {
    const { nextMs } = queue;
    queue.take();
    return nextMs;
  });
  expect(taken).toEqual([...times].sort((a, b) => a - b));
});
