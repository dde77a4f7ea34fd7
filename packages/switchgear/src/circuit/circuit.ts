/**
 * One circuit as one process sees it: a snapshot of the fleet's record, the evidence of its own, and the local circuit
 * that protects it while the fleet cannot. Knows nothing of functions, promises of callers or time limits.
 *
 *           decide() ──► Era      an ordinary call; its result counts while that era is the present one
 *           or ask() ──► Probe    one call on a lease
 *                    ──► Rejected, the call is not made
 *   then exactly one of  succeeded(ticket) · failed(ticket, failure) · cancelled(ticket)
 */

import { moveTo, type ProbeVerdict } from '../core/apply.ts';
import { windowOf } from '../core/policy.ts';
import {
  type CircuitRecord,
  type Head,
  overrideActive,
  overrideUnsettled,
  rootRecord,
  type StoredPolicy,
  sameEpoch,
} from '../core/record.ts';
import { dueHead, type Mover } from '../core/transitions.ts';
import { type Admission, admission, due } from '../core/verdict.ts';
import { type RejectingState, StoreError } from '../errors.ts';
import type { ResolvedOptions } from '../options.ts';
import type { Store, WriteAnswer } from '../store/contract.ts';
import { Commits } from './commits.ts';
import { Contact } from './contact.ts';
import { Era } from './era.ts';
import type { Host } from './host.ts';
import { inForce } from './live-policy.ts';
import { LocalCircuit } from './local-circuit.ts';
import { type LastFailure, moverOf } from './mover.ts';
import { type ProbedCircuit, Probing } from './probing.ts';
import { type ReportedCircuit, Reports } from './reports.ts';
import { Snapshot } from './snapshot.ts';
import { announce, overrideChange } from './state-change.ts';
import { type Answer, type CircuitMode, type Failure, Probe, Rejected, type Ticket } from './ticket.ts';

export class Circuit implements ProbedCircuit, ReportedCircuit {
  readonly name: string;
  /** The settings of the code. */
  readonly code: ResolvedOptions;
  readonly mode: CircuitMode;
  readonly #host: Host;

  readonly #snapshot = new Snapshot();
  readonly #contact: Contact;
  readonly #commits: Commits;
  readonly #probing: Probing;
  readonly #reports: Reports;
  #local: LocalCircuit | undefined;
  /** What this process saw in the present epoch; read from outside for reporting. */
  era: Era;
  #policy: ResolvedOptions;
  #lastFailure: LastFailure | undefined;

  /** From `#calmFromMs` until `#calmUntilMs` by the local clock every call is admitted with no further look. */
  #calmFromMs = 0;
  #calmUntilMs = 0;
  /** When the latest call came. */
  #usedMs = -Infinity;
  #loading: Promise<void> | undefined;

