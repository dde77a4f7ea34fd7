/** A circuit with everything around the call: bulkhead, admission, deadline, classification. */

import { Call, type CallContext } from './call.ts';
import type { Circuit, Ticket } from './circuit/circuit.ts';
import type { Host } from './circuit/host.ts';
import { type CircuitStatus, statusOf } from './circuit/status.ts';
import { TimeoutError } from './errors.ts';
import { Bulkhead } from './guard/bulkhead.ts';
import { failureName, isBreakable, retryAfterMs } from './guard/classify.ts';
import type { Deadlines, Lane } from './guard/deadline.ts';
import type { ResolvedOptions } from './options.ts';
import { Permit, type PermitVerdict } from './permit.ts';

/** What one call may bring along. */
export interface CallOptions {
  /** The caller's own abort: the call rejects with its reason at once and counts as neither success nor failure. */
  readonly signal?: AbortSignal;
}

/** Guards the calls to one dependency. Made by `Switchgear.breaker`. */
export class Breaker {
  readonly #host: Host;
  readonly #options: ResolvedOptions;
  readonly #circuit: Circuit;
  readonly #bulkhead: Bulkhead | undefined;
  readonly #release: (() => void) | undefined;
  /** Deadlines of calls; absent where there is no timeout. */
  readonly #lane: Lane | undefined;
  readonly #permitLane: Lane;
  readonly #awaitReports: boolean;

  /** @internal */
  constructor(
    host: Host,
    circuit: Circuit,
    options: ResolvedOptions,
    deadlines: Deadlines,
    { awaitReports, disabled }: { readonly awaitReports: boolean; readonly disabled: boolean },
  ) {
    this.#host = host;
    this.#circuit = circuit;
    this.#options = options;
    this.#awaitReports = awaitReports;
    this.#permitLane = deadlines.lane(options.leaseDuration);
    if (disabled) return;
    if (Number.isFinite(options.timeout)) this.#lane = deadlines.lane(options.timeout);
    if (Number.isFinite(options.maxConcurrent)) {
      const bulkhead = new Bulkhead(circuit.name, options, host.clock);
      this.#bulkhead = bulkhead;
      this.#release = () => bulkhead.leave();
    }
  }

  /** Name of the circuit. */
  get name(): string {
    return this.#circuit.name;
  }

  /** @internal The circuit as the registry refreshes it. */
  get circuit(): Circuit {
    return this.#circuit;
  }

  /** The settings in force, frozen. */
  get options(): ResolvedOptions {
    return this.#options;
  }

