import { type Breaker, isSwitchgearError, type Switchgear } from 'switchgear';
import type { Process } from '../engine/process.ts';
import type { Ticket } from './strategy.ts';
import { SwitchgearGuard } from './switchgear-guard.ts';

/**
 * A process's breaker, given whole functions: with timeouts, a line of waiting calls, and shadow mode. Each call here is a
 * function that ends when the simulation says so; what its caller gets in the end must be its own.
 */
export class ExecutingGuard extends SwitchgearGuard {
  readonly #mixedUp: (what: string) => void;
  /** First to begin first: so they time out, being given the same time. */
  readonly #running = new Set<ExecutedCall>();
  /** The library has just said of a call that it would have refused it. */
  #wouldRefuse = false;

  constructor(process: Process, gear: Switchgear, breaker: Breaker, mixedUp: (what: string) => void) {
    super(process, gear, breaker);
    this.#mixedUp = mixedUp;
    gear.onCall(({ outcome, cause }) => {
      if (outcome === 'rejected') this.#wouldRefuse = breaker.options.mode === 'shadow';
      // Told before it is counted: whoever judges knows first.
      else if (outcome === 'failure' && isSwitchgearError(cause, 'CALL_TIMEOUT')) this.#expire();
    });
  }

  override enter(): Promise<Ticket | undefined | null> {
    this.process.engine.touch();
    return new Promise((resolve) => {
      const call = new ExecutedCall();
      const answer = this.breaker.execute(
        () =>
          new Promise<ExecutedCall>((ok, fail) => {
            this.#running.add(call);
            call.begin(ok, fail, !this.#wouldRefuse);
            this.#wouldRefuse = false;
            resolve(call);
          }),
      );
      call.heard = answer.then(
        (result) => this.#heard(call, result === call, 'another result'),
        (error: unknown) => {
          if (call.begun) this.#heard(call, call.owns(error), `another error, ${String(error)}`);
          else if (isSwitchgearError(error, 'BULKHEAD_FULL')) resolve(null);
          else if (isSwitchgearError(error, 'CIRCUIT_OPEN')) resolve(undefined);
          else this.#mixedUp(`a call that was not made failed with ${String(error)}`);
        },
      );
    });
  }

  #heard(call: ExecutedCall, own: boolean, what: string): void {
    this.#running.delete(call);
    if (!own) this.#mixedUp(`a caller got ${what}`);
  }

  #expire(): void {
    const first = [...this.#running].find(({ counted }) => counted);
    if (!first) {
      this.#mixedUp('a call timed out, and none was running');
      return;
    }
    this.#running.delete(first);
    first.expired = true;
    first.gaveUp?.();
  }
}

class ExecutedCall implements Ticket {
  heard: Promise<void> = Promise.resolve();
  gaveUp: (() => void) | undefined;
  counted = true;
  begun = false;
  expired = false;
  #ok: ((result: ExecutedCall) => void) | undefined;
  #fail: ((error: unknown) => void) | undefined;
  #error: unknown;

  begin(ok: (result: ExecutedCall) => void, fail: (error: unknown) => void, counted: boolean): void {
    this.#ok = ok;
    this.#fail = fail;
    this.counted = counted;
    this.begun = true;
  }

  /** Whether its caller may be thrown this. */
  owns(error: unknown): boolean {
    return isSwitchgearError(error, 'CALL_TIMEOUT') ? this.expired : error === this.#error;
  }

  success(): Promise<void> {
    this.#ok?.(this);
    return this.heard;
  }

  failure(error: unknown): Promise<void> {
    // One of its own: two calls that fail alike must not get each other's.
    this.#error = Object.assign(new Error('failed'), error);
    this.#fail?.(this.#error);
    return this.heard;
  }
}
