import type { Random } from './random.ts';

/** Points of a distribution: `[share of the values that lie below, value]`, both rising, from share 0 to share 1. */
export type Quantiles = readonly (readonly [share: number, value: number])[];

/** Draws from a distribution that is given the way monitoring shows it: by its percentiles, straight lines between them. */
export class Distribution {
  readonly #shares: Float64Array;
  readonly #values: Float64Array;
  /** Of the line that begins at a point. */
  readonly #slopes: Float64Array;

  constructor(points: Quantiles) {
    const rising = points.every(([share, value], i) => {
      const [lastShare, lastValue] = points[i - 1] ?? [0, 0];
      return share >= lastShare && value >= lastValue;
    });
    if (points.length < 2 || points[0]?.[0] !== 0 || points.at(-1)?.[0] !== 1 || !rising)
      throw new RangeError(`quantiles must rise from share 0 to share 1: ${JSON.stringify(points)}`);
    this.#shares = Float64Array.from(points, ([share]) => share);
    this.#values = Float64Array.from(points, ([, value]) => value);
    this.#slopes = Float64Array.from(points, ([share, value], i) => {
      const [nextShare, next] = points[i + 1] ?? [1, value];
      return nextShare > share ? (next - value) / (nextShare - share) : 0;
    });
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
    const shares = this.#shares;
    let i = 0;
    while (i < shares.length - 2 && (shares[i + 1] as number) <= share) i++;
    return (this.#values[i] as number) + (this.#slopes[i] as number) * (share - (shares[i] as number));
  }

  draw(random: Random): number {
    return this.at(random.uniform());
  }
}
