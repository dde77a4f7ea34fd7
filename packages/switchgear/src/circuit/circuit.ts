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
import { windowOf } from '../core/policy.ts';
import {
  type CircuitRecord,
  type HalfOpenRecord,
  type Head,
  overrideActive,
  overrideUnsettled,
  rootRecord,
  type StoredPolicy,
  sameEpoch,
} from '../core/record.ts';
import { closed, halfOpened, leaseFor, type Mover, reopened, tripped } from '../core/transitions.ts';
import { type Admission, admission, due } from '../core/verdict.ts';
import { CircuitOpenError, type RejectingState, StoreError } from '../errors.ts';
import type { ResolvedOptions } from '../options.ts';
import type { WriteAnswer } from '../store/contract.ts';
import { Commits } from './commits.ts';
import { Era } from './era.ts';
import type { Host } from './host.ts';
import { inForce } from './live-policy.ts';
import { LocalCircuit } from './local-circuit.ts';
import { Snapshot } from './snapshot.ts';
import { overrideChange, transitionChange } from './state-change.ts';
import { type CircuitMode, type Failure, Probe, type Ticket } from './ticket.ts';

/** A process whose report was refused sends none for this time, lengthened by chance to at most twice as much. */
const HUSH_MS = 500;

/** By how much a lease outlasts the call that it is for: within this time of being asked for it must be in use. */
const LEASE_MARGIN_MS = 1_000;

export class Circuit {
  readonly name: string;
  /** The settings of the code. */
  readonly code: ResolvedOptions;
  readonly mode: CircuitMode;
  readonly #host: Host;

  readonly #snapshot = new Snapshot();
  readonly #commits: Commits;
  #local: LocalCircuit | undefined;
  #era: Era;
  #policy: ResolvedOptions;
  #lastFailure: (Failure & { readonly atMs: number }) | undefined;

  /** From `#calmFromMs` until `#calmUntilMs` by the local clock every call is admitted with no further look. */
  #calmFromMs = 0;
  #calmUntilMs = 0;
  /** When the latest call came. */
  #usedMs = Number.NEGATIVE_INFINITY;

  #loading: Promise<void> | undefined;
  #sending: Promise<void> | undefined;
  /** The report after the one under way, for failures that came meanwhile. */
  #following: Promise<void> | undefined;
  /** Until then the store is spared: it has refused a report, as one does that is asked too much. */
  #hushUntilMs = Number.NEGATIVE_INFINITY;
  #leasing = false;
  /** A lease or transition was asked for and the store said nothing since: a call does not ask again, a refresh may. */
  #unanswered = false;
  /** Ids of leases that this process asked for and does not use yet: the grant came late, or its reply was lost. */
  readonly #wanted = new Set<string>();
  /** Verdicts and cancels under way, for `settled`. */
  readonly #verdicts = new Set<Promise<void>>();

  constructor(name: string, code: ResolvedOptions, host: Host, mode: CircuitMode = 'enforce') {
    this.name = name;
    this.code = code;
    this.#policy = code;
    this.#host = host;
    this.mode = mode;
    this.#era = new Era(code, windowOf(code));
    this.#commits = new Commits(name, host, (record, sentMs) => this.#hear(record, sentMs));
    if (mode === 'disabled') {
      this.#calmFromMs = Number.NEGATIVE_INFINITY;
      this.#calmUntilMs = Number.POSITIVE_INFINITY;
    }
  }

  /** The settings in force: those of the code, and over them those that are stored with the circuit. */
  get policy(): ResolvedOptions {
    return this.#policy;
  }

  /** The snapshot, if there is one. */
  get record(): CircuitRecord | undefined {
    return this.#snapshot.record;
  }

