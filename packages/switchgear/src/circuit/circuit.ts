/**
 * One circuit as one process sees it: a snapshot of the fleet's record, the evidence of its own, and the local circuit
 * that protects it while the fleet cannot. Knows nothing of functions, promises of callers or time limits.
 *
 *            admit() ──► Era      an ordinary call; its result counts while that era is the present one
 *                    ──► Probe    one call on a lease
 *                    ──► (throws CircuitOpenError)
 *   then exactly one of  succeeded(ticket) · failed(ticket, failure) · cancelled(ticket)
 */

import type { ProbeVerdict } from '../core/apply.ts';
import { type Policy, windowOf } from '../core/policy.ts';
import {
  type CircuitRecord,
  type HalfOpenRecord,
  type Head,
  type Lease,
  overrideActive,
  overrideUnsettled,
  rootRecord,
  sameEpoch,
} from '../core/record.ts';
import { closed, halfOpened, leaseFor, type Mover, reopened, tripped } from '../core/transitions.ts';
import { type Admission, admission, due } from '../core/verdict.ts';
import { CircuitOpenError, type RejectingState } from '../errors.ts';
import type { WriteAnswer } from '../store/contract.ts';
import { Era } from './era.ts';
import type { Host } from './host.ts';
import { LocalCircuit } from './local-circuit.ts';
import { overrideChange, type StateChange, transitionChange } from './state-change.ts';

/** The ticket of a call that probes. */
export class Probe {
  /** Record of the half-open epoch that the lease belongs to; absent for a probe of the local circuit. */
  readonly base: CircuitRecord | undefined;
  readonly slot: number;
  readonly lease: Lease;

  constructor(base: CircuitRecord | undefined, slot: number, lease: Lease) {
    this.base = base;
    this.slot = slot;
    this.lease = lease;
  }
}

/** What a call was admitted under; `undefined` for one that only shadow mode let through, which counts nowhere. */
export type Ticket = Era | Probe | undefined;

/** `shadow` decides everything and rejects nothing; `disabled` admits everything and looks at nothing. */
export type CircuitMode = 'enforce' | 'shadow' | 'disabled';

/** How a call went wrong. */
export interface Failure {
  /** Threw or was judged a failure; false: it was only slow. */
  readonly failed: boolean;
  readonly slow: boolean;
  /** Name or code for the record, never a message. */
  readonly name?: string;
  readonly retryAfterMs?: number | undefined;
}

export class Circuit {
  readonly name: string;
  readonly policy: Policy;
  readonly mode: CircuitMode;
  readonly #host: Host;

  #record: CircuitRecord | undefined;
  /** When the request that brought `#record` was sent: knowledge is as old as its question. */
  #readMs = Number.NEGATIVE_INFINITY;
  /** When `#record` came. */
  #heardMs = Number.NEGATIVE_INFINITY;
  #local: LocalCircuit | undefined;
  #era: Era;
  #lastFailure: (Failure & { readonly atMs: number }) | undefined;

  /** From `#calmFromMs` until `#calmUntilMs` by the local clock every call is admitted with no further look. */
  #calmFromMs = 0;
  #calmUntilMs = 0;
  /** When the latest call came. */
  #usedMs = Number.NEGATIVE_INFINITY;

  #loading: Promise<void> | undefined;
  #sending: Promise<void> | undefined;
  #moving: Promise<void> | undefined;
  /** Failures came while a report was under way: it is followed by another. */
  #moreToSend = false;
  #leasing = false;
  /** A lease or transition was asked for and the store said nothing since: a call does not ask again, a refresh may. */
  #unanswered = false;
  /** Ids of leases that this process asked for and does not use yet: the grant came late, or its reply was lost. */
  readonly #wanted = new Set<string>();
  /** Transitions of this process whose fate is not known yet, by epoch id: they are announced once, when it is. */
  readonly #mine = new Map<string, Head>();
  /** Verdicts and cancels under way, for `settled`. */
  readonly #verdicts = new Set<Promise<void>>();

  constructor(name: string, policy: Policy, host: Host, mode: CircuitMode = 'enforce') {
    this.name = name;
    this.policy = policy;
    this.#host = host;
    this.mode = mode;
    this.#era = new Era(policy, windowOf(policy));
    if (mode === 'disabled') {
      this.#calmFromMs = Number.NEGATIVE_INFINITY;
      this.#calmUntilMs = Number.POSITIVE_INFINITY;
    }
  }

