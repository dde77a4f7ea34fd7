import type { Engine } from '../engine/engine.ts';
import type { Process } from '../engine/process.ts';
import type { Random } from '../engine/random.ts';
import type { StoreProfile } from '../store/store-profile.ts';
import { PlainItem } from './plain-item.ts';
import type { Guard, Strategy, Ticket } from './strategy.ts';

interface Snapshot {
  readonly state: 'closed' | 'open' | 'half-open';
  readonly failures: number;
  readonly successes: number;
  readonly nextAttemptMs: number;
  readonly openMs: number;
  readonly lastFailureMs: number;
}

const CLOSED: Snapshot = {
  state: 'closed',
  failures: 0,
  successes: 0,
  nextAttemptMs: 0,
  openMs: 0,
  lastFailureMs: 0,
};

export interface LastWriterSettings {
  readonly failureThreshold: number;
  readonly successThreshold: number;
  readonly windowMs: number;
  readonly timeoutMs: number;
}

/**
 * The whole state is read before every call and written back after it, whoever wrote meanwhile. As in circuitbreaker-lambda
 * (src/index.ts): a read that fails means closed; every process tries once the time is up; the open time doubles with each
 * failed try, to at most a minute; failures are forgotten when the last one is older than the window.
 */
export class LastWriterWins implements Strategy {
  readonly name = 'read and write on every call';
  readonly #item: PlainItem<Snapshot>;
  readonly #settings: LastWriterSettings;

  constructor(engine: Engine, profile: StoreProfile, random: Random, settings: LastWriterSettings) {
    this.#item = new PlainItem(engine, profile, random, CLOSED);
    this.#settings = settings;
  }

  get store() {
    return this.#item;
  }

  guard(process: Process): Guard {
    return { enter: () => this.#enter(process) };
  }

  async #enter(process: Process): Promise<Ticket | undefined> {
    let read = await this.#item.read(process).catch(() => CLOSED);
    if (read.state === 'open') {
      if (process.now() < read.nextAttemptMs) return undefined;
      read = { ...read, state: 'half-open', successes: 0 };
    }
    const write = (snapshot: Snapshot) =>
      this.#item
        .write(process, () => snapshot)
        .then(
          () => {},
          () => {},
        );
    return {
      success: () => write(this.#succeeded(read)),
      failure: () => write(this.#failed(read, process.now())),
    };
  }

  #succeeded(read: Snapshot): Snapshot {
    if (read.state !== 'half-open') return { ...read, successes: 0 };
    const successes = read.successes + 1;
    return successes >= this.#settings.successThreshold ? CLOSED : { ...read, successes };
  }

  #failed(read: Snapshot, nowMs: number): Snapshot {
    const { failureThreshold, windowMs, timeoutMs } = this.#settings;
    const forgotten = nowMs - read.lastFailureMs > windowMs;
    const failures = read.state === 'closed' && forgotten ? 1 : read.failures + 1;
    const counted = { ...read, failures, lastFailureMs: nowMs };
    if (read.state !== 'half-open' && failures < failureThreshold) return counted;
    const openMs = read.state === 'half-open' ? Math.min(60_000, read.openMs * 2) : timeoutMs;
    return { ...counted, state: 'open', openMs, nextAttemptMs: nowMs + openMs };
  }
}
