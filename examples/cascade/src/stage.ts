/** The fleets of the demo, and who calls whom. What happens to them is the play's business, or the lever's. */

import { setTimeout as sleep } from 'node:timers/promises';
import { Child } from './child-process.ts';
import type { EmbeddedStore, StoreCall } from './embedded-store.ts';
import { type Note, now } from './note.ts';
import type { Options } from './options.ts';
import type { LedgerMode, PhaseName } from './script.ts';
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

/** Where a strategy has its circuit, but for the embedded store. */
const PLACES = {
  none: { kind: 'nowhere' },
  'per-process': { kind: 'memory' },
  shared: { kind: 'own' },
} as const satisfies Record<Strategy, CircuitPlace>;

export class Stage {
  readonly place: CircuitPlace;
  readonly log: RunLog;
  readonly #options: Options;
  #client: Child | undefined;
  #orders: Child[] = [];
  /** The payment processes in service. */
  #payments: Child[] = [];

  private constructor(strategy: Strategy, options: Options, store: EmbeddedStore | undefined) {
    this.#options = options;
    this.place = store?.place ?? PLACES[strategy];
    this.log = {
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

  /** Starts all processes; nobody calls anybody yet. */
  static async raise(strategy: Strategy, options: Options, store: EmbeddedStore | undefined): Promise<Stage> {
    const stage = new Stage(strategy, options, store);
    const { log } = stage;
    log.ledgers.push(...(await startMany('ledger', LEDGERS)));
    stage.#payments = await stage.#startPayments(options.processes);
    stage.#orders = await startMany('order', ORDERS);
    await stage.#route();
    stage.#client = await Child.start('client', 'client');
    log.client = stage.#client.notes;
    await stage.#client.tell({ kind: 'targets', urls: urls(stage.#orders) });
    return stage;
  }

  /** Puts the fleets under load. Fresh processes stumble over their first calls; that is no part of any play. */
  async load(): Promise<void> {
    await this.#client?.tell({ kind: 'load', rps: this.#options.rps / 3 });
    await warm(this.log.client);
    await this.#client?.tell({ kind: 'load', rps: this.#options.rps });
  }

  /** Lets the ledger be like that from now on. One call at a time. */
  async ledger(name: PhaseName, ledger: LedgerMode): Promise<void> {
    const { ledgers, phases } = this.log;
    phases.push({ name, ledger, fromMs: now() });
    await Promise.all(ledgers.map((child) => child.tell({ kind: 'ledger', mode: ledger })));
  }

  /** Replaces half of the payment fleet: the new ones take over, then the old ones end what they have and go. */
  async coldStarts(): Promise<void> {
    const half = Math.ceil(this.#payments.length / 2);
    const leaving = this.#payments.slice(0, half);
    this.#payments = [...this.#payments.slice(half), ...(await this.#startPayments(half))];
    await this.#route();
    await Promise.all(leaving.map((child) => child.finish()));
  }

  /** Rejects if one of the processes in service ends before it is told to. */
  broken(): Promise<never> {
    const everybody = [...this.log.ledgers, ...this.#payments, ...this.#orders];
    return Promise.race(everybody.map((child) => child.broken));
  }

  /** Ends the load, then the processes: from the outside in, so that nobody calls one that has gone. */
  async strike(): Promise<void> {
    const { log } = this;
    await this.#client?.finish();
    log.endedAt = now();
    for (const fleet of [this.#orders, this.#payments, log.ledgers])
      await Promise.all(fleet.map((child) => child.finish()));
  }

  /** Forgets what was seen before `beforeMs`, on a stage that stays. */
  forget(beforeMs: number): void {
    const { payments, ledgers } = this.log;
    for (const child of [this.#client, ...payments, ...ledgers]) child?.forget(beforeMs);
  }

  async #startPayments(count: number): Promise<Child[]> {
    const started = await startMany('payment', count, this.log.payments.length, this.place);
    const targets = urls(this.log.ledgers);
    await Promise.all(started.map((child) => child.tell({ kind: 'targets', urls: targets })));
    this.log.payments.push(...started);
    return started;
  }

  async #route(): Promise<void> {
    const targets = urls(this.#payments);
    await Promise.all(this.#orders.map((child) => child.tell({ kind: 'targets', urls: targets })));
  }
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