  /** The snapshot, if there is one. */
  get record(): CircuitRecord | undefined {
    return this.#record;
  }

  /** The circuit that this process runs by itself, if it does. */
  get local(): CircuitRecord | undefined {
    return this.#local?.record;
  }

  get usedMs(): number {
    return this.#usedMs;
  }

  /**
   * Asks for admission: a ticket, at once wherever the answer needs no store; a promise for a cold start, a thaw or a
   * probe. Throws (or rejects with) `CircuitOpenError`.
   */
  admit(): Ticket | Promise<Ticket> {
    return this.calm() ?? this.#consider(this.#usedMs);
  }

  /** The ticket of a call that may go with no further look, or `undefined`: then `admit` says. */
  calm(): Era | undefined {
    const now = this.#host.clock.now();
    this.#usedMs = now;
    return now < this.#calmUntilMs && now >= this.#calmFromMs ? this.#era : undefined;
  }

  /** Like `admit`, but `null` where the answer would need the store. */
  tryAdmit(): Ticket | null {
    const ticket = this.admit();
    if (!(ticket instanceof Promise)) return ticket;
    ticket.then(
      (late) => this.#park(late),
      () => {},
    );
    return null;
  }

  /** Throws what `admit` would throw, where that is certain without asking the store; takes nothing. */
  peek(): void {
    const nowMs = this.#now();
    const record = this.#record;
    if (this.#local && !(record && overrideActive(record, nowMs))) {
      const verdict = this.#local.admission(nowMs);
      if (verdict.admits === 'none') this.#reject('local-open', verdict.untilMs - nowMs);
    } else if (record) {
      const verdict = admission(record, nowMs);
      if (verdict.admits === 'none') this.#rejectUntil(verdict.untilMs, nowMs);
    }
  }

  succeeded(ticket: Ticket): Promise<void> | undefined {
    if (ticket === this.#era) {
      this.#era.success();
      return undefined;
    }
    return ticket instanceof Probe ? this.#verdict(ticket, 'success') : undefined;
  }

