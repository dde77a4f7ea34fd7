/** One run of the play: starts the fleets, puts them under load, lets the ledger fail and come back, collects the notes. */

import { setTimeout as sleep } from 'node:timers/promises';
import { Child, killAll } from './child-process.ts';
import { type EmbeddedStore, type StoreCall, startEmbeddedStore } from './embedded-store.ts';
import { type Note, now } from './note.ts';
import type { Options } from './options.ts';
import { type LedgerMode, type PhaseName, type Scene, scenes } from './script.ts';
import { TIMEOUT_MS } from './settings.ts';
import type { CircuitPlace, Strategy } from './strategy.ts';

/** Order only passes on, and the ledger must be more than one: the sizes that matter are payment's. */
export const ORDERS = 3;
export const LEDGERS = 2;

/** Warm: this many calls in a row were answered well within the timeout. A busy machine gets no longer than `patienceMs`. */
const WARM = { calls: 20, withinMs: TIMEOUT_MS / 4, patienceMs: 6_000 };

export interface Phase {
  readonly name: PhaseName;
  readonly ledger: LedgerMode;
  readonly fromMs: number;
}

/** Everything seen in a run. Grows while it lasts. */
export interface RunLog {
  readonly strategy: Strategy;
  /** Phases that have begun. */
  readonly phases: Phase[];
  /** When the load stopped. */
  endedAt: number | undefined;
  client: readonly Note[];
  /** Calls of payment on the ledger, per process; those that were replaced too. */
  readonly payments: Child[];
  readonly ledgers: Child[];
  readonly storeCalls: readonly StoreCall[];
}

/** @param watch is given the log once all processes are up; it grows from then on. */
export async function run(
  strategy: Strategy,
  options: Options,
  watch: (log: RunLog) => void,
): Promise<RunLog> {
  const store = strategy === 'shared' && options.store === undefined ? await startEmbeddedStore() : undefined;
  try {
    return await new Play(strategy, options, store).run(watch);
  } finally {
    // After a run that failed some are still there, and would keep this process alive.
    killAll();
    store?.close();
  }
}

class Play {
  readonly #options: Options;
  readonly #place: CircuitPlace;
  readonly #log: RunLog;
  #orders: Child[] = [];
  /** The payment processes in service. */
  #payments: Child[] = [];

  constructor(strategy: Strategy, options: Options, store: EmbeddedStore | undefined) {
    this.#options = options;
    this.#place = store?.place ?? placeOf(strategy);
    this.#log = {
      strategy,
      phases: [],
      endedAt: undefined,
      client: [],
      payments: [],
      ledgers: [],
      // Nobody but its users can count the calls of a store of the user's own.
      get storeCalls() {
        return store?.calls ?? this.payments.flatMap((child) => child.storeCalls);
      },
    };
  }

  async run(watch: (log: RunLog) => void): Promise<RunLog> {
    const log = this.#log;
    log.ledgers.push(...(await startMany('ledger', LEDGERS)));
    this.#payments = await this.#startPayments(this.#options.processes);
    this.#orders = await startMany('order', ORDERS);
    await this.#route();
    const client = await Child.start('client', 'client');
    log.client = client.notes;
    await client.tell({ kind: 'targets', urls: urls(this.#orders) });

    watch(log);
    // Fresh processes stumble over their first calls; that is no part of the play.
    await client.tell({ kind: 'load', rps: this.#options.rps / 3 });
    await warm(client.notes);
    await client.tell({ kind: 'load', rps: this.#options.rps });
    for (const scene of scenes(this.#options.seconds)) await this.#play(scene);
    await client.finish();
    log.endedAt = now();
    // From the outside in, so that nobody calls a process that has gone.
    for (const fleet of [this.#orders, this.#payments, log.ledgers])
      await Promise.all(fleet.map((child) => child.finish()));
    return log;
  }

  async #play(scene: Scene): Promise<void> {
    const { ledgers, phases } = this.#log;
    phases.push({ name: scene.phase, ledger: scene.ledger, fromMs: now() });
    await Promise.all(ledgers.map((child) => child.tell({ kind: 'ledger', mode: scene.ledger })));
    const everybody = [...ledgers, ...this.#payments, ...this.#orders];
    await Promise.race([
      Promise.all([sleep(scene.forMs), scene.coldStarts && this.#coldStarts()]),
      ...everybody.map((child) => child.broken),
    ]);
  }

  /** Replaces half of the payment fleet: the new ones take over, then the old ones end what they have and go. */
  async #coldStarts(): Promise<void> {
    const half = Math.ceil(this.#payments.length / 2);
    const leaving = this.#payments.slice(0, half);
    this.#payments = [...this.#payments.slice(half), ...(await this.#startPayments(half))];
    await this.#route();
    await Promise.all(leaving.map((child) => child.finish()));
  }

  async #startPayments(count: number): Promise<Child[]> {
    const started = await startMany('payment', count, this.#log.payments.length, this.#place);
    const targets = urls(this.#log.ledgers);
    await Promise.all(started.map((child) => child.tell({ kind: 'targets', urls: targets })));
    this.#log.payments.push(...started);
    return started;
  }

  async #route(): Promise<void> {
    const targets = urls(this.#payments);
    await Promise.all(this.#orders.map((child) => child.tell({ kind: 'targets', urls: targets })));
  }
}

/** Where a strategy has its circuit, but for the embedded store. */
function placeOf(strategy: Strategy): CircuitPlace {
  return { kind: ({ none: 'nowhere', 'per-process': 'memory', shared: 'own' } as const)[strategy] };
}

async function warm(notes: readonly Note[]): Promise<void> {
  const quick = (note: Note) => note.outcome === 'ok' && note.endedAt - note.startedAt < WARM.withinMs;
  const until = now() + WARM.patienceMs;
  while (now() < until && !(notes.length >= WARM.calls && notes.slice(-WARM.calls).every(quick)))
    await sleep(50);
}

function startMany(
  service: 'order' | 'payment' | 'ledger',
  count: number,
  startedBefore = 0,
  setup: unknown = null,
): Promise<Child[]> {
  const names = Array.from({ length: count }, (_, i) => `${service}-${startedBefore + i + 1}`);
  return Promise.all(names.map((name) => Child.start(service, name, setup)));
}

function urls(fleet: readonly Child[]): string[] {
  return fleet.map((child) => child.url);
}
