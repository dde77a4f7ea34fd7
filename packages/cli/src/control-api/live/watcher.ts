import type { CircuitRecord, Clock, OperatorStore, Timer } from 'switchgear';
import { circuitView } from '../../circuits/circuit-view.ts';
import { Follower } from '../../circuits/follow.ts';
import { readRecords } from '../../circuits/read-records.ts';
import type { SampleCounts } from '../schemas.ts';
import type { EventLog } from './event-log.ts';
import { reportedSince } from './reported-since.ts';
import type { SampleSeries } from './sample-series.ts';

/** Calls that processes let through and turned away, and how many of the former failed. */
export interface Traffic {
  readonly admitted: number;
  readonly rejected: number;
  readonly failed: number;
  /** How many processes tell; 0: none any more. */
  readonly processes: number;
}

/** Traffic since it was last asked, by circuit. A circuit is left out where nothing is new. */
export type Load = () => Readonly<Record<string, Traffic>>;

export interface WatcherOptions {
  readonly store: OperatorStore;
  readonly clock: Clock;
  readonly log: EventLog;
  readonly series: SampleSeries;
  readonly load?: Load | undefined;
}

/** Between two readings while somebody listens, milliseconds; while nobody does, ten times that, since readings cost money. */
const POLL_MS = 1_000;
const IDLE_POLL_MS = 10 * POLL_MS;

interface Known {
  readonly record: CircuitRecord;
  /** When it was heard of, by the local clock. */
  readonly heardMs: number;
  /** As last told, without what the mere passing of time changes. */
  readonly told: string;
}

/**
 * Reads all circuits again and again, hears of changes in between where the store can push, and tells what changed. A store
 * that fails is asked again: while it does there are no samples, by which a listener sees that he is not live.
 */
export class Watcher {
  readonly #options: WatcherOptions;
  readonly #known = new Map<string, Known>();
  readonly #follower: Follower;
  /** Records as of the latest sample: what was reported since is the difference. Absent before the first one. */
  #sampled: Map<string, CircuitRecord> | undefined;
  readonly #unsubscribe: (() => void) | undefined;
  #listeners = 0;
  #timer: Timer | undefined;
  #polling: Promise<void> | undefined;
  #closed = false;

  constructor(options: WatcherOptions) {
    this.#options = options;
    this.#follower = new Follower(options.store, (data) => options.log.append({ event: data.kind, data }));
    this.#unsubscribe = options.store.subscribe?.((record) => {
      this.#take(record, options.clock.now());
      this.#follower.heard(record).catch(askAgain);
    });
    this.#polling = this.#poll();
  }

  get listeners(): number {
    return this.#listeners;
  }

  /** Somebody listens from now on. Returns the end of that. */
  listen(): () => void {
    this.#listeners += 1;
    // The first one need not wait for the end of the long pause.
    if (this.#listeners === 1 && this.#timer) {
      this.#timer.cancel();
      this.#polling = this.#poll();
    }
    let over = false;
    return () => {
      if (!over) this.#listeners -= 1;
      over = true;
    };
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#unsubscribe?.();
    this.#timer?.cancel();
    await this.#polling;
  }

  async #poll(): Promise<void> {
    const { store, clock } = this.#options;
    this.#timer = undefined;
    const sentMs = clock.now();
    try {
      const { records } = await readRecords(store);
      if (this.#closed) return;
      for (const record of records) this.#take(record, sentMs);
      this.#follower.see(records).catch(askAgain);
      this.#sample(records);
    } catch {
      // The next reading tries again, and every request for circuits says what is wrong.
    }
    if (this.#closed) return;
    this.#timer = clock.setTimer(
      () => {
        this.#polling = this.#poll();
      },
      this.#listeners > 0 ? POLL_MS : IDLE_POLL_MS,
    );
  }

  /** `sentMs`: when it was asked for. */
  #take(record: CircuitRecord, sentMs: number): void {
    const { store, clock, log } = this.#options;
    const known = this.#known.get(record.name);
    // Pushed while this one was under way: the pushed one is the newer.
    if (known && known.heardMs > sentMs && record.epoch.number < known.record.epoch.number) return;
    const view = circuitView(record, store.now() ?? clock.now());
    const told = JSON.stringify({ ...view, retryAfterMs: 0 });
    this.#known.set(record.name, { record, heardMs: clock.now(), told });
    if (known?.told !== told) log.append({ event: 'circuit', data: view });
  }

  #sample(records: readonly CircuitRecord[]): void {
    const { store, clock, log, series, load } = this.#options;
    const own = load?.() ?? {};
    const circuits: Record<string, SampleCounts> = {};
    const before = this.#sampled;
    for (const record of records) {
      // Of what the first reading found nobody knows since when it was reported.
      const counts = before ? reportedSince(before.get(record.name), record) : { calls: 0, failures: 0 };
      const traffic = Object.hasOwn(own, record.name) ? own[record.name] : undefined;
      if (counts.calls > 0 || traffic) circuits[record.name] = { ...counts, ...traffic };
    }
    // One that could not be read this time is not new the next time.
    this.#sampled = new Map([...(before ?? []), ...records.map((record) => [record.name, record] as const)]);
    const sample = { atMs: store.now() ?? clock.now(), circuits };
    series.add(sample);
    log.append({ event: 'sample', data: sample });
  }
}

/** A history that could not be read is asked for with the next reading. */
function askAgain(): void {}
