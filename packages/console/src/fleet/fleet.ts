/** The fleet's circuits as the page knows them, and their recent past. */

import type { Circuit, Circuits, Sample, SampleCounts } from '@switchgear/cli/control-api';
import { Listeners } from './listeners.ts';

/** What was counted at a moment. */
export interface Point extends SampleCounts {
  readonly atMs: number;
  /** Since the sample before: a server to which nobody listens takes one in ten seconds. */
  readonly overMs: number;
}

/** Points kept per circuit: with a sample a second, ten minutes. */
const MOST_POINTS = 600;

export class Fleet extends Listeners {
  readonly #circuits = new Map<string, Circuit>();
  readonly #points = new Map<string, Point[]>();
  /** Circuits whose records are there but cannot be read. */
  unreadable: Circuits['unreadable'] = [];
  /** When the latest sample was taken: what happened later is not known yet. */
  sampledMs = 0;
  /** Whole pictures so far: what was asked of the server besides is to be asked again with each. */
  pictures = 0;
  /** The store's clock minus this browser's. */
  #clockOffsetMs = 0;

  /** The time by the store's clock. */
  get nowMs(): number {
    return Date.now() + this.#clockOffsetMs;
  }

  get circuits(): Iterable<Circuit> {
    return this.#circuits.values();
  }

  get size(): number {
    return this.#circuits.size;
  }

  circuit(name: string): Circuit | undefined {
    return this.#circuits.get(name);
  }

  /** Oldest first. Seconds in which nothing was counted are left out. */
  points(name: string): readonly Point[] {
    return this.#points.get(name) ?? [];
  }

  /** The whole picture, read anew. */
  replace(
    circuits: readonly Circuit[],
    unreadable: Circuits['unreadable'],
    samples: readonly Sample[],
    clockOffsetMs: number,
  ): void {
    this.unreadable = unreadable;
    this.#clockOffsetMs = clockOffsetMs;
    this.pictures++;
    this.#circuits.clear();
    for (const circuit of circuits) this.#circuits.set(circuit.name, circuit);
    this.#points.clear();
    this.sampledMs = (samples[0]?.atMs ?? this.nowMs) - 1;
    for (const sample of samples) this.#keep(sample);
    this.changed();
  }

  /** Who may see nothing any more sees nothing of before either. */
  forget(): void {
    this.replace([], [], [], this.#clockOffsetMs);
    this.pictures = 0;
  }

  put(circuit: Circuit): void {
    this.#circuits.set(circuit.name, circuit);
    this.changed();
  }

  /**
   * The server's answer to a change that was asked for when the circuit was `before`. Where news has come since, it is the
   * newer, or newer is on its way; and nothing repeats it.
   */
  answer(before: Circuit, after: Circuit): void {
    if (this.#circuits.get(before.name) === before) this.put(after);
  }

  add(sample: Sample): void {
    this.#keep(sample);
    this.changed();
  }

  #keep({ atMs, circuits }: Sample): void {
    // A stream may repeat what was read with the whole picture.
    if (atMs <= this.sampledMs) return;
    const overMs = atMs - this.sampledMs;
    this.sampledMs = atMs;
    for (const [name, counts] of Object.entries(circuits)) {
      const points = this.#points.get(name) ?? [];
      points.push({ atMs, overMs, ...counts });
      if (points.length > MOST_POINTS) points.shift();
      this.#points.set(name, points);
    }
  }
}
