import { type Breaker, CircuitOpenError, type Permit, type Switchgear } from 'switchgear';
import type { Process } from '../engine/process.ts';
import type { Guard, Ticket } from './strategy.ts';

/** A process's breaker, asked for permits. */
export class SwitchgearGuard implements Guard {
  readonly gear: Switchgear;
  readonly breaker: Breaker;
  protected readonly process: Process;

  constructor(process: Process, gear: Switchgear, breaker: Breaker) {
    this.process = process;
    this.gear = gear;
    this.breaker = breaker;
  }

  get state() {
    return this.breaker.state.state;
  }

  enter(): Ticket | undefined | Promise<Ticket | undefined | null> {
    const answer = this.breaker.admit();
    if (answer instanceof Promise) return this.#answered(answer);
    return answer instanceof CircuitOpenError ? undefined : answer;
  }

  async #answered(asked: Promise<Permit>): Promise<Ticket | undefined> {
    this.process.engine.touch();
    try {
      return await asked;
    } catch (error) {
      if (error instanceof CircuitOpenError) return undefined;
      throw error;
    }
  }
}
