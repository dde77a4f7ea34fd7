/** A circuit with everything around the call: bulkhead, admission, deadline, classification. */

import { type CallContext, type CallOptions, type CallOwner, InterruptibleCall, PlainCall } from './call.ts';
import type { Circuit } from './circuit/circuit.ts';
import type { CallOutcome } from './circuit/ended-call.ts';
import type { Host } from './circuit/host.ts';
import { type CircuitStatus, statusOf } from './circuit/status.ts';
import { type Answer, Rejected, type Ticket } from './circuit/ticket.ts';
import { BulkheadFullError, CircuitOpenError, TimeoutError } from './errors.ts';
import { Bulkhead } from './guard/bulkhead.ts';
import { failureName, isBreakable, retryAfterMs } from './guard/classify.ts';
import type { Lane } from './guard/deadline.ts';
import type { Guard } from './guard/guard.ts';
import { onAbort } from './guard/on-abort.ts';
import type { Surround } from './guards.ts';
import { FUNCTION, type ResolvedOptions, refusal } from './options.ts';
import { Permit, type PermitOwner } from './permit.ts';

/** Guards the calls to one dependency. Made by `Switchgear.breaker`. `Added` is what its own guards may answer beside the calls' results. */
export class Breaker<out Added = never> implements CallOwner, PermitOwner, Guard<Added> {
  declare readonly adds?: Added;
  readonly #host: Host;
  readonly #circuit: Circuit;
  readonly #bulkhead: Bulkhead | undefined;
  /** @internal Deadlines of calls; absent where there is no timeout. */
  readonly lane: Lane | undefined;
  /** The guards of the options, with this breaker's own call at its place between them. */
  readonly #guarded: Guard<unknown> | undefined;

  /** @internal */
  constructor(host: Host, circuit: Circuit, surround?: Surround) {
    this.#host = host;
    this.#circuit = circuit;
    const { code, mode } = circuit;
    if (mode === 'disabled') return;
    this.#guarded = surround?.(this, { execute: (fn, given) => this.#call(fn, given) });
    if (code.timeout !== Infinity) this.lane = host.deadlines.lane(code.timeout);
    if (code.maxConcurrent !== Infinity && mode === 'enforce')
      this.#bulkhead = new Bulkhead(circuit.name, code, host.clock);
  }

  /** @internal Whether calls go on, whatever is decided about them. */
  get shadow(): boolean {
    return this.#circuit.mode === 'shadow';
  }

