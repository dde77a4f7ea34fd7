import type { Distribution } from '../engine/distribution.ts';
import type { Engine } from '../engine/engine.ts';
import type { Process } from '../engine/process.ts';

/** How the dependency is at a time. */
export interface Condition {
  /** How long a call takes that does not stand in line, milliseconds. */
  readonly latencyMs: Distribution;
  /** Share of calls that fail, 0–1. */
  readonly failureRatio: number;
  /** Share of calls, 0–1, that end in an error which says nothing about it: a 404, say. Absent: none. */
  readonly ignoredRatio?: number;
  /** Calls per second that it can take; absent: any number. */
  readonly capacity?: number;
}

/** One scene of its script. */
export interface Phase {
  /** When it begins, from the start of the run. */
  readonly fromMs: number;
  readonly condition: Condition;
  /** How it is for the processes that `affects` leaves out; absent: the same for all. */
  readonly elsewhere?: Condition;
  /** Whom it concerns: one availability zone, one sick process. */
  affects?(process: Process): boolean;
}

/** Whether nobody's calls succeed. */
export function isDead({ condition, affects }: Phase): boolean {
  return condition.failureRatio === 1 && !affects;
}

/** A dependency that fails so many calls is not well, whoever asks. */
const DOWN_RATIO = 0.3;

/** Whether it fails many calls, of everybody. */
export function isDown({ condition, affects }: Phase): boolean {
  return condition.failureRatio >= DOWN_RATIO && !affects;
}

/** What a call met with. Reused: read it before the next call. */
export interface Service {
  latencyMs: number;
  outcome: Outcome;
}

/** How a call ended. */
export type Outcome = 'success' | 'failure' | 'ignored';

/**
 * The thing that the breakers protect. Where its capacity is limited it has one line of waiting work: calls beyond capacity
 * make the line grow, and work for callers who have given up is done all the same. That is how a recovering
 * service collapses again.
 */
export class Dependency {
  readonly #engine: Engine;
  readonly #script: readonly Phase[];
  readonly #service: Service = { latencyMs: 0, outcome: 'success' };
  #phase: Phase;
  #next = 1;
  /** Work in line, milliseconds, as of `#lineAtMs`. */
  #lineMs = 0;
  #lineAtMs = 0;

  /** @param script in the order of time; the first phase begins at 0. */
  constructor(engine: Engine, script: readonly Phase[]) {
    const [first] = script;
    if (first?.fromMs !== 0) throw new RangeError('the first phase of a script begins at 0');
    this.#engine = engine;
    this.#script = script;
    this.#phase = first;
  }

  /** What a call meets with that `process` makes now; `luck` and `fate` are uniform in [0, 1). */
  serve(process: Process, luck: number, fate: number): Service {
    const elapsedMs = this.#engine.elapsedMs;
    const { latencyMs, failureRatio, ignoredRatio = 0, capacity } = this.#conditionOf(process, elapsedMs);
    const service = this.#service;
    service.latencyMs = latencyMs.at(luck);
    service.outcome =
      fate < failureRatio ? 'failure' : fate < failureRatio + ignoredRatio ? 'ignored' : 'success';
    if (capacity !== undefined) service.latencyMs += this.#queue(elapsedMs, capacity);
    return service;
  }

  /** How long a call takes that comes at `elapsedMs`, not before now, goes well and stands in no line; `undefined` of another one. */
  wellMs(process: Process, luck: number, fate: number, elapsedMs: number): number | undefined {
    const { latencyMs, failureRatio, ignoredRatio = 0, capacity } = this.#conditionOf(process, elapsedMs);
    return capacity === undefined && fate >= failureRatio + ignoredRatio ? latencyMs.at(luck) : undefined;
  }

  #conditionOf(process: Process, elapsedMs: number): Condition {
    for (
      let next = this.#script[this.#next];
      next && next.fromMs <= elapsedMs;
      next = this.#script[++this.#next]
    )
      this.#phase = next;
    const { condition, elsewhere, affects } = this.#phase;
    return elsewhere && affects && !affects(process) ? elsewhere : condition;
  }

  /** Puts one call in line; how long it waits there. */
  #queue(elapsedMs: number, capacity: number): number {
    const waitMs = Math.max(0, this.#lineMs - (elapsedMs - this.#lineAtMs));
    this.#lineMs = waitMs + 1_000 / capacity;
    this.#lineAtMs = elapsedMs;
    return waitMs;
  }
}
