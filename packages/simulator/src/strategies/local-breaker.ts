import type { Process } from '../engine/process.ts';
import type { Guard, Strategy, Ticket } from './strategy.ts';

/** When a breaker that knows one process trips. */
export type LocalRule =
  | { readonly trips: 'consecutive'; readonly failures: number }
  | {
      readonly trips: 'ratio';
      readonly ratio: number;
      readonly minCalls: number;
      readonly windowMs: number;
    };

/** A ring of this many buckets makes the window, as in opossum (`rollingCountBuckets`). */
const BUCKETS = 10;

/**
 * A breaker per process that knows nothing of the others. `consecutive` is cockatiel's `ConsecutiveBreaker`
 * (src/breaker/ConsecutiveBreaker.ts); `ratio` is opossum's rolling window with `errorThresholdPercentage` and
 * `volumeThreshold` (lib/circuit.js, lib/status.js). Both let one call through after `resetTimeoutMs`, and close or
 * re-open by its result.
 */
export class LocalBreakers implements Strategy {
  readonly name: string;
  readonly #rule: LocalRule;
  readonly #resetTimeoutMs: number;

  constructor(rule: LocalRule, resetTimeoutMs: number) {
    this.name = `per process, ${rule.trips}`;
    this.#rule = rule;
    this.#resetTimeoutMs = resetTimeoutMs;
  }

  guard(process: Process): Guard {
    return new LocalBreaker(process, this.#rule, this.#resetTimeoutMs);
  }
}

/** Also the local verdict of strategies that share it. */
export class LocalBreaker implements Guard, Ticket {
  readonly #process: Process;
  readonly #rule: LocalRule;
  readonly #resetTimeoutMs: number;
  readonly #probe: Ticket = { success: () => this.#close(), failure: () => this.trip() };
  /** By slot: calls and failures. */
  readonly #buckets = Array.from({ length: BUCKETS }, () => ({ slot: -1, calls: 0, failures: 0 }));
  #streak = 0;
  #openUntilMs: number | undefined;
  #probing = false;

  constructor(process: Process, rule: LocalRule, resetTimeoutMs: number) {
    this.#process = process;
    this.#rule = rule;
    this.#resetTimeoutMs = resetTimeoutMs;
  }

  get state() {
    if (this.#openUntilMs === undefined) return 'closed';
    return this.#probing ? 'half-open' : 'open';
  }

  enter(): Ticket | undefined {
    if (this.#openUntilMs === undefined) return this;
    if (this.#probing || this.#process.now() < this.#openUntilMs) return undefined;
    this.#probing = true;
    return this.#probe;
  }

  success(): void {
    this.#streak = 0;
    if (this.#rule.trips === 'ratio') this.#bucket(this.#rule.windowMs).calls++;
  }

  /** Counts; a call that began before the trip counts when it ends, as in both models. */
  failure(): void {
    if (this.counts() && this.#openUntilMs === undefined) this.trip();
  }

  /** Counts a failure; whether the rule is met. */
  counts(): boolean {
    const rule = this.#rule;
    this.#streak++;
    if (rule.trips === 'consecutive') return this.#streak >= rule.failures;
    const now = this.#bucket(rule.windowMs);
    now.calls++;
    now.failures++;
    let calls = 0;
    let failures = 0;
    for (const bucket of this.#buckets)
      if (bucket.slot > now.slot - BUCKETS) {
        calls += bucket.calls;
        failures += bucket.failures;
      }
    return calls >= rule.minCalls && failures / calls >= rule.ratio;
  }

  trip(): void {
    this.#probing = false;
    this.#openUntilMs = this.#process.now() + this.#resetTimeoutMs;
  }

  #close(): void {
    this.#probing = false;
    this.#openUntilMs = undefined;
    this.forget();
  }

  /** What was counted belongs to an outage that is over. */
  forget(): void {
    this.#streak = 0;
    for (const bucket of this.#buckets) bucket.slot = -1;
  }

  #bucket(windowMs: number) {
    const slot = Math.floor((this.#process.now() * BUCKETS) / windowMs);
    const bucket = this.#buckets[slot % BUCKETS] as { slot: number; calls: number; failures: number };
    if (bucket.slot !== slot) Object.assign(bucket, { slot, calls: 0, failures: 0 });
    return bucket;
  }
}
