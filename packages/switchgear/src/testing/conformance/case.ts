/** What a case of the suite is, and what it has to work with. */

import type { Window } from '../../core/evidence.ts';
import type { CircuitRecord } from '../../core/record.ts';
import { newId } from '../../id.ts';
import type { OperatorStore } from '../../store/contract.ts';

/** A store under test. Each case makes one and closes it. */
export interface Rig {
  readonly store: OperatorStore;
  /** A second client of the same data, as another process would have it. Default: `store` itself. */
  readonly other?: OperatorStore;
  /** Moves the store's clock on by `ms` milliseconds, for both clients. */
  advance(ms: number): void | Promise<void>;
  close(): void | Promise<void>;
}

export type MakeStore = () => Rig | Promise<Rig>;

/** One promise of the store contract. `run` rejects with an `AssertionError` where the store breaks it. */
export interface Case {
  readonly name: string;
  /** The law of `ARCHITECTURE.md` or the clause of the contract behind it. */
  readonly law: string;
  run(): Promise<void>;
}

/** A case before it knows its store. */
export interface Definition {
  readonly name: string;
  readonly law: string;
  readonly test: (bench: Bench) => Promise<void>;
}

/** Cuts of a window of 10 s: other than the default one, so that a store that ignores it shows. */
export const WINDOW: Window = { bucketMs: 1_000, buckets: 10 };

/** How long a case waits for a push, milliseconds of real time. */
const PUSH_PATIENCE_MS = 5_000;

/** A rig and what all cases do with it. */
export class Bench {
  readonly store: OperatorStore;
  readonly other: OperatorStore;
  /** Both clients, for work that they do in turns. */
  readonly clients: readonly [OperatorStore, OperatorStore];
  /** A circuit of this case alone, so that rigs may share a table. */
  readonly name = `conformance-${newId()}`;
  readonly #rig: Rig;

  private constructor(rig: Rig) {
    this.#rig = rig;
    this.store = rig.store;
    this.other = rig.other ?? rig.store;
    this.clients = [this.store, this.other];
  }

  /** Runs `test` on a bench whose clients know the store's time. */
  static async with(makeStore: MakeStore, test: (bench: Bench) => Promise<void>): Promise<void> {
    const rig = await makeStore();
    try {
      const bench = new Bench(rig);
      await bench.elapse(0);
      await test(bench);
    } finally {
      await rig.close();
    }
  }

  now(): number {
    const nowMs = this.store.now();
    if (nowMs === undefined) throw new Error('the store answered and does not know its time');
    return nowMs;
  }

  async read(name = this.name, from: OperatorStore = this.store): Promise<CircuitRecord> {
    const [record] = await from.load([name], () => WINDOW, { consistent: true });
    return record as CircuitRecord;
  }

  /** Lets time pass; both clients hear of it from an answer. */
  async elapse(ms: number): Promise<void> {
    await this.#rig.advance(ms);
    for (const client of this.clients) await this.read(this.name, client);
  }

  /** Lets time pass until `atMs` of the store's clock, as the first client knows it. */
  reach(atMs: number): Promise<void> {
    return this.elapse(Math.max(0, atMs - this.now()));
  }

  /** `act` of `count` actors at once, on the two clients in turns. */
  together<T>(count: number, act: (client: OperatorStore, actor: number) => Promise<T>): Promise<T[]> {
    return Promise.all(
      Array.from({ length: count }, (_, actor) => act(actor % 2 ? this.other : this.store, actor)),
    );
  }

  /** Resolves once `condition` holds: for pushes, which come when they come. */
  async eventually(what: string, condition: () => boolean): Promise<void> {
    const endMs = performance.now() + PUSH_PATIENCE_MS;
    while (!condition()) {
      if (performance.now() > endMs) throw new Error(`waited ${PUSH_PATIENCE_MS} ms in vain: ${what}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}