  /** @internal */
  get heard(): boolean {
    return Boolean(this.#host.tellCall ?? this.#host.correlationId);
  }

  /** Name of the circuit. */
  get name(): string {
    return this.#circuit.name;
  }

  /** @internal The circuit as the registry refreshes it. */
  get circuit(): Circuit {
    return this.#circuit;
  }

  /** The settings in force, frozen: those of the code, and over them those that are stored with the circuit. */
  get options(): ResolvedOptions {
    return this.#circuit.policy;
  }

  /**
   * What this process knows of the circuit now. Reads memory only: no store call. As old as the snapshot, which is
   * refreshed by calls, once per `cacheTtl`.
   */
  get state(): CircuitStatus {
    return statusOf(this.#circuit, this.#host);
  }

  /**
   * Calls `fn` if the circuit admits it, and returns its result or throws its error, unchanged but for the breaker's `guards`.
   *
   * A healthy call costs no store call. A failing one costs one report, behind the caller's back except in Lambda. The
   * first call of a process waits for one read, at most `storeTimeout`. Concurrent calls are independent.
   *
   * @throws CircuitOpenError (`CIRCUIT_OPEN`) if the circuit admits nothing: `fn` was not called.
   * @throws BulkheadFullError (`BULKHEAD_FULL`) if too many calls run and wait already: `fn` was not called.
   * @throws TimeoutError (`CALL_TIMEOUT`) after `timeout`: `fn` was called, its signal is aborted. Until then the call keeps the process alive.
   * @throws TypeError for a signal that is none: `fn` was not called.
   */
  execute<T>(fn: (call: CallContext) => PromiseLike<T> | T, options?: CallOptions): Promise<T | Added> {
    return this.#guarded
      ? (this.#guarded.execute(fn, options) as Promise<T | Added>)
      : this.#call(fn, options);
  }

  #call<T>(fn: (call: CallContext) => PromiseLike<T> | T, options: CallOptions | undefined): Promise<T> {
    const outer = options?.signal;
    const answer = this.#atOnce(outer);
    if (answer === null) return this.#enter(fn, outer);
    if (answer instanceof Rejected)
      return Promise.reject(this.#rejected(new CircuitOpenError(this.name, answer)));
    return this.#start(answer, fn, outer, this.#circuit.usedMs);
  }

  /**
   * The same function, guarded: same arguments, same `this`, same result.
   * @param bring what a call with these arguments brings along: `(ip) => ({ key: ip })`.
   */
  wrap<This, Args extends unknown[], T>(
    fn: (this: This, ...args: Args) => PromiseLike<T> | T,
    bring?: (...args: Args) => CallOptions,
  ): (this: This, ...args: Args) => Promise<T | Added> {
    if (typeof fn !== 'function') throw new TypeError(refusal('fn', fn, FUNCTION));
    const breaker = this;
    return async function (this: This, ...args: Args) {
      return breaker.execute(() => fn.apply(this, args), bring?.(...args));
    };
  }

  /**
   * Admission without a function: for streams, batches and callbacks. Cost and errors as for `execute`; `timeout` and `guards` do not
   * apply, the permit lapses after `leaseDuration`; until then it does not keep the process alive.
   */
  async acquire(options?: CallOptions): Promise<Permit> {
    const answer = this.admit(options);
    if (answer instanceof CircuitOpenError) throw answer;
    return answer;
  }

  /**
   * Like `acquire`, with no promise and no throw where the answer is at hand: a permit, or the error that `acquire` would throw.
   * A promise, as of `acquire`, only where the store has a word in it (a cold start, a thaw, a probe) or the bulkhead is full.
   */
  admit(options?: CallOptions): Permit | CircuitOpenError | Promise<Permit> {
    const signal = options?.signal;
    const answer = this.#atOnce(signal);
    if (answer === null) return this.#admitted(signal).then((ticket) => this.#permit(ticket));
    if (answer instanceof Rejected) return this.#rejected(new CircuitOpenError(this.name, answer));
    return this.#permit(answer);
  }

  // ── a call ───────────────────────────────────────────────────────────────────────────────────────────────────────

  /** A ticket and its place, or the rejection; `null` where the store or a place in line is to be waited for. */
  #atOnce(outer: AbortSignal | undefined): Answer | null {
    // What is no signal has no word for that, and gets one below.
    if (this.#bulkhead?.full || (outer && outer.aborted !== false)) return null;
    const answer = this.#circuit.decide();
    if (answer !== null && !(answer instanceof Rejected)) this.#bulkhead?.tryEnter();
    return answer;
  }

  async #enter<T>(fn: (call: CallContext) => PromiseLike<T> | T, outer: AbortSignal | undefined): Promise<T> {
    const ticket = await this.#admitted(outer);
    return this.#start(ticket, fn, outer, this.#host.clock.now());
  }

  /** A place and a ticket. Where it rejects, nothing is held. */
  async #admitted(outer: AbortSignal | undefined): Promise<Ticket> {
    const { clock } = this.#host;
    // Before anything is taken that a throw on the way would keep.
    if (outer && !outer.throwIfAborted) throw new TypeError('signal is not an AbortSignal');
    let placed = false;
    try {
      outer?.throwIfAborted();
      let waitedMs = 0;
      if (this.#bulkhead) {
        // Who waits for the store holds no place: others would be refused for want of it.
        const askedMs = clock.now();
        const ready = this.#circuit.ready();
        if (ready) await unlessAborted(ready, outer);
        waitedMs = clock.now() - askedMs;
        if (!this.#bulkhead.tryEnter()) {
          // No use standing in line before a closed door.
          const rejection = this.#circuit.peek();
          if (rejection) throw this.#rejected(new CircuitOpenError(this.name, rejection));
          await this.#bulkhead.enter(outer);
        }
        placed = true;
        // Before a lease is taken for nothing.
        outer?.throwIfAborted();
      }
      let answer = this.#circuit.decide();
      if (answer === null)
        // What the store grants to a caller who has gone is given back once it comes.
        answer = await unlessAborted(
          this.#circuit.ask(waitedMs),
          outer,
          (late) => void this.#circuit.cancelled(late),
        );
      if (answer instanceof Rejected) throw this.#rejected(new CircuitOpenError(this.name, answer));
      return answer;
    } catch (error) {
      if (placed) this.ended();
      if (!(error instanceof CircuitOpenError))
        this.#tell(error instanceof BulkheadFullError ? 'bulkhead-full' : 'ignored', error);
      throw error;
    }
  }

  #start<T>(
    ticket: Ticket,
    fn: (call: CallContext) => PromiseLike<T> | T,
    outer: AbortSignal | undefined,
    startMs: number,
  ): Promise<T> {
    if (ticket === undefined) this.#tell('rejected');
    return this.lane || outer
      ? InterruptibleCall.run(this, ticket, fn, outer, startMs)
      : this.#run(ticket, fn, startMs);
  }

