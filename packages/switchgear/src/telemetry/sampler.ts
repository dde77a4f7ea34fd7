/** Of many like events in a while, the first is told at once, the others as a number with the next. */

interface Told {
  readonly atMs: number;
  /** Events since then. */
  untold: number;
}

/** Kinds remembered: names of circuits are many at most by mistake. */
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
    // Further away than a period either way: the clock was set back.
    if (told && Math.abs(nowMs - told.atMs) < this.#periodMs) {
      told.untold++;
      return 0;
    }
    this.#told.delete(kind);
    this.#told.set(kind, { atMs: nowMs, untold: 0 });
    for (const oldest of this.#told.keys()) {
      if (this.#told.size <= MOST_KINDS) break;
      this.#told.delete(oldest);
    }
    return (told?.untold ?? 0) + 1;
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
