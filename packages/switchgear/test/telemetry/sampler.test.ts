import { expect, test } from 'vitest';
import { Sampler } from '../../src/telemetry/sampler.ts';

const NOW = Date.UTC(2026, 9, 21, 6, 30, 12, 345);

test('the first is due at once, the next after the period, with all between', () => {
  const sampler = new Sampler(1_000);
  expect([0, 1, 999, 1_000, 1_001].map((ms) => sampler.due('a', NOW + ms))).toEqual([1, 0, 0, 3, 0]);
  expect(sampler.due('b', NOW)).toBe(1);
  expect(sampler.kinds).toEqual(['a']);
  expect([sampler.rest('a'), sampler.rest('a'), sampler.rest('unheard of')]).toEqual([1, 0, 0]);
  expect(sampler.due('a', NOW + 5_000)).toBe(1);
});

test('a clock that is set back by an hour does not silence it for an hour', () => {
  const sampler = new Sampler(1_000);
  sampler.due('a', NOW);
  sampler.due('a', NOW + 1);
  expect(sampler.due('a', NOW - 3_600_000)).toBe(2);
});

test('kinds without end take no memory without end', () => {
  const sampler = new Sampler(1_000);
  for (let i = 0; i < 5_000; i++) {
    sampler.due(`kind ${i}`, NOW);
    sampler.due(`kind ${i}`, NOW);
  }
  expect(sampler.kinds).toHaveLength(1_000);
});

test('more kinds than are remembered, again and again, are no storm', () => {
  const sampler = new Sampler(1_000);
  const round = (nowMs: number) =>
    Array.from({ length: 1_500 }, (_, i) => sampler.due(`kind ${i}`, nowMs)).filter((due) => due > 0).length;
  expect([round(NOW), round(NOW + 1), round(NOW + 999)]).toEqual([1_000, 0, 0]);
  expect(sampler.due('kind 1499', NOW + 1_000)).toBe(1);
});