  /**
   * What this process knows of the circuit now. Reads memory only: no store call. As old as the snapshot, which is
   * refreshed by calls, once per `cacheTtl`.
   */
  get state(): CircuitStatus {
    return statusOf(this.#circuit, this.#host);
  }

  /**
   * Calls `fn` if the circuit admits it, and returns its result or throws its error, unchanged.
   *
   * A healthy call costs no store call. A failing one costs one report, behind the caller's back except in Lambda. The
   * first call of a process waits for one read, at most `storeTimeout`. Concurrent calls are independent.
   *
   * @throws CircuitOpenError (`CIRCUIT_OPEN`) if the circuit admits nothing: `fn` was not called.
   * @throws BulkheadFullError (`BULKHEAD_FULL`) if too many calls run and wait already: `fn` was not called.
   * @throws TimeoutError (`CALL_TIMEOUT`) after `timeout`: `fn` was called, its signal is aborted.
   */
  execute<T>(fn: (call: CallContext) => PromiseLike<T> | T, options?: CallOptions): Promise<T> {
    if (this.#bulkhead && !this.#bulkhead.tryEnter()) return this.#wait(fn, options);
    return this.#enter(fn, options?.signal);
  }

  /** The same function, guarded: same arguments, same `this`, same result. */
  wrap<This, Args extends unknown[], T>(
    fn: (this: This, ...args: Args) => PromiseLike<T> | T,
  ): (this: This, ...args: Args) => Promise<T> {
    const breaker = this;
    return function (this: This, ...args: Args) {
      return breaker.execute(() => fn.apply(this, args));
    };
  }

  /**
   * Admission without a function: for streams, batches and callbacks. Cost and errors as for `execute`; `timeout` does not
   * apply, the permit lapses after `leaseDuration`.
   */
  async acquire({ signal }: CallOptions = {}): Promise<Permit> {
    if (this.#bulkhead && !this.#bulkhead.tryEnter()) {
      this.#circuit.peek();
      await this.#bulkhead.enter(signal);
    }
    try {
      return this.#permit(await this.#circuit.admit());
    } catch (error) {
      this.#release?.();
      throw error;
    }
  }

  /**
   * Like `acquire`, at once: `undefined` where the answer would need the store (a cold start, a thaw, a probe) or the
   * bulkhead is full. What the store answers meanwhile serves the next attempt.
   */
  tryAcquire(): Permit | undefined {
    if (this.#bulkhead && !this.#bulkhead.tryEnter()) return undefined;
    let ticket: Ticket | null;
    try {
      ticket = this.#circuit.tryAdmit();
    } catch (error) {
      this.#release?.();
      throw error;
    }
    if (ticket !== null) return this.#permit(ticket);
    this.#release?.();
    return undefined;
  }

  // ── a call ───────────────────────────────────────────────────────────────────────────────────────────────────────

  async #wait<T>(fn: (call: CallContext) => PromiseLike<T> | T, options?: CallOptions): Promise<T> {
    // No use standing in line before a closed door.
    this.#circuit.peek();
    await this.#bulkhead?.enter(options?.signal);
    return this.#enter(fn, options?.signal);
  }

  #enter<T>(fn: (call: CallContext) => PromiseLike<T> | T, outer: AbortSignal | undefined): Promise<T> {
    let ticket: Ticket | Promise<Ticket>;
    try {
      ticket = this.#circuit.admit();
    } catch (error) {
      this.#release?.();
      return Promise.reject(error);
    }
    if (!(ticket instanceof Promise)) return this.#start(ticket, fn, outer);
    return ticket.then(
      (late) => this.#start(late, fn, outer),
      (error) => {
        this.#release?.();
        throw error;
      },
    );
  }

  #start<T>(
    ticket: Ticket,
    fn: (call: CallContext) => PromiseLike<T> | T,
    outer: AbortSignal | undefined,
  ): Promise<T> {
    const call = new Call(ticket, this.#release, outer);
    if (!this.#lane && !outer) return this.#run(call, fn);
    return new Promise((resolve, reject) => {
      const interrupt = (why: 'timeout' | 'abort') => {
        if (call.end()) void this.#interrupted(call, why, outer).then(reject);
      };
      call.watch(this.#lane, this.#host.clock.now(), interrupt);
      // The caller may have gone while the call stood in line or the store was asked.
      if (outer?.aborted) interrupt('abort');
      else this.#run(call, fn).then(resolve, reject);
    });
  }

  /** Runs `fn` and judges what comes of it, unless the call was interrupted before. */
  async #run<T>(call: Call, fn: (call: CallContext) => PromiseLike<T> | T): Promise<T> {
    const startMs = this.#timed ? this.#host.clock.now() : 0;
    let result: T;
    try {
      result = await fn(call);
    } catch (error) {
      if (call.end()) {
        const told = this.#judge(call.ticket, error, startMs);
        if (told && this.#awaitReports) await told;
      }
      throw error;
    }
    if (call.end()) {
      const { isFailure } = this.#options;
      const told = this.#returned(
        call.ticket,
        startMs,
        isFailure !== undefined && safely(isFailure, result, false),
      );
      if (told && this.#awaitReports) await told;
    }
    return result;
  }

  /** What follows from a deadline or a caller's abort; returns what the caller gets. */
  async #interrupted(call: Call, why: 'timeout' | 'abort', outer: AbortSignal | undefined): Promise<unknown> {
    const timeout = this.#options.timeout;
    const error = why === 'timeout' ? new TimeoutError(this.name, timeout) : outer?.reason;
    const slow = timeout >= this.#options.slowCallDuration;
    const told =
      why === 'timeout'
        ? this.#circuit.failed(call.ticket, { failed: true, slow, name: error.name })
        : this.#circuit.cancelled(call.ticket);
    call.abort(error);
    if (told && this.#awaitReports) await told;
    return error;
  }

  // ── verdicts ─────────────────────────────────────────────────────────────────────────────────────────────────────

  get #timed(): boolean {
    return this.#options.slowCallDuration !== Number.POSITIVE_INFINITY;
  }

  #slow(startMs: number): boolean {
    return this.#timed && this.#host.clock.now() - startMs >= this.#options.slowCallDuration;
  }

  #returned(ticket: Ticket, startMs: number, failed: boolean): Promise<void> | undefined {
    const slow = this.#slow(startMs);
    if (!failed && !slow) return this.#circuit.succeeded(ticket);
    return this.#circuit.failed(ticket, { failed, slow, name: failed ? 'failed result' : 'slow call' });
  }

  /** Counts what `fn` threw. */
  #judge(ticket: Ticket, error: unknown, startMs: number): Promise<void> | undefined {
    if (!safely(this.#options.isBreakable ?? isBreakable, error, true))
      return this.#circuit.cancelled(ticket);
    return this.#circuit.failed(ticket, {
      failed: true,
      slow: this.#slow(startMs),
      name: failureName(error),
      retryAfterMs: retryAfterMs(error, this.#host.clock.now()),
    });
  }

  // ── permits ──────────────────────────────────────────────────────────────────────────────────────────────────────

  #permit(ticket: Ticket): Permit {
    const startMs = this.#host.clock.now();
    return new Permit(this.#permitLane, startMs, (verdict) => {
      this.#release?.();
      return this.#settle(ticket, startMs, verdict);
    });
  }

  #settle(ticket: Ticket, startMs: number, verdict: PermitVerdict): Promise<void> | undefined {
    switch (verdict.kind) {
      case 'success':
        return this.#returned(ticket, startMs, false);
      case 'failure':
        return this.#judge(ticket, verdict.error, startMs);
      case 'cancel':
        return this.#circuit.cancelled(ticket);
    }
  }
}

/** A user's predicate that throws must not take the place of the caller's error. */
function safely<T>(predicate: (value: T) => boolean, value: T, otherwise: boolean): boolean {
  try {
    return predicate(value);
  } catch {
    return otherwise;
  }
}
