/** Of many like events in a while, the first is told at once, the others as a number with the next. */

import { within } from '../clock.ts';

interface Told {
  readonly atMs: number;
  /** Events since then. */
  untold: number;
}

/** Kinds remembered, and so told of in one period: names of circuits are many at most by mistake. */
const MOST_KINDS = 1_000;

export class Sampler {
  readonly #periodMs: number;
  readonly #told = new Map<string, Told>();

  constructor(periodMs: number) {
    this.#periodMs = periodMs;
  }

  /** Counts an event; how many there were since one was told, this one included, where it is to be told; else 0. */
  due(kind: string, nowMs: number): number {
    const told = this.#told.get(kind);
    if (told && within(this.#periodMs, nowMs, told.atMs)) {
      told.untold++;
      return 0;
    }
    // One more than are remembered would be new each time it comes: a storm.
    if (!told && !this.#room(nowMs)) return 0;
    this.#told.delete(kind);
    this.#told.set(kind, { atMs: nowMs, untold: 0 });
    return (told?.untold ?? 0) + 1;
  }

  /** Whether another kind may be told of; forgets the one that was told of longest ago, if that is long ago. */
  #room(nowMs: number): boolean {
    if (this.#told.size < MOST_KINDS) return true;
    const [oldest] = this.#told;
    if (!oldest || within(this.#periodMs, nowMs, oldest[1].atMs)) return false;
    return this.#told.delete(oldest[0]);
  }

  /** Events of this kind that were not told, and from now on count as told. */
  rest(kind: string): number {
    const told = this.#told.get(kind);
    if (!told) return 0;
    const { untold } = told;
    told.untold = 0;
    return untold;
  }

  /** Kinds of which some were not told. */
  get kinds(): string[] {
    return [...this.#told].filter(([, { untold }]) => untold > 0).map(([kind]) => kind);
  }
}
