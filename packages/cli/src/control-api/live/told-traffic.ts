import type { Clock } from 'switchgear';
import { Refusal } from '../problem.ts';
import type { TrafficReport } from '../schemas.ts';
import { WriteLimit } from '../write-limit.ts';
import type { Traffic } from './watcher.ts';

type Counts = TrafficReport['circuits'][string];

/** Calls that a process told of, and no sample has yet. They are given out evenly over `fromMs` to `untilMs`. */
interface Told {
  left: Counts;
  fromMs: number;
  untilMs: number;
}

interface Process {
  heardMs: number;
  readonly limit: WriteLimit;
  readonly circuits: Map<string, Told>;
}

/** A process gives a sign of life every 10 s; one that misses two of them does not tell any more. */
const SILENT_MS = 25_000;
/** Bounds of what is kept, whoever tells what: processes, and circuits of all of them together. */
const MOST_PROCESSES = 2_000;
const MOST_TOLD = 100_000;
/** Reports of one process: at once, and per second for ever. The library's come each second at most. */
const BURST = 10;
const PER_SECOND = 2;
/** How often a circuit is told of that has no calls, so that a page which was just opened knows who tells. */
const SAID_AGAIN_MS = 60_000;

/**
 * Calls as the processes tell of them. Times are this server's alone: when a report arrived, and the length that it covers.
 * A report covers some seconds and a sample one, so that a report's calls are given out over as long as it took to count them:
 * lines run some seconds late instead of leaping.
 */
export class ToldTraffic {
  readonly #clock: Clock;
  readonly #processes = new Map<string, Process>();
  /** What the latest sample that had the circuit said of it. */
  readonly #said = new Map<string, { readonly processes: number; readonly atMs: number }>();
  #told = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @throws Refusal (429) for a process that tells too often, (503) beyond what is kept. */
  take({ process: id, overMs, circuits }: TrafficReport): void {
    const nowMs = this.#clock.now();
    const known = this.#processes.get(id);
    const process = known ?? {
      heardMs: nowMs,
      limit: new WriteLimit(this.#clock, BURST, PER_SECOND),
      circuits: new Map<string, Told>(),
    };
    const waitMs = process.limit.take();
    if (waitMs > 0)
      throw new Refusal(429, 'TOO_MANY_REPORTS', 'this process tells too often; allowed: once a second', {
        'retry-after': `${Math.ceil(waitMs / 1_000)}`,
      });
    const reported = Object.entries(circuits);
    const added = reported.filter(([name]) => !process.circuits.has(name)).length;
    if ((!known && this.#processes.size >= MOST_PROCESSES) || this.#told + added > MOST_TOLD)
      throw new Refusal(
        503,
        'TOO_MANY_TELL',
        `too much is told already; allowed: ${MOST_PROCESSES} processes, ${MOST_TOLD} circuits of theirs`,
      );
    this.#processes.set(id, process);
    this.#told += added;
    process.heardMs = nowMs;
    for (const [name, counts] of reported) {
      const { left } = process.circuits.get(name) ?? {};
      process.circuits.set(name, { left: sum(left, counts), fromMs: nowMs, untilMs: nowMs + overMs });
    }
  }

  /** What is due since the last time, by circuit; circuits without news are left out. */
  drain(): Readonly<Record<string, Traffic>> {
    const nowMs = this.#clock.now();
    const traffic = new Map<string, Traffic>();
    for (const [id, { heardMs, circuits }] of this.#processes) {
      // Either way: a clock that was set back keeps nobody for an hour.
      const silent = Math.abs(nowMs - heardMs) > SILENT_MS;
      for (const [name, told] of circuits) {
        const before = traffic.get(name);
        const processes = (before?.processes ?? 0) + Number(!silent);
        traffic.set(name, { ...sum(before, release(told, nowMs)), processes });
      }
      if (silent) this.#forget(id, circuits);
    }
    return Object.fromEntries([...traffic].filter(([name, now]) => this.#isNews(name, now, nowMs)));
  }

  #forget(id: string, circuits: Process['circuits']): void {
    this.#processes.delete(id);
    this.#told -= circuits.size;
  }

  #isNews(name: string, { admitted, rejected, processes }: Traffic, nowMs: number): boolean {
    const said = this.#said.get(name);
    const old =
      said?.processes === processes &&
      Math.abs(nowMs - said.atMs) < SAID_AGAIN_MS &&
      admitted + rejected === 0;
    if (old) return false;
    if (processes > 0) this.#said.set(name, { processes, atMs: nowMs });
    else this.#said.delete(name);
    return true;
  }
}

/** Takes off what is due by now: all of it, where the time is over. */
function release(told: Told, nowMs: number): Counts {
  const { left, fromMs, untilMs } = told;
  const share = nowMs >= untilMs ? 1 : Math.max(0, (nowMs - fromMs) / (untilMs - fromMs));
  const of = (count: number) => Math.round(count * share);
  const due = { admitted: of(left.admitted), rejected: of(left.rejected), failed: of(left.failed) };
  told.left = {
    admitted: left.admitted - due.admitted,
    rejected: left.rejected - due.rejected,
    failed: left.failed - due.failed,
  };
  told.fromMs = Math.max(fromMs, nowMs);
  return due;
}

function sum(a: Counts | undefined, b: Counts): Counts {
  if (!a) return b;
  return {
    admitted: a.admitted + b.admitted,
    rejected: a.rejected + b.rejected,
    failed: a.failed + b.failed,
  };
}
