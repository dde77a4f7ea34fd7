import { randomUUID } from 'node:crypto';
import type { Happening } from '../../circuits/follow.ts';
import type { Circuit, Sample } from '../schemas.ts';

export type LiveEvent =
  | { readonly event: 'circuit'; readonly data: Circuit }
  | { readonly event: Happening['kind']; readonly data: Happening }
  | { readonly event: 'sample'; readonly data: Sample };

/** An event with its place in the log. */
export interface Entry {
  readonly id: string;
  readonly event: LiveEvent['event'];
  /** JSON, made once for all listeners. */
  readonly data: string;
}

/**
 * The latest events, in a ring: whoever was away for a while reads on where he stopped, whoever was away for too long, or
 * comes from another run of the server, is told so. Listeners read at their own speed; a slow one holds up nobody and fills
 * nothing.
 */
export class EventLog {
  readonly #run = randomUUID().slice(0, 8);
  readonly #capacity: number;
  readonly #entries: Entry[] = [];
  readonly #waiting = new Set<() => void>();
  #next = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  append({ event, data }: LiveEvent): void {
    this.#entries[this.#next % this.#capacity] = {
      id: this.#id(this.#next),
      event,
      data: JSON.stringify(data),
    };
    this.#next += 1;
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }

  /** The id behind which the next event will stand. */
  get latest(): string {
    return this.#id(this.#next - 1);
  }

  /** Events behind `id`, oldest first; `undefined` where some of them are gone, or `id` is of another run. */
  after(id: string): Entry[] | undefined {
    const [, run, digits] = /^([\da-f]{8})-(-1|\d{1,15})$/.exec(id) ?? [];
    const from = Number(digits) + 1;
    if (run !== this.#run || from > this.#next || from < this.#next - this.#capacity) return undefined;
    return Array.from(
      { length: this.#next - from },
      (_, at) => this.#entries[(from + at) % this.#capacity] as Entry,
    );
  }

  /** Calls `wake` once, with the next event. Returns the way to take that back. */
  onNext(wake: () => void): () => void {
    this.#waiting.add(wake);
    return () => this.#waiting.delete(wake);
  }

  #id(place: number): string {
    return `${this.#run}-${place}`;
  }
}