  async #run<T>(ticket: Ticket, fn: (call: CallContext) => PromiseLike<T> | T, startMs: number): Promise<T> {
    let result: T;
    try {
      result = await fn(new PlainCall());
    } catch (error) {
      this.ended();
      const told = this.threw(ticket, error, startMs);
      if (told) await told;
      throw error;
    }
    this.ended();
    const told =
      this.#timed || this.#circuit.code.isFailure || this.#host.tellCall
        ? this.returned(ticket, result, startMs)
        : this.#circuit.succeeded(ticket);
    if (told) await this.#awaited(told, startMs);
    return result;
  }

  // ── verdicts ─────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Whether the length of a call matters: it may begin to, by a stored policy. */
  get #timed(): boolean {
    return this.options.slowCallDuration !== Infinity;
  }

  #slow(startMs: number): boolean {
    return this.#timed && this.#host.clock.now() - startMs >= this.options.slowCallDuration;
  }

  /** @internal */
  returned(ticket: Ticket, result: unknown, startMs: number): Promise<void> | undefined {
    const { isFailure } = this.#circuit.code;
    if (!isFailure || !safely(isFailure, result, false)) return this.succeeded(ticket, startMs);
    const name = failureName(result);
    // Only a status is a word about the failure; a result's `name` may be a customer's.
    return this.#failed(ticket, result, name.startsWith('HTTP ') ? name : 'failed result', startMs);
  }

  /** @internal */
  succeeded(ticket: Ticket, startMs: number): Promise<void> | undefined {
    const slow = this.#slow(startMs);
    if (ticket !== undefined) this.#tell(slow ? 'slow' : 'success');
    const told = slow
      ? this.#circuit.failed(ticket, { failed: false, slow: true, name: 'slow call' })
      : this.#circuit.succeeded(ticket);
    return this.#awaited(told, startMs);
  }

  /** `cause`: the error or the result, which may say when to come again. */
  #failed(ticket: Ticket, cause: unknown, name: string, startMs: number): Promise<void> | undefined {
    if (ticket !== undefined) this.#tell('failure', cause);
    const failure = {
      failed: true,
      slow: this.#slow(startMs),
      name,
      retryAfterMs: retryAfterMs(cause, this.#host.clock.now()),
    };
    return this.#awaited(this.#circuit.failed(ticket, failure), startMs);
  }

  /** @internal */
  threw(ticket: Ticket, error: unknown, startMs: number): Promise<void> | undefined {
    if (!safely(this.#circuit.code.isBreakable ?? isBreakable, error, true))
      return this.cancelled(ticket, error);
    return this.#failed(ticket, error, failureName(error), startMs);
  }

  /** @internal */
  cancelled(ticket: Ticket, cause?: unknown): Promise<void> | undefined {
    if (ticket !== undefined) this.#tell('ignored', cause);
    return this.#awaited(this.#circuit.cancelled(ticket), this.#host.clock.now());
  }

  /** @internal */
  ended(): void {
    this.#bulkhead?.leave();
  }

  /** @internal */
  timeoutError(): TimeoutError {
    return new TimeoutError(this.name, this.#circuit.code.timeout);
  }

  /**
   * What a caller waits for: nothing, except where the process may be frozen once the caller has its answer. A call has one
   * budget: if the store has failed it since it asked for admission, at most that long before `startMs`, it waits no more.
   */
  #awaited(told: Promise<void> | undefined, startMs: number): Promise<void> | undefined {
    const { clock, guard, awaitReports } = this.#host;
    if (!told || !awaitReports) return undefined;
    if (guard.failedWithin(clock.now() - startMs + guard.budgetMs)) return undefined;
    return guard.within(told, () => {});
  }

  // ── telling ──────────────────────────────────────────────────────────────────────────────────────────────────────

  /** A call that only shadow mode let through, or has counted as timed out already, has no ticket: it was told before. */
  #tell(outcome: CallOutcome, cause?: unknown): void {
    this.#host.tellCall?.({ circuit: this.name, outcome, ...(cause !== undefined && { cause }) });
  }

  /** `error` was made as near to its caller as may be: the stack is the caller's, and frames of ours in it are most of what it costs. */
  #rejected(error: CircuitOpenError): CircuitOpenError {
    this.#tell('rejected', error);
    return error;
  }

  // ── permits ──────────────────────────────────────────────────────────────────────────────────────────────────────

  #permit(ticket: Ticket): Permit {
    if (ticket === undefined) this.#tell('rejected');
    const lane = this.#host.deadlines.lane(this.options.leaseDuration, true);
    return new Permit(this, lane, ticket, this.#host.clock.now());
  }
}

/** `work`, unless the caller goes first: then `late` gets what came of it. */
function unlessAborted<T>(
  work: Promise<T>,
  outer: AbortSignal | undefined,
  late?: (value: T) => void,
): Promise<T> {
  if (!outer) return work;
  return new Promise((resolve, reject) => {
    const abort = () => reject(outer.reason);
    const forget = onAbort(outer, abort);
    void work
      .then((value) => {
        if (!outer.aborted) return resolve(value);
        late?.(value);
        abort();
      })
      .catch(reject)
      .then(forget);
  });
}

/** A user's predicate that throws must not take the place of the caller's error. */
function safely<T>(predicate: (value: T) => boolean, value: T, otherwise: boolean): boolean {
  try {
    return predicate(value);
  } catch {
    return otherwise;
  }
}
