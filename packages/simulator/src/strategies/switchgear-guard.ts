import { type Breaker, CircuitOpenError, isSwitchgearError, type Permit, type Switchgear } from 'switchgear';
import type { Process } from '../engine/process.ts';
import type { Guard, Ticket } from './strategy.ts';

/** A process's breaker, asked for permits. */
export class SwitchgearGuard implements Guard {
  readonly gear: Switchgear;
  readonly breaker: Breaker;
  protected readonly process: Process;
  /** The next call is answered at once, as far as the last answer tells; until then and else, it may have to ask. */
  #promptFromMs = Number.POSITIVE_INFINITY;
  #promptUntilMs = Number.POSITIVE_INFINITY;

  constructor(process: Process, gear: Switchgear, breaker: Breaker) {
    this.process = process;
    this.gear = gear;
    this.breaker = breaker;
  }

  get state() {
    return this.breaker.state.state;
  }

  enter(): Ticket | undefined | Promise<Ticket | undefined | null> {
    const nowMs = this.process.now();
    const prompt = nowMs >= this.#promptFromMs && nowMs < this.#promptUntilMs;
    const answer = prompt ? this.breaker.admit() : this.breaker.acquire();
    if (answer instanceof Promise) return this.#answered(answer);
    return answer instanceof CircuitOpenError ? this.#refused(answer) : answer;
  }

  async #answered(asked: Promise<Permit>): Promise<Ticket | undefined> {
    this.process.engine.touch();
    try {
      const permit = await asked;
      this.#prompt(this.breaker.state.state === 'half-open' ? 0 : Number.POSITIVE_INFINITY);
      return permit;
    } catch (error) {
      return this.#refused(error);
    }
  }

  /** What the last answer told no longer holds. */
  changed(): void {
    this.#promptUntilMs = Number.NEGATIVE_INFINITY;
  }

  #refused(error: unknown): undefined {
    if (!isSwitchgearError(error)) throw error;
    this.#prompt(error instanceof CircuitOpenError ? error.retryAfterMs : 0);
  }

  #prompt(forMs: number): void {
    this.#promptFromMs = this.process.now();
    this.#promptUntilMs = this.#promptFromMs + forMs;
  }
}
