/** Reads circuits from the store in batches: on demand, and once per `cacheTtl` all those in use. */

import { windowOf } from '../core/policy.ts';
import type { StoreGuard } from '../store/store-guard.ts';
import type { Circuit } from './circuit.ts';

/** A period is lengthened by up to this share of itself, so that processes that started together drift apart. */
const JITTER = 0.1;

/** For this share of the budget the store waits for what others have been answered before. */
const PATIENCE = 0.9;

export class Refresher {
  readonly #guard: StoreGuard;
  readonly #cacheTtl: number;
  readonly #random: () => number;
  readonly #circuits: ReadonlyMap<string, { readonly circuit: Circuit }>;
  #wanted = new Set<Circuit>();
  #batch: Promise<void> | undefined;
  #lastMs = -Infinity;
  #nextMs = -Infinity;

  constructor(
    guard: StoreGuard,
    cacheTtl: number,
    random: () => number,
    circuits: ReadonlyMap<string, { readonly circuit: Circuit }>,
  ) {
    this.#guard = guard;
    this.#cacheTtl = cacheTtl;
    this.#random = random;
    this.#circuits = circuits;
  }

  /** Reads `circuit` in one batch with all others that ask before the present task ends. Settles within the store's budget, never rejects. */
  load(circuit: Circuit): Promise<void> {
    this.#wanted.add(circuit);
    this.#batch ??= Promise.resolve().then(() => {
      const batch = [...this.#wanted];
      this.#wanted = new Set();
      this.#batch = undefined;
      return this.#read(batch, false);
    });
    return this.#batch;
  }

  /** Starts the periodic read if it is due; returns when the next one will be. Driven by calls: no timer. */
  tick(nowMs: number): number {
    // Further away than a period: the clock was set back.
    if (nowMs < this.#nextMs && this.#nextMs - nowMs <= this.#cacheTtl * (1 + JITTER)) return this.#nextMs;
    const since = this.#lastMs;
    this.#lastMs = nowMs;
    this.#nextMs = nowMs + this.#cacheTtl * (1 + JITTER * this.#random());
    for (const { circuit } of this.#circuits.values()) if (circuit.usedMs > since) void this.load(circuit);
    return this.#nextMs;
  }

  #read(circuits: readonly Circuit[], consistent: boolean): Promise<void> {
    const names = circuits.map((circuit) => circuit.name);
    const window = (name: string) =>
      windowOf((this.#circuits.get(name)?.circuit ?? (circuits[0] as Circuit)).policy);
    let told = false;
    // What is wrong with one record is its own circuit's trouble; the others arrive.
    const unreadable = (error: unknown) => {
      told = true;
      this.#guard.tell(error, 'load');
    };
    // What has come is to be here before nobody waits for it any more.
    const withinMs = this.#guard.budgetMs * PATIENCE;
    return this.#guard.call(
      'load',
      (store) => store.load(names, window, { consistent, unreadable, withinMs }),
      (records, sentMs) => {
        // By name: a store that leaves one out may have moved the others up.
        const answers = new Map(records.map((record) => [record?.name, record]));
        const doubtful = circuits.filter((circuit) => {
          const record = answers.get(circuit.name);
          try {
            if (record || !told) return !circuit.adopt(record, sentMs, consistent);
          } catch (error) {
            unreadable(error);
          }
          circuit.missed();
          return false;
        });
        if (doubtful.length > 0) void this.#read(doubtful, true);
      },
    );
  }
}
