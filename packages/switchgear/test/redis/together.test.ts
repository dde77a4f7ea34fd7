import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { together } from '../../src/store/redis/together.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

const after = (ms: number, answer: string) =>
  new Promise<string>((resolve) => setTimeout(() => resolve(answer), ms));
const fails = (ms: number) =>
  new Promise<string>((_, reject) => setTimeout(() => reject(new Error('away')), ms));

async function ends(reads: readonly Promise<string>[]) {
  const startMs = Date.now();
  const ended = Promise.allSettled(together(reads, 100)).then((results) => ({
    tookMs: Date.now() - startMs,
    answers: results.map((result) => (result.status === 'fulfilled' ? result.value : result.reason.message)),
  }));
  await vi.runAllTimersAsync();
  return ended;
}

const SILENCE = 'no answer within 100 ms, while others came';

test('what is answered in time is', async () => {
  expect(await ends([after(5, 'a'), after(90, 'b')])).toEqual({ tookMs: 90, answers: ['a', 'b'] });
});

test('a silent one fails, the others do not', async () => {
  expect(await ends([after(5, 'a'), after(5_000, 'b')])).toEqual({ tookMs: 100, answers: ['a', SILENCE] });
});

test('where all are late, the first one is waited for', async () => {
  expect(await ends([after(300, 'a'), after(5_000, 'b')])).toEqual({ tookMs: 300, answers: ['a', SILENCE] });
});

test('a failure is no answer', async () => {
  expect(await ends([fails(5), after(400, 'b')])).toEqual({ tookMs: 400, answers: ['away', 'b'] });
  expect(await ends([fails(5), fails(400)])).toEqual({ tookMs: 400, answers: ['away', 'away'] });
  expect(await ends([])).toEqual({ tookMs: 0, answers: [] });
});
