import type { Breaker, Switchgear } from 'switchgear';
import type { Process } from '../engine/process.ts';
import type { Ticket } from './strategy.ts';
import { SwitchgearGuard } from './switchgear-guard.ts';

type Decided = Parameters<Breaker['circuit']['succeeded']>[0];

/**
 * A process's breaker, asked for decisions: what `acquire` does, but for the permit around each call. Permits lapse, which no
 * call here lives to see, and measure calls: not for who counts slow ones, or waits for reports.
 */
export class LeanGuard extends SwitchgearGuard {
  /** What the latest call was admitted under. Ordinary ones share it for as long as an epoch lasts. */
  #latest: LeanTicket | undefined;
  readonly #circuit: Breaker['circuit'];
  /** When the calls end that were passed on and are not counted yet, of the era under which they were admitted. */
  #ends = new Float64Array(64);
  #passed = 0;
  #era: Decided;

  constructor(process: Process, gear: Switchgear, breaker: Breaker) {
    super(process, gear, breaker);
    this.#circuit = breaker.circuit;
    process.before = () => this.#count();
  }

  override enter(): ReturnType<SwitchgearGuard['enter']> {
    const answer = this.#circuit.decide();
    // The store has a word in it.
    if (answer === null) return super.enter();
    if (answer && 'retryAfterMs' in answer) return undefined;
    if (!this.#latest || this.#latest.decided !== answer)
      this.#latest = new LeanTicket(this.breaker, this.process.now(), answer);
    return this.#latest;
  }

  pass(atMs: number, endMs: number): boolean {
    const circuit = this.#circuit;
    if (!this.process.running || Math.floor(atMs + this.process.skewMs) >= circuit.calmUntilMs) return false;
    // Of an older era, what has not ended by now counts no more.
    if (this.#era !== circuit.era) this.#passed = 0;
    this.#era = circuit.era;
    if (this.#passed === this.#ends.length) this.#grow();
    this.#ends[this.#passed++] = endMs;
    return true;
  }

  /** Something is about to happen: what has ended before is counted now, as nothing could tell sooner. */
  #count(): void {
    const { nowMs } = this.process.engine;
    const ends = this.#ends;
    let left = 0;
    for (let i = 0; i < this.#passed; i++) {
      const endMs = ends[i] as number;
      if (endMs <= nowMs) this.#circuit.succeeded(this.#era);
      else ends[left++] = endMs;
    }
    this.#passed = left;
  }

  #grow(): void {
    const ends = new Float64Array(2 * this.#ends.length);
    ends.set(this.#ends);
    this.#ends = ends;
  }
}

class LeanTicket implements Ticket {
  readonly decided: Decided;
  readonly #breaker: Breaker;
  readonly #startMs: number;

  constructor(breaker: Breaker, startMs: number, decided: Decided) {
    this.decided = decided;
    this.#breaker = breaker;
    this.#startMs = startMs;
  }

  success(): Promise<void> | undefined {
    return this.#breaker.circuit.succeeded(this.decided);
  }

  failure(error: unknown): Promise<void> | undefined {
    return this.#breaker.threw(this.decided, error, this.#startMs);
  }
}
