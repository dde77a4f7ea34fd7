import { expect, test } from 'vitest';
import { Distribution } from '../../src/engine/distribution.ts';
import { Random } from '../../src/engine/random.ts';

const N = 200_000;

function sample(draw: () => number): { mean: number; variance: number } {
  const values = Array.from({ length: N }, draw);
  const mean = values.reduce((sum, value) => sum + value, 0) / N;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / N;
  return { mean, variance };
}

test('a seed gives the same numbers for ever', () => {
  const random = new Random(42);
  expect(Array.from({ length: 4 }, () => random.bits())).toMatchInlineSnapshot(`
    [
      1264412219,
      1947509147,
      -375527997,
      1251167922,
    ]
  `);
  expect(new Random(42).fork('traffic').bits()).toBe(new Random(42).fork('traffic').bits());
});

test('streams of one seed, and the same stream of two seeds, have nothing to do with each other', () => {
  const streams = [new Random(1), new Random(2), new Random(1).fork('a'), new Random(1).fork('b')];
  const drawn = streams.map((random) => Array.from({ length: 1_000 }, () => random.bits()));
  expect(new Set(drawn.flat()).size).toBe(4_000);
});

test('uniform numbers lie in [0, 1) with mean 1/2 and variance 1/12', () => {
  const random = new Random(7);
  const { mean, variance } = sample(() => random.uniform());
  expect(mean).toBeCloseTo(0.5, 2);
  expect(variance).toBeCloseTo(1 / 12, 2);
});

test('exponential numbers have mean 1, variance 1, and the median of the exponential', () => {
  const random = new Random(7);
  const { mean, variance } = sample(() => random.exponential());
  expect(mean).toBeCloseTo(1, 1);
  expect(Math.abs(variance - 1)).toBeLessThan(0.03);
  const below = sample(() => (random.exponential() < Math.LN2 ? 1 : 0)).mean;
  expect(below).toBeCloseTo(0.5, 2);
});

test('a distribution is drawn as its percentiles say', () => {
  const latency = new Distribution([
    [0, 10],
    [0.5, 20],
    [0.9, 100],
    [1, 1_000],
  ]);
  const values = [0, 0.25, 0.5, 0.7, 0.9, 0.95].map((share) => Math.round(latency.at(share)));
  expect(values).toEqual([10, 15, 20, 60, 100, 550]);
  expect(() => new Distribution([[0, 1]])).toThrow(RangeError);
  expect(
    () =>
      new Distribution([
        [0, 5],
        [1, 4],
      ]),
  ).toThrow('must rise');
});