  /** The snapshot, where an offer or a rejection was read from it. */
  get #known(): CircuitRecord {
    return this.#snapshot.record as CircuitRecord;
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
    const record = this.record;
    const local = this.#localInForce(nowMs);
    if (local) {
      const verdict = local.admission(nowMs);
      if (verdict.admits === 'none') this.#reject('local-open', verdict.untilMs - nowMs);
    } else if (record) {
      const verdict = this.#admission(record, nowMs);
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
    const settled = ticket instanceof Probe ? this.#verdict(ticket, 'failure') : undefined;
    // A probe of the local circuit is evidence for the fleet like any other call, in the epoch that it began in.
    if (ticket instanceof Probe && ticket.era !== this.#era) return settled;
    this.#turn();
    this.#era.bad(failure.failed, failure.slow);
    return this.#protect();
  }

  /** The call gave no verdict: ignored error, caller's abort, never started. */
  cancelled(ticket: Ticket): Promise<void> | undefined {
    return ticket instanceof Probe ? this.#verdict(ticket, 'cancel') : undefined;
  }

  /** Settles when what is under way to the store, or waits for it, has arrived or failed; each call within the store's budget. */
  async settled(): Promise<void> {
    // What is unsent now goes with the report after the one under way, and that may bring about a transition. Later news
    // is not waited for: under traffic there would be no end.
    for (let i = 0; i < 3; i++)
      await Promise.all([
        this.#loading,
        this.#sending,
        this.#following,
        this.#commits.underway,
        ...this.#verdicts,
      ]);
  }

  /** The record that stands for this circuit where the store has none. */
  root(): CircuitRecord {
    return rootRecord(this.name, windowOf(this.#policy));
  }

  /**
   * Takes an answer of the store. `sure`: it cannot be an old one (a write's answer, a consistent read). False where
   * the answer contradicts what is known and needs a consistent read before it is believed.
   */
  adopt(record: CircuitRecord, sentMs: number, sure: boolean): boolean {
    if (!record?.epoch) throw new StoreError('the store gave no record for an answer', 'unknown');
    const known = this.#snapshot.record;
    const taken = this.#snapshot.take(record, sentMs, this.#host.clock.now(), sure);
    if (taken !== 'taken') return taken === 'older';
    this.#unanswered = false;
    this.#calmUntilMs = 0;
    this.#takeOver(record.policy, known?.policy);
    if (!known || !sameEpoch(record.epoch, known.epoch)) this.#enter(record, known);
    else if (this.#local && !this.#local.evidence) this.#leaveLocal();
    this.#commits.reconcile(record);
    const override = record.override;
    if (known && override && override.version !== known.override?.version)
      this.#host.emit(overrideChange(known, record, override, this.#now()));
    this.#pursue();
    return true;
  }

  /** Takes over settings that were stored, changed or removed. What the epoch's terms say holds until the next one. */
  #takeOver(stored: StoredPolicy | undefined, known: StoredPolicy | undefined): void {
    if (stored?.version === known?.version && stored?.atMs === known?.atMs) return;
    try {
      this.#policy = inForce(this.name, this.code, stored);
    } catch (error) {
      this.#policy = this.code;
      this.#host.guard.tell(error, 'load');
    }
    this.#era.policy = this.#policy;
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
      const record = this.record;
      const nowMs = this.#now();
      const local = this.#localInForce(nowMs);
      if (local) return this.#judgeLocal(local, nowMs);
      const verdict = record && this.#admission(record, nowMs);
      if (!verdict || verdict.admits === 'all' || verdict.admits === 'share') return this.#era;
      return this.#rejectUntil(verdict.admits === 'none' ? verdict.untilMs : nowMs, nowMs);
    });
  }

  #park(ticket: Ticket): void {
    if (!(ticket instanceof Probe)) return;
    if (ticket.base) this.#wanted.add(ticket.lease.id);
    else void this.cancelled(ticket);
  }

