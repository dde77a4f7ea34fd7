import type { Random } from './random.ts';

/** Points of a distribution: `[share of the values that lie below, value]`, both rising, from share 0 to share 1. */
export type Quantiles = readonly (readonly [share: number, value: number])[];

/** Draws from a distribution that is given the way monitoring shows it: by its percentiles, straight lines between them. */
export class Distribution {
  readonly #points: Quantiles;

  constructor(points: Quantiles) {
    const rising = points.every(([share, value], i) => {
      const [lastShare, lastValue] = points[i - 1] ?? [0, 0];
      return share >= lastShare && value >= lastValue;
    });
    if (points.length < 2 || points[0]?.[0] !== 0 || points.at(-1)?.[0] !== 1 || !rising)
      throw new RangeError(`quantiles must rise from share 0 to share 1: ${JSON.stringify(points)}`);
    this.#points = points;
  }

  /** The same value always. */
  static constant(value: number): Distribution {
    return new Distribution([
      [0, value],
      [1, value],
    ]);
  }

  /** The value below which `share` of all values lie: with a uniform `share`, a draw. */
  at(share: number): number {
    const points = this.#points;
    let i = 1;
    while (i < points.length - 1 && (points[i] as readonly [number, number])[0] <= share) i++;
    const [lowShare, low] = points[i - 1] as readonly [number, number];
    const [highShare, high] = points[i] as readonly [number, number];
    return low + ((high - low) * (share - lowShare)) / (highShare - lowShare);
  }

  draw(random: Random): number {
    return this.at(random.uniform());
  }
}