  /** A call that failed or was slow. The promise settles when the store has it, within its budget. */
  failed(ticket: Ticket, failure: Failure): Promise<void> | undefined {
    if (this.mode === 'disabled' || ticket === undefined) return undefined;
    if (ticket !== this.#era && !(ticket instanceof Probe)) return undefined;
    this.#lastFailure = { ...failure, atMs: this.#now() };
    if (ticket instanceof Probe) return this.#verdict(ticket, 'failure');
    this.#turn();
    this.#era.bad(failure.failed, failure.slow);
    return this.#protect();
  }

  /** The call gave no verdict: ignored error, caller's abort, never started. */
  cancelled(ticket: Ticket): Promise<void> | undefined {
    return ticket instanceof Probe ? this.#verdict(ticket, 'cancel') : undefined;
  }

  /** Settles when nothing of this circuit is under way to the store; each call within the store's budget. */
  async settled(): Promise<void> {
    for (;;) {
      const busy = [this.#loading, this.#sending, this.#moving, ...this.#verdicts].filter(Boolean);
      if (busy.length === 0) return;
      await Promise.all(busy);
    }
  }

  /** The record that stands for this circuit where the store has none. */
  root(): CircuitRecord {
    return rootRecord(this.name, windowOf(this.policy));
  }

  /**
   * Takes an answer of the store. `sure`: it cannot be an old one (a write's answer, a consistent read). False where
   * the answer contradicts what is known and needs a consistent read before it is believed.
   */
  adopt(record: CircuitRecord, sentMs: number, sure: boolean): boolean {
    const known = this.#record;
    const now = this.#host.clock.now();
    // The clock was set back: when the known one was read is not known any more.
    if (this.#heardMs > now) this.#heardMs = this.#readMs = Number.NEGATIVE_INFINITY;
    if (known && regresses(record, known)) {
      // Asked before, or together with, what is known: in doubt the known one is the newer.
      if (sentMs <= this.#readMs) return true;
      // Asked while the known one was under way: which of the two the store did first is open.
      if (!sure || sentMs < this.#heardMs) return false;
    } else if (known && sentMs < this.#readMs && !sure && sameEpoch(record.epoch, known.epoch)) return true;
    this.#record = record;
    this.#unanswered = false;
    this.#readMs = Math.max(Math.min(sentMs, now), this.#readMs);
    this.#heardMs = now;
    this.#calmUntilMs = 0;
    if (!known || !sameEpoch(record.epoch, known.epoch)) this.#enter(record, known);
    else if (this.#local?.standIn) this.#leaveLocal();
    this.#reconcile(record);
    const override = record.override;
    if (known && override && override.version !== known.override?.version)
      this.#host.emit(overrideChange(known, record, override, this.#now()));
    this.#pursue();
    return true;
  }

  // ── admission ────────────────────────────────────────────────────────────────────────────────────────────────────

  #consider(now: number): Ticket | Promise<Ticket> {
    if (this.mode === 'disabled') return this.#era;
    const refreshMs = this.#host.refresh(now);
    const away = this.#host.guard.failedWithin(this.#host.maxStale);
    const ticket =
      this.#stale(now) && !away ? this.#load().then(() => this.#judge(refreshMs)) : this.#judge(refreshMs);
    return ticket instanceof Promise ? this.#inTime(ticket) : ticket;
  }

  /** What takes the store too long is decided without it; a probe that comes late waits for the next call. */
  #inTime(ticket: Promise<Ticket>): Promise<Ticket> {
    return this.#host.guard.within(ticket, () => {
      ticket.then(
        (late) => this.#park(late),
        () => {},
      );
      const record = this.#record;
      const nowMs = this.#now();
      if (this.#local && !(record && overrideActive(record, nowMs)))
        return this.#judgeLocal(this.#local, nowMs);
      const verdict = record && admission(record, nowMs);
      if (!verdict || verdict.admits === 'all' || verdict.admits === 'share') return this.#era;
      return this.#rejectUntil(verdict.admits === 'none' ? verdict.untilMs : nowMs, nowMs);
    });
  }

  #park(ticket: Ticket): void {
    if (!(ticket instanceof Probe)) return;
    if (ticket.base) this.#wanted.add(ticket.lease.id);
    else void this.cancelled(ticket);
  }

  #stale(now: number): boolean {
    const age = now - this.#readMs;
    // Negative: the clock was set back, and nothing is known about the age.
    return !(age >= 0 && age < this.#host.maxStale);
  }

  /** The snapshot is too old and the store does not answer: the process is on its own. */
  #alone(): boolean {
    return this.#stale(this.#host.clock.now()) && this.#host.guard.failedWithin(this.#host.maxStale);
  }

  #judge(refreshMs: number): Ticket | Promise<Ticket> {
    const nowMs = this.#now();
    const record = this.#record;
    const overruled = record !== undefined && overrideActive(record, nowMs);
    if (this.#local && !overruled) return this.#judgeLocal(this.#local, nowMs);
    const verdict = record ? admission(record, nowMs) : ({ admits: 'all' } as const);
    switch (verdict.admits) {
      case 'all':
        this.#beCalm(refreshMs);
        return this.#era;
      case 'share':
        this.#turn();
        return this.#host.random() < verdict.share ? this.#era : this.#reject('ramp', 0);
      case 'none':
        return this.#granted(nowMs) ?? this.#rejectUntil(verdict.untilMs, nowMs);
      case 'probe':
        if (this.#alone()) {
          this.#local = LocalCircuit.standIn(record as CircuitRecord, this.policy);
          return this.#judgeLocal(this.#local, nowMs);
        }
        // A verdict that calls for a transition ends the probing, although its slot is free.
        if (
          this.#leasing ||
          this.#unanswered ||
          this.#moving ||
          due(record as CircuitRecord, this.policy, nowMs)
        ) {
          if (!this.#unanswered) this.#pursue();
          return this.#rejectUntil(nowMs, nowMs);
        }
        return this.#probe(verdict);
    }
  }

  #judgeLocal(local: LocalCircuit, nowMs: number): Ticket {
    const verdict = local.admission(nowMs);
    switch (verdict.admits) {
      case 'none':
        return this.#reject('local-open', verdict.untilMs - nowMs);
      case 'probe': {
        const { slot, lease } = local.lease(verdict, this.#mover(nowMs));
        return new Probe(undefined, slot, lease);
      }
      default:
        this.#turn();
        return this.#era;
    }
  }

  /** No further look until the next refresh, the end of the bucket, or an override's. */
  #beCalm(refreshMs: number): void {
    const now = this.#host.clock.now();
    const ends = this.#record?.override?.untilMs;
    const overrideMs = ends === undefined ? Number.POSITIVE_INFINITY : now + ends - this.#now();
    const fresh = this.#stale(now) ? Number.POSITIVE_INFINITY : this.#readMs + this.#host.maxStale;
    this.#calmFromMs = now;
    this.#calmUntilMs = Math.min(
      refreshMs,
      fresh,
      this.#turn(),
      overrideMs > now ? overrideMs : Number.POSITIVE_INFINITY,
    );
  }

  /** The lease that this process asked for, if the record shows it granted and time is left on it. */
  #granted(nowMs: number): Probe | undefined {
    const record = this.#record;
    if (record?.state !== 'half-open' || overrideActive(record, nowMs)) return undefined;
    for (const [slot, lease] of record.leases.entries())
      if (lease && nowMs < lease.untilMs && this.#wanted.delete(lease.id))
        return new Probe(record, slot, lease);
    return undefined;
  }

  async #probe(offer: Admission & { admits: 'probe' }): Promise<Ticket> {
    this.#leasing = true;
    try {
      let verdict: Admission = offer;
      // All processes see the deadline pass at once. Reading first costs a read; a failed condition costs a write.
      if (this.#readMs + this.#clockAhead() < offer.freeSinceMs) {
        await this.#load();
        verdict = admission(this.#record as CircuitRecord, this.#now());
      }
      const knowing = this.#readMs + this.#clockAhead() >= offer.freeSinceMs;
      if (verdict.admits === 'probe' && knowing) {
        const probe = await this.#lease(verdict);
        if (probe) return probe;
      }
    } finally {
      this.#leasing = false;
    }
    const nowMs = this.#now();
    const after = admission(this.#record as CircuitRecord, nowMs);
    if (after.admits === 'all' || after.admits === 'share')
      return this.#judge(this.#host.refresh(this.#host.clock.now()));
    return this.#rejectUntil(after.admits === 'none' ? after.untilMs : nowMs, nowMs);
  }

  async #lease(offer: Admission & { admits: 'probe' }): Promise<Probe | undefined> {
    const base = this.#record as CircuitRecord;
    const mover = this.#mover(this.#now());
    this.#wanted.add(mover.id);
    if (offer.slot === undefined) await this.#move(halfOpened(base, this.policy, mover));
    else {
      const slot = offer.slot;
      const lease = leaseFor((base as HalfOpenRecord).leaseMs, mover);
      this.#unanswered = true;
      await this.#write('lease', (store) => store.lease(base, slot, lease));
    }
    // The lease is in the record if it was granted; if it lapsed on the way, it is no longer worth anything.
    return this.#granted(this.#now());
  }

  #reject(state: RejectingState, retryAfterMs: number): undefined {
    if (this.mode === 'shadow') return undefined;
    throw new CircuitOpenError(
      this.name,
      state,
      Math.max(0, retryAfterMs),
      (this.#local?.record ?? this.#record)?.transition?.lastFailure,
    );
  }

  #rejectUntil(untilMs: number, nowMs: number): undefined {
    const record = this.#record as CircuitRecord;
    const forced = overrideActive(record, nowMs) || overrideUnsettled(record, nowMs);
    const state = forced ? 'forced-open' : record.state === 'half-open' ? 'half-open' : 'open';
    return this.#reject(state, untilMs - nowMs);
  }