  /** What applies: an override, else the local circuit, else the fleet's record (L8). */
  #localInForce(nowMs: number): LocalCircuit | undefined {
    return this.record && overrideActive(this.record, nowMs) ? undefined : this.#local;
  }

  #stale(now: number): boolean {
    return this.#snapshot.stale(now, this.#host.maxStale);
  }

  /** The snapshot is too old and the store does not answer: the process is on its own. */
  #alone(): boolean {
    return this.#stale(this.#host.clock.now()) && this.#host.guard.failedWithin(this.#host.maxStale);
  }

  #admission(record: CircuitRecord, nowMs: number): Admission {
    return admission(record, nowMs, this.#host.prober);
  }

  #judge(refreshMs: number): Ticket | Promise<Ticket> {
    const nowMs = this.#now();
    const record = this.record;
    const local = this.#localInForce(nowMs);
    if (local) return this.#judgeLocal(local, nowMs);
    const verdict = record ? this.#admission(record, nowMs) : ({ admits: 'all' } as const);
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
          this.#local = LocalCircuit.standIn(record as CircuitRecord, this.#policy);
          return this.#judgeLocal(this.#local, nowMs);
        }
        // A verdict that calls for a transition ends the probing, although its slot is free.
        if (
          this.#leasing ||
          this.#unanswered ||
          this.#commits.underway ||
          due(record as CircuitRecord, this.#policy, nowMs)
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
        return new Probe(undefined, slot, lease, this.#era);
      }
      default:
        this.#turn();
        return this.#era;
    }
  }

  /** No further look until the next refresh, the end of the bucket, or an override's. */
  #beCalm(refreshMs: number): void {
    const now = this.#host.clock.now();
    const ends = this.record?.override?.untilMs;
    const overrideMs = ends === undefined ? Number.POSITIVE_INFINITY : now + ends - this.#now();
    const fresh = this.#stale(now) ? Number.POSITIVE_INFINITY : this.#snapshot.readMs + this.#host.maxStale;
    this.#calmFromMs = now;
    this.#calmUntilMs = Math.min(
      refreshMs,
      fresh,
      this.#turn(),
      overrideMs > now ? overrideMs : Number.POSITIVE_INFINITY,
    );
  }

  /** The lease that this process asked for, if the record shows it granted and it still covers a call; else it goes back. */
  #granted(nowMs: number): Probe | undefined {
    const record = this.record;
    if (record?.state !== 'half-open' || overrideActive(record, nowMs)) return undefined;
    for (const [slot, lease] of record.leases.entries())
      if (lease && this.#wanted.delete(lease.id)) {
        const probe = new Probe(record, slot, lease);
        // A call that outlived its lease would run beside the next prober's.
        if (nowMs + this.#probeMs <= lease.untilMs) return probe;
        void this.#verdict(probe, 'cancel');
      }
    return undefined;
  }

  /** The time that a lease must have left when its call starts. */
  get #probeMs(): number {
    const { timeout, leaseDuration } = this.#policy;
    // No lease covers a call that may take for ever; half of it is for the call, half for the way there.
    return timeout === Number.POSITIVE_INFINITY
      ? leaseDuration / 2
      : Math.min(timeout, leaseDuration - LEASE_MARGIN_MS);
  }

  async #probe(offer: Admission & { admits: 'probe' }): Promise<Ticket> {
    this.#leasing = true;
    try {
      let verdict: Admission = offer;
      // All processes see the deadline pass at once. Reading first costs a read; a failed condition costs a write.
      if (!this.#knowsSince(offer.freeSinceMs)) {
        await this.#load();
        verdict = this.#admission(this.#known, this.#now());
      }
      if (verdict.admits === 'probe' && this.#knowsSince(offer.freeSinceMs)) {
        const probe = await this.#lease(verdict);
        if (probe) return probe;
      }
    } finally {
      this.#leasing = false;
    }
    const nowMs = this.#now();
    const after = this.#admission(this.#known, nowMs);
    if (after.admits === 'all' || after.admits === 'share')
      return this.#judge(this.#host.refresh(this.#host.clock.now()));
    return this.#rejectUntil(after.admits === 'none' ? after.untilMs : nowMs, nowMs);
  }

  /** Whether the snapshot was read at `sinceMs` or later. A push brings a record, but teaches no time. */
  #knowsSince(sinceMs: number): boolean {
    const taught = this.#host.guard.store.now() !== undefined;
    return taught && this.#snapshot.readMs + this.#clockAhead() >= sinceMs;
  }

  async #lease(offer: Admission & { admits: 'probe' }): Promise<Probe | undefined> {
    const base = this.#known;
    const mover = this.#mover(this.#now());
    this.#wanted.add(mover.id);
    if (offer.slot === undefined) await this.#move(halfOpened(base, this.#policy, mover));
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
      (this.local ?? this.record)?.transition?.lastFailure,
    );
  }

  #rejectUntil(untilMs: number, nowMs: number): undefined {
    const record = this.#known;
    const forced = overrideActive(record, nowMs) || overrideUnsettled(record, nowMs);
    const state = forced ? 'forced-open' : record.state === 'half-open' ? 'half-open' : 'open';
    return this.#reject(state, untilMs - nowMs);
  }

  // ── evidence ─────────────────────────────────────────────────────────────────────────────────────────────────────

  /** After bad news of its own: opens locally and for the fleet if they suffice, else reports. */
  #protect(): Promise<void> | undefined {
    const record = this.record;
    const nowMs = this.#now();
    const reason = this.#era.tripReason();
    const base = this.#local?.record ?? record ?? this.root();
    if (reason && !this.#held(base, nowMs)) {
      // At once, not when the store has answered: until then, and if it never does, this process is protected.
      const evidence = { reason, counts: this.#era.total(), epoch: record?.epoch };
      const local = LocalCircuit.trip(base, this.#policy, this.#mover(nowMs), evidence);
      this.#local = local;
      this.#calmUntilMs = 0;
      this.#pursue();
      if (!this.#commits.underway) this.#emitLocal();
      else
        return this.#commits.underway.then(() => {
          if (this.#local === local) this.#emitLocal();
        });
    }
    // A transition under way makes this evidence moot if it wins; if it fails, the next failure carries it.
    return this.#commits.underway ?? (record && this.#report());
  }

  /** Whether an operator's word, or a state other than closed, keeps evidence from tripping the circuit. */
  #held(record: CircuitRecord, nowMs: number): boolean {
    return record.state !== 'closed' || overrideActive(record, nowMs) || overrideUnsettled(record, nowMs);
  }

  /** Sends what is unsent. One report is under way at a time; what comes meanwhile goes with the next. */
  #report(): Promise<void> | undefined {
    const now = this.#host.clock.now();
    if (now < this.#hushUntilMs && this.#hushUntilMs - now <= 2 * HUSH_MS) return undefined;
    if (this.#sending) {
      this.#following ??= this.#sending.then(() => {
        this.#following = undefined;
        return this.#report();
      });
      return this.#following;
    }
    this.#sending = this.#send();
    return this.#sending;
  }

  async #send(): Promise<void> {
    const base = this.record;
    const era = this.#era;
    const evidence = base && era.takeUnsent();
    if (evidence) {
      const refused = () => {
        era.unsend(evidence);
        this.#hushUntilMs = this.#host.clock.now() + HUSH_MS * (1 + this.#host.random());
      };
      await this.#write('report', (store) => store.report(base, evidence), refused);
    }
    // What the answer has brought about belongs to it: in Lambda the caller waits for both.
    await this.#commits.underway;
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
    if (nowMs >= lease.untilMs || !this.record || !sameEpoch(base.epoch, this.record.epoch)) return undefined;
    const sent = this.#write('settle', (store) =>
      store.settle(base, { leaseId: lease.id, slot, verdict }),
    ).then(() => this.#commits.underway);
    this.#verdicts.add(sent);
    return sent.finally(() => this.#verdicts.delete(sent));
  }

  #settleLocal(slot: number, leaseId: string, verdict: ProbeVerdict, nowMs: number): void {
    const local = this.#local;
    if (!local?.settle(slot, leaseId, verdict, this.#mover(nowMs))) return;
    this.#emitLocal();
    if (local.record.state !== 'closed') {
      if (local.evidence) local.evidence = { ...local.evidence, epoch: this.record?.epoch };
      this.#pursue();
      return;
    }
    // What was counted before belongs to the outage that just ended.
    this.#era = this.#era.afterwards();
    if (local.evidence) this.#local = undefined;
  }

  // ── transitions ──────────────────────────────────────────────────────────────────────────────────────────────────

  /** Commits what the latest answer, or the own evidence, leaves to be done. */
  #pursue(): void {
    const record = this.record;
    const nowMs = this.#host.guard.store.now();
    if (!record || this.#commits.underway || nowMs === undefined || this.mode === 'disabled') return;
    const next = this.#dueHead(record, nowMs);
    if (next) void this.#move(next);
  }

  #dueHead(record: CircuitRecord, nowMs: number): Head | undefined {
    const mover = this.#mover(nowMs);
    const decision = due(record, this.#policy, nowMs);
    switch (decision?.to) {
      case 'open':
        return tripped(record, this.#policy, mover, decision.reason, decision.counts);
      case 'reopen':
        return reopened(record, this.#policy, mover, decision.reason);
      case 'closed':
        return closed(record, this.#policy, mover, decision.reason);
    }
    // What opened this process is told to the fleet, when the store is back, for as long as it holds this process open.
    const own = this.#policy.quorum === 1 && !this.#held(record, nowMs) ? this.#local?.evidence : undefined;
    // What was gathered without an epoch, or in another, stays local; the next local probe that fails does not.
    if (!own?.epoch || !sameEpoch(own.epoch, record.epoch)) return undefined;
    return tripped(record, this.#policy, mover, own.reason, own.counts);
  }

  #move(next: Head): Promise<void> {
    this.#unanswered = true;
    return this.#commits.move(this.#known, next);
  }

  /** A new epoch begins for this process. */
  #enter(record: CircuitRecord, known: CircuitRecord | undefined): void {
    this.#era = new Era(this.#policy, record);
    if (record.state !== 'half-open') this.#wanted.clear();
    if (known || record.state !== 'closed') this.#leaveLocal();
    if (!this.#commits.claim(record.epoch.id) && known && record.transition)
      this.#host.emit(transitionChange(this.name, record.epoch, record.transition, 'learnt'));
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
    refused?: () => void,
  ): Promise<void> {
    return this.#host.guard.call(verb, run, ({ record }, sentMs) => this.#hear(record, sentMs), refused);
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
    const recent = last && nowMs - last.atMs <= this.#policy.failureWindow ? last : undefined;
    const { name, retryAfterMs } = recent ?? {};
    return {
      nowMs,
      id: this.#host.newId(),
      by: this.#host.processId,
      prober: this.#host.prober,
      chance: this.#host.random(),
      ...(name === undefined ? {} : { lastFailure: name }),
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    };
  }
}
