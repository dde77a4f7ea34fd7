/**
 * Chance from a seed: the same numbers on every machine. Only integer operations, additions and comparisons: what
 * `Math.log` or `Math.sin` return is left to the engine, and would differ between browsers.
 *
 * The generator is sfc32 ("small fast counter") by Chris Doty-Humphrey, from PractRand (http://pracrand.sourceforge.net):
 * 128 bits of state, period at least 2^32, passes PractRand and BigCrush.
 */
export class Random {
  readonly #seed: number;
  readonly #stream: number;
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  /** @param seed any integer, of which 32 bits count. @param stream one of many independent sequences of that seed. */
  constructor(seed: number, stream = 0) {
    this.#seed = seed | 0;
    this.#stream = stream | 0;
    this.#a = 0;
    this.#b = this.#seed;
    this.#c = this.#stream;
    // As PractRand seeds it: the state is well mixed after 12 rounds.
    for (let round = 0; round < 12; round++) this.bits();
  }

  /** An independent sequence of the same seed: what one part of a run draws does not shift what another gets. */
  fork(name: string): Random {
    // FNV-1a (Fowler, Noll, Vo), begun with the present stream.
    let hash = 0x811c9dc5 ^ this.#stream;
    for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
    return new Random(this.#seed, hash);
  }

  /** 32 random bits, as a signed integer. */
  bits(): number {
    const sum = (this.#a + this.#b + this.#counter++) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum;
  }

  /** Uniform in [0, 1). */
  uniform(): number {
    return (this.bits() >>> 0) / 0x1_0000_0000;
  }

  /** Uniform in [low, high). */
  between(low: number, high: number): number {
    return low + (high - low) * this.uniform();
  }

  /** An integer in [0, n). */
  below(n: number): number {
    return Math.floor(this.uniform() * n);
  }

  chance(probability: number): boolean {
    return this.uniform() < probability;
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)] as T;
  }

  /**
   * Exponential with mean 1, by comparisons alone: J. von Neumann, "Various techniques used in connection with random
   * digits", 1951. A descending run of uniforms of odd length accepts its first number as the fraction.
   */
  exponential(): number {
    for (let whole = 0; ; whole++) {
      const first = this.uniform();
      let last = first;
      let odd = true;
      for (let next = this.uniform(); next < last; next = this.uniform()) {
        last = next;
        odd = !odd;
      }
      if (odd) return whole + first;
    }
  }
}