  // ── evidence ─────────────────────────────────────────────────────────────────────────────────────────────────────

  /** After bad news of its own: opens locally and for the fleet if they suffice, else reports. */
  #protect(): Promise<void> | undefined {
    const record = this.#record;
    const nowMs = this.#now();
    const reason = this.#era.tripReason();
    const base = this.#local?.record ?? record ?? this.root();
    if (reason && !this.#held(base, nowMs)) {
      // At once, not when the store has answered: until then, and if it never does, this process is protected.
      const local = LocalCircuit.trip(base, this.policy, this.#mover(nowMs), reason, this.#era.total());
      this.#local = local;
      this.#calmUntilMs = 0;
      this.#pursue();
      if (!this.#moving) this.#emitLocal();
      else
        return this.#moving.then(() => {
          if (this.#local === local) this.#emitLocal();
        });
    }
    // A transition under way makes this evidence moot if it wins; if it fails, the next failure carries it.
    return this.#moving ?? (record && this.#report());
  }

  /** Whether an operator's word, or a state other than closed, keeps evidence from tripping the circuit. */
  #held(record: CircuitRecord, nowMs: number): boolean {
    return record.state !== 'closed' || overrideActive(record, nowMs) || overrideUnsettled(record, nowMs);
  }

  /** Sends what is unsent. One report is under way at a time; what comes meanwhile goes with the next. */
  #report(): Promise<void> {
    this.#moreToSend = true;
    this.#sending ??= this.#sendAll();
    return this.#sending;
  }

  async #sendAll(): Promise<void> {
    // Once more only for failures that came meanwhile: successes ride on the next failure.
    while (this.#moreToSend) {
      this.#moreToSend = false;
      const base = this.#record;
      const evidence = base && this.#era.takeUnsent();
      if (evidence) await this.#write('report', (store) => store.report(base, evidence));
      // What the answer has brought about belongs to it: in Lambda the caller waits for both.
      await this.#moving;
    }
    // In the same breath as the last look: a failure that comes later starts anew.
    this.#sending = undefined;
  }

  #verdict(probe: Probe, verdict: ProbeVerdict): Promise<void> | undefined {
    const { base, slot, lease } = probe;
    const nowMs = this.#now();
    if (!base) {
      this.#settleLocal(slot, lease.id, verdict, nowMs);
      return undefined;
    }
    // Too late, or a newer epoch: the store would refuse it.
    if (nowMs >= lease.untilMs || !this.#record || !sameEpoch(base.epoch, this.#record.epoch))
      return undefined;
    const sent = this.#write('settle', (store) =>
      store.settle(base, { leaseId: lease.id, slot, verdict }),
    ).then(() => this.#moving);
    this.#verdicts.add(sent);
    return sent.finally(() => this.#verdicts.delete(sent));
  }

  #settleLocal(slot: number, leaseId: string, verdict: ProbeVerdict, nowMs: number): void {
    const local = this.#local;
    if (!local?.settle(slot, leaseId, verdict, this.#mover(nowMs))) return;
    this.#emitLocal();
    // What was counted before belongs to the outage that just ended.
    this.#era = new Era(this.policy, this.#record ?? windowOf(this.policy));
    if (local.record.state === 'closed' && !local.standIn) this.#local = undefined;
  }

  // ── transitions ──────────────────────────────────────────────────────────────────────────────────────────────────

  /** Commits what the latest answer, or the own evidence, leaves to be done. */
  #pursue(): void {
    const record = this.#record;
    const nowMs = this.#host.guard.store.now();
    if (!record || this.#moving || nowMs === undefined || this.mode === 'disabled') return;
    const next = this.#dueHead(record, nowMs);
    if (next) void this.#move(next);
  }

  #dueHead(record: CircuitRecord, nowMs: number): Head | undefined {
    const mover = this.#mover(nowMs);
    const decision = due(record, this.policy, nowMs);
    switch (decision?.to) {
      case 'open':
        return tripped(record, this.policy, mover, decision.reason, decision.counts);
      case 'reopen':
        return reopened(record, this.policy, mover, decision.reason);
      case 'closed':
        return closed(record, this.policy, mover, decision.reason);
    }
    // Only while it holds this process open: what met no policy when it failed must not meet one later, for want of
    // the successes that have left the window since.
    const own = this.policy.quorum === 1 && this.#local && !this.#local.standIn;
    const alone = own && !this.#held(record, nowMs) && this.#era.tripReason();
    return alone ? tripped(record, this.policy, mover, alone, this.#era.total()) : undefined;
  }

  /** Compare-and-set to `next`; never rejects. Announces it once if it was won, however late that is learnt. */
  #move(next: Head): Promise<void> {
    const base = this.#record as CircuitRecord;
    this.#mine.set(next.epoch.id, next);
    this.#unanswered = true;
    const forget = () => this.#mine.delete(next.epoch.id);
    const done = () => {
      if (this.#moving === moving) this.#moving = undefined;
    };
    const moving = this.#host.guard
      .call(
        'transition',
        (store) => store.transition(base, next),
        ({ accepted, record }, sentMs) => {
          done();
          // Lost for certain; unless what refused it is itself, which a retry below us wrote before.
          if (!accepted && !sameEpoch(record.epoch, next.epoch)) forget();
          this.#hear(record, sentMs);
          // Not announced yet where a newer answer has overtaken this one.
          if (accepted) this.#announce(next);
        },
        forget,
      )
      .finally(done);
    this.#moving = moving;
    return moving;
  }

  #announce(head: Head): void {
    if (!this.#mine.delete(head.epoch.id) || !head.transition) return;
    this.#host.emit(transitionChange(this.name, head.epoch, head.transition, 'committed'));
  }

  /** A new epoch begins for this process. */
  #enter(record: CircuitRecord, known: CircuitRecord | undefined): void {
    this.#era = new Era(this.policy, record);
    if (record.state !== 'half-open') this.#wanted.clear();
    if (known || record.state !== 'closed') this.#leaveLocal();
    const mine = this.#mine.get(record.epoch.id);
    if (mine) this.#announce(mine);
    else if (known && record.transition)
      this.#host.emit(transitionChange(this.name, record.epoch, record.transition, 'learnt'));
  }

  /** Own transitions that others have already built upon were won or lost: the history knows, now or at the next answer. */
  #reconcile(record: CircuitRecord): void {
    if (this.#mine.size === 0) return;
    const doubtful = [...this.#mine.values()].filter((head) => head.epoch.number < record.epoch.number);
    if (doubtful.length === 0 || this.#moving) return;
    const since = Math.min(...doubtful.map((head) => head.epoch.number));
    const limit = record.epoch.number - since + 1;
    void this.#host.guard.call(
      'history',
      (store) => store.history(this.name, limit),
      (entries) => {
        for (const head of doubtful) {
          // Others may have moved on meanwhile, so that the lines asked for no longer reach back to it.
          const reached =
            entries.length < limit || entries.some(({ epoch }) => epoch.number <= head.epoch.number);
          if (entries.some((entry) => sameEpoch(entry.epoch, head.epoch))) this.#announce(head);
          else if (reached) this.#mine.delete(head.epoch.id);
        }
      },
    );
  }

  #leaveLocal(): void {
    this.#local = undefined;
    this.#calmUntilMs = 0;
  }

  #emitLocal(): void {
    const local = this.#local?.record;
    if (local?.transition)
      this.#host.emit(transitionChange(this.name, local.epoch, local.transition, 'local'));
  }

  // ── the store and the time ───────────────────────────────────────────────────────────────────────────────────────

  #write(
    verb: 'report' | 'settle' | 'lease',
    run: (store: Host['guard']['store']) => Promise<WriteAnswer>,
  ): Promise<void> {
    return this.#host.guard.call(verb, run, ({ record }, sentMs) => this.#hear(record, sentMs));
  }

  /** Takes the answer of a write; where it contradicts what came while it was under way, a read decides. */
  #hear(record: CircuitRecord, sentMs: number): void {
    if (!this.adopt(record, sentMs, true)) void this.#load();
  }

  #load(): Promise<void> {
    this.#loading ??= this.#host.load(this).finally(() => {
      this.#loading = undefined;
    });
    return this.#loading;
  }

  /** The store's time; this process's own before the store ever answered. */
  #now(): number {
    return this.#host.guard.store.now() ?? this.#host.clock.now();
  }

  #clockAhead(): number {
    return this.#now() - this.#host.clock.now();
  }

  /** Moves the own window on; returns when its bucket ends by the local clock. */
  #turn(): number {
    return this.#era.turn(this.#now()) - this.#clockAhead();
  }

  #mover(nowMs: number): Mover {
    const last = this.#lastFailure;
    const recent = last && nowMs - last.atMs <= this.policy.failureWindow ? last : undefined;
    const { name, retryAfterMs } = recent ?? {};
    return {
      nowMs,
      id: this.#host.newId(),
      by: this.#host.processId,
      chance: this.#host.random(),
      ...(name === undefined ? {} : { lastFailure: name }),
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    };
  }
}

/** Whether `record` looks older than `known`: only a consistent read may say so. */
function regresses(record: CircuitRecord, known: CircuitRecord): boolean {
  if (record.epoch.number < known.epoch.number) return true;
  if (record.epoch.number === known.epoch.number && record.epoch.id !== known.epoch.id) return true;
  return (
    (record.override?.version ?? record.settledOverride) <
      (known.override?.version ?? known.settledOverride) ||
    (record.policy?.version ?? 0) < (known.policy?.version ?? 0)
  );
}

export type { StateChange };