  constructor(name: string, code: ResolvedOptions, host: Host) {
    this.name = name;
    this.code = code;
    this.#policy = code;
    this.#host = host;
    this.mode = host.disabled ? 'disabled' : code.mode;
    this.era = new Era(code, windowOf(code));
    this.#contact = new Contact(host);
    this.#commits = new Commits(name, host, (record, sentMs) => this.#hear(record, sentMs));
    this.#probing = new Probing(this);
    this.#reports = new Reports(this, host);
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

  /** The transition that this process is trying to commit. */
  get deciding(): Promise<void> | undefined {
    return this.#commits.underway;
  }

  get usedMs(): number {
    return this.#usedMs;
  }

  /** By the local clock: calls before it are admitted with no further look, as long as nothing else happens. For simulations. */
  get calmUntilMs(): number {
    return this.#calmUntilMs;
  }

  /** What becomes of a call, at once; `null` where the store has a word in it: on a cold start, after a thaw, for a probe. */
  decide(): Answer | null {
    const now = this.#host.clock.now();
    this.#usedMs = now;
    if ((now < this.#calmUntilMs && now >= this.#calmFromMs) || this.mode === 'disabled') return this.era;
    this.#host.refresher.tick(now);
    return this.#readsFirst ? null : this.#judge();
  }

  /** The same with the store's word, within its budget; `waitedMs`: what the call has waited for the store before. */
  ask(waitedMs: number): Promise<Answer> {
    const answer = this.#ask();
    // What takes the store too long is decided without it; a probe that comes late waits for the next call.
    const instead = () => {
      void answer.then((late) => this.#keep(late));
      return this.#judgeAlone();
    };
    const { guard } = this.#host;
    return guard.within(answer, instead, guard.budgetMs - waitedMs);
  }

  /** The read that `ask` would wait for, so that its caller may wait for it with nothing in hand. */
  ready(): Promise<void> | undefined {
    if (!this.#readsFirst) return undefined;
    this.#usedMs = this.#host.clock.now();
    // Due at the same time, as a rule: then both are one read.
    this.#host.refresher.tick(this.#usedMs);
    return this.load();
  }

  /** The rejection that is certain without asking the store, if one is; takes nothing. */
  peek(): Rejected | undefined {
    const nowMs = this.now();
    const verdict = this.admission(nowMs);
    return verdict.admits === 'none' ? this.#reject(verdict.untilMs - nowMs) : undefined;
  }

  succeeded(ticket: Ticket): Promise<void> | undefined {
    if (ticket === this.era) {
      this.era.success();
      return undefined;
    }
    return ticket instanceof Probe ? this.#verdict(ticket, 'success') : undefined;
  }

  /** A call that failed or was slow. The promise settles when the store has it, within its budget. */
  failed(ticket: Ticket, failure: Failure): Promise<void> | undefined {
    if (this.mode === 'disabled') return undefined;
    if (ticket !== this.era && !(ticket instanceof Probe)) return undefined;
    this.#lastFailure = { ...failure, atMs: this.now() };
    const settled = ticket instanceof Probe ? this.#verdict(ticket, 'failure') : undefined;
    // A probe of the local circuit is evidence for the fleet like any other call, in the epoch that it began in.
    if (ticket instanceof Probe && ticket.era !== this.era) return settled;
    this.#turn();
    this.era.bad(failure.failed, failure.slow);
    return this.#protect();
  }

  /** The call gave no verdict: ignored error, caller's abort, never started. */
  cancelled(ticket: Answer): Promise<void> | undefined {
    return ticket instanceof Probe ? this.#verdict(ticket, 'cancel') : undefined;
  }

  /** Settles when what is under way to the store, or waits for it, has arrived or failed; each call within the store's budget. */
  async settled(): Promise<void> {
    // What is unsent now goes with the report after the one under way, and that may bring about a transition. Later news
    // is not waited for: under traffic there would be no end.
    for (let i = 0; i < 3; i++)
      await Promise.all([this.#loading, ...this.#reports.underway, this.deciding, ...this.#probing.underway]);
  }

  /** The record that stands for this circuit where the store has none. */
  root(): CircuitRecord {
    return rootRecord(this.name, windowOf(this.#policy));
  }

  /**
   * Takes an answer of the store. `sure`: it cannot be an old one (a write's answer, a consistent read). False where
   * the answer contradicts what is known and needs a consistent read before it is believed.
   */
  adopt(record: CircuitRecord | undefined, sentMs: number, sure: boolean): boolean {
    if (!legible(record, this.#policy, this.now()))
      throw new StoreError(`the store gave no record of ${this.name}`, 'unknown');
    const known = this.#snapshot.record;
    const taken = this.#snapshot.take(record, sentMs, this.#host.clock.now(), sure);
    if (taken !== 'taken') return taken === 'older';
    this.#contact.heard();
    this.#calmUntilMs = 0;
    this.#takeOver(record.policy, known?.policy);
    if (!known || !sameEpoch(record.epoch, known.epoch)) this.#enter(record, known);
    else if (this.#local && !this.#standsApart(this.#local, record)) this.#leaveLocal();
    this.#commits.reconcile(record);
    const override = record.override;
    if (known && override && override.version !== known.override?.version)
      this.#host.emit(overrideChange(known, record, override, this.now()));
    this.#pursue();
    return true;
  }

  /** The store has answered, with nothing about this circuit. */
  missed(): void {
    this.#contact.missed();
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
    this.era.policy = this.#policy;
  }

  // ── admission ────────────────────────────────────────────────────────────────────────────────────────────────────

  async #ask(): Promise<Answer> {
    if (this.#readsFirst) await this.load();
    const answer = this.#judge();
    return answer === null ? ((await this.#probing.take()) ?? this.#judgeAlone()) : answer;
  }

  /** What comes too late for its call. */
  #keep(late: Answer): void {
    if (late instanceof Probe && late.base) this.#probing.keep(late);
    else void this.cancelled(late);
  }

  /** What applies: an override, else the local circuit, else the fleet's record (L8). */
  #localInForce(nowMs: number): LocalCircuit | undefined {
    return this.record && overrideActive(this.record, nowMs) ? undefined : this.#local;
  }

  get #stale(): boolean {
    return this.#snapshot.stale(this.#host.clock.now(), this.#host.maxStale);
  }

  /** What is known is too old to go by, and the store may know better. */
  get #readsFirst(): boolean {
    return this.#stale && !this.#contact.lost;
  }

  /** The store does not answer, and the snapshot is too old or the right to probe cannot be had: the process is on its own. */
  #alone(): boolean {
    return this.#contact.lost && (this.#stale || this.#mute);
  }

  get #mute(): boolean {
    return this.#contact.mute(this.#policy.leaseDuration);
  }

  /** What a call may do now: by an override, else the local circuit, else the fleet's record. */
  admission(nowMs: number): Admission {
    const local = this.#localInForce(nowMs);
    if (local) return local.admission(nowMs);
    return this.record ? admission(this.record, nowMs, this.#host.prober) : { admits: 'all' };
  }

  /** As `#judge`, where the store is not asked any more. */
  #judgeAlone(): Answer {
    const answer = this.#judge();
    return answer === null ? this.#reject(0) : answer;
  }

  /** `null` where a probe may be asked for. */
  #judge(): Answer | null {
    const nowMs = this.now();
    this.#settleOverride(nowMs);
    const verdict = this.admission(nowMs);
    switch (verdict.admits) {
      case 'all':
        this.#beCalm();
        return this.era;
      case 'share':
        this.#turn();
        return this.#host.random() < verdict.share ? this.era : this.#reject(0, 'ramp');
      case 'none':
        return this.#probing.granted(nowMs) ?? this.#reject(verdict.untilMs - nowMs);
      case 'probe': {
        const record = this.#known;
        if (this.#alone()) this.#local ??= new LocalCircuit(record);
        const local = this.#localInForce(nowMs);
        if (local) return local.lease(verdict, this.#policy, this.mover(nowMs), this.era);
        // A verdict that calls for a transition ends the probing, although its slot is free.
        const busy = this.#probing.taking || this.#contact.unanswered || this.deciding;
        if (!busy && !due(record, this.#policy, nowMs)) return null;
        if (!this.#contact.unanswered) this.#pursue();
        return this.#reject(0);
      }
    }
  }

  /** An operator's word is over, and nothing trips until the fleet has settled that: this process does not wait for it. */
  #settleOverride(nowMs: number): void {
    const { record } = this;
    if (this.#local || !record || !overrideUnsettled(record, nowMs)) return;
    const head = dueHead(record, this.#policy, this.mover(nowMs));
    const settled = head && moveTo(record, record.epoch, head);
    if (!settled) return;
    this.#local = new LocalCircuit(settled);
    this.era = this.era.afterwards();
  }

  /** No further look until the next refresh, the end of the bucket, or an override's; the next one at once after a freeze in the middle of a read. */
  #beCalm(): void {
    const now = this.#host.clock.now();
    const overrideMs = (this.record?.override?.untilMs ?? 0) - this.now();
    this.#calmFromMs = now;
    this.#calmUntilMs = Math.min(
      this.#host.refresher.tick(now),
      this.#turn(),
      this.#readsFirst ? 0 : this.#stale ? Infinity : this.#snapshot.readMs + this.#host.maxStale,
      overrideMs > 0 ? now + overrideMs : Infinity,
    );
  }

  /** In shadow mode every call is made. */
  #reject(retryAfterMs: number, state: RejectingState = this.#closedBy()): Rejected | undefined {
    if (this.mode === 'shadow') return undefined;
    const { transition } = this.local ?? this.#known;
    return new Rejected(state, retryAfterMs, transition?.lastFailure);
  }

  /** What it is that admits nothing. */
  #closedBy(): RejectingState {
    const nowMs = this.now();
    if (this.#localInForce(nowMs)) return 'local-open';
    const record = this.#known;
    if (overrideActive(record, nowMs) || overrideUnsettled(record, nowMs)) return 'forced-open';
    return record.state === 'half-open' ? 'half-open' : 'open';
  }

  // ── evidence ─────────────────────────────────────────────────────────────────────────────────────────────────────

  /** After bad news of its own: opens locally and for the fleet if they suffice, else reports. */
  #protect(): Promise<void> | undefined {
    const { record } = this;
    const base = this.#local?.record ?? record ?? this.root();
    const mover = this.mover(this.now());
    const local = LocalCircuit.trip(base, this.#policy, mover, this.era.total(), record?.epoch);
    if (local) {
      // At once, not when the store has answered: until then, and if it never does, this process is protected.
      this.#local = local;
      this.#calmUntilMs = 0;
      this.#pursue();
      if (!this.deciding) this.#emitLocal();
      else
        return this.deciding.then(() => {
          if (this.#local === local) this.#emitLocal();
        });
    }
    // A transition under way makes this evidence moot if it wins; if it fails, the next failure carries it.
    return this.deciding ?? (record && this.#reports.send());
  }

  #verdict(probe: Probe, verdict: ProbeVerdict): Promise<void> | undefined {
    if (probe.base) return this.#probing.settle(probe, verdict);
    const local = this.#local;
    const mover = this.mover(this.now());
    if (!local?.settle(probe, verdict, this.#policy, mover, this.record?.epoch)) return undefined;
    this.#emitLocal();
    if (local.record.state !== 'closed') this.#pursue();
    else {
      // What was counted before belongs to the outage that just ended.
      this.era = this.era.afterwards();
      if (local.tripped) this.#local = undefined;
    }
    return undefined;
  }

  // ── transitions ──────────────────────────────────────────────────────────────────────────────────────────────────

  /** Commits what the latest answer, or the own evidence, leaves to be done. */
  #pursue(): void {
    const record = this.record;
    const nowMs = this.#host.guard.now();
    if (!record || this.deciding || nowMs === undefined || this.mode === 'disabled') return;
    const mover = this.mover(nowMs);
    const next = dueHead(record, this.#policy, mover) ?? this.#local?.forFleet(record, this.#policy, mover);
    if (next) void this.move(next);
  }

  move(next: Head): Promise<void> {
    this.#contact.asked();
    return this.#commits.move(this.#known, next);
  }

  /** A new epoch begins for this process. */
  #enter(record: CircuitRecord, known: CircuitRecord | undefined): void {
    // To whom was there before, a recovery is a good call: the probe's.
    const recovered = known !== undefined && record.transition?.reason === 'recovered';
    this.era = new Era(this.#policy, record, recovered || this.era.well);
    if (record.state !== 'half-open') this.#probing.forget();
    if (known || record.state !== 'closed') this.#leaveLocal();
    if (!this.#commits.claim(record.epoch.id) && known) announce(this.#host, this.name, record, 'learnt');
  }

  /** Whether `local` still holds beside this record of the present epoch. */
  #standsApart(local: LocalCircuit, record: CircuitRecord): boolean {
    // Once it has closed, the store is asked again.
    const mute = this.#mute && local.record.state !== 'closed';
    return mute || local.ahead(record, this.#policy, this.now());
  }

  #leaveLocal(): void {
    this.#local = undefined;
    this.#calmUntilMs = 0;
  }

  #emitLocal(): void {
    if (this.local) announce(this.#host, this.name, this.local, 'local');
  }

  // ── the store and the time ───────────────────────────────────────────────────────────────────────────────────────

  write(
    verb: 'report' | 'settle' | 'lease',
    run: (store: Store) => Promise<WriteAnswer>,
    refused?: () => void,
  ): Promise<void> {
    if (verb === 'lease') this.#contact.asked();
    return this.#host.guard.call(verb, run, ({ record }, sentMs) => this.#hear(record, sentMs), refused);
  }

  /** Takes the answer of a write; where it contradicts what came while it was under way, a read decides. */
  #hear(record: CircuitRecord, sentMs: number): void {
    this.#contact.written();
    if (!this.adopt(record, sentMs, true)) void this.load();
  }

  load(): Promise<void> {
    this.#loading ??= this.#host.refresher.load(this).finally(() => {
      this.#loading = undefined;
    });
    return this.#loading;
  }

  /** The store's time; this process's own before the store ever answered. */
  now(): number {
    return this.#host.guard.now() ?? this.#host.clock.now();
  }

  /** Whether the snapshot was read at `sinceMs` or later. A push brings a record, but teaches no time. */
  knowsSince(sinceMs: number): boolean {
    const taught = this.#host.guard.now() !== undefined;
    return taught && this.#snapshot.readMs + this.#clockAhead() >= sinceMs;
  }

  #clockAhead(): number {
    return this.now() - this.#host.clock.now();
  }

  /** Moves the own window on; returns when its bucket ends by the local clock. */
  #turn(): number {
    return this.era.turn(this.now()) - this.#clockAhead();
  }

  mover(nowMs: number): Mover {
    return moverOf(this.#host, nowMs, this.#lastFailure, this.#policy.failureWindow);
  }
}

/** Whether anything can be read from it: what a store of somebody else's calls a record must not fail in a caller's hands. */
function legible(
  record: CircuitRecord | undefined,
  policy: ResolvedOptions,
  nowMs: number,
): record is CircuitRecord {
  try {
    due(record as CircuitRecord, policy, nowMs);
    return Boolean(record?.epoch && admission(record, nowMs));
  } catch {
    return false;
  }
}
