/** What the server publishes, told to the listeners of this process. */

import type { Window } from '../../core/evidence.ts';
import type { CircuitRecord } from '../../core/record.ts';
import type { RedisConnection } from './connection.ts';
import { recordOfFlat } from './record-hash.ts';
import { keepSubscribed } from './subscription.ts';

type Listener = (record: CircuitRecord) => void;

export class Push {
  readonly #connection: RedisConnection;
  readonly #channel: string;
  readonly #read: (names: readonly string[], window: (name: string) => Window) => Promise<CircuitRecord[]>;
  /** Circuits that this process has read, with their cut: what a new subscription begins with. */
  readonly #watched = new Map<string, Window>();
  readonly #listeners = new Map<symbol, Listener>();
  #stop: (() => void) | undefined;
  #closed = false;

  constructor(
    connection: RedisConnection,
    channel: string,
    read: (names: readonly string[], window: (name: string) => Window) => Promise<CircuitRecord[]>,
  ) {
    this.#connection = connection;
    this.#channel = channel;
    this.#read = read;
  }

  watch(records: readonly CircuitRecord[]): void {
    for (const { name, bucketMs, buckets } of records) this.#watched.set(name, { bucketMs, buckets });
  }

  subscribe(listener: Listener): () => void {
    if (this.#closed) return () => {};
    // A listener may come twice, and goes as often.
    const id = Symbol('listener');
    this.#listeners.set(id, listener);
    this.#stop ??= keepSubscribed(
      () => this.#connection.subscriber(),
      this.#channel,
      (message) => this.#tell(message),
      () => this.#catchUp(),
    );
    return () => {
      this.#listeners.delete(id);
      if (this.#listeners.size === 0) this.#pause();
    };
  }

  /** Nobody is told any more. */
  close(): void {
    this.#closed = true;
    this.#pause();
  }

  #pause(): void {
    this.#stop?.();
    this.#stop = undefined;
  }

  #tell(message: string): void {
    let record: CircuitRecord;
    try {
      const [name, fields] = JSON.parse(message) as [string, string[]];
      record = recordOfFlat(name, fields);
    } catch {
      // Not ours, or of a newer layout: the periodic read says it aloud.
      return;
    }
    for (const listener of this.#listeners.values()) listener(record);
  }

  /** Reads what may have been missed. */
  async #catchUp(): Promise<void> {
    const names = [...this.#watched.keys()];
    const records = await this.#read(names, (name) => this.#watched.get(name) as Window);
    for (const record of records)
      if (record) for (const listener of this.#listeners.values()) listener(record);
  }
}
