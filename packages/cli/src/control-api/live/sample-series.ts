import type { Sample } from '../schemas.ts';

/** The recent past, bounded twice: in samples (15 minutes at one a second), and in counts, since a fleet may have 1 000 circuits. */
const MAX_SAMPLES = 900;
const MAX_COUNTS = 100_000;

export class SampleSeries {
  readonly #samples: Sample[] = [];
  #counts = 0;

  add(sample: Sample): void {
    this.#samples.push(sample);
    this.#counts += size(sample);
    while (this.#samples.length > MAX_SAMPLES || this.#counts > MAX_COUNTS) {
      const oldest = this.#samples.shift();
      if (!oldest) return;
      this.#counts -= size(oldest);
    }
  }

  /** Samples later than `sinceMs`, oldest first; of one circuit, if it is named. */
  since(sinceMs: number, circuit?: string): Sample[] {
    const later = this.#samples.filter(({ atMs }) => atMs > sinceMs);
    if (circuit === undefined) return later;
    return later.map(({ atMs, circuits }) => {
      const own = Object.hasOwn(circuits, circuit) ? circuits[circuit] : undefined;
      return { atMs, circuits: own ? { [circuit]: own } : {} };
    });
  }
}

function size({ circuits }: Sample): number {
  return Object.keys(circuits).length;
}
