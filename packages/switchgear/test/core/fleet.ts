/**
 * A fleet in miniature: processes with snapshots of their own and clocks up to a second off, one record between them,
 * and a ledger of what was acknowledged. After each step the record is held against the ledger, law by law.
 */

import assert from 'node:assert/strict';
import {
  moveTo,
  type OverrideRequest,
  overridden,
  type ProbeVerdict,
  reportEvidence,
  reportProbe,
  takeLease,
} from '../../src/core/apply.ts';
import { type Counts, NOTHING, oldestSlot, plus, slotAt } from '../../src/core/evidence.ts';
import { type OwnCounts, type Policy, windowOf } from '../../src/core/policy.ts';
import {
  type CircuitRecord,
  CLOCK_BOUND_MS,
  type Epoch,
  type Head,
  type Lease,
  type Override,
  rootRecord,
  type StoredPolicy,
} from '../../src/core/record.ts';
import {
  cleared,
  closed,
  halfOpened,
  leaseFor,
  ownTrip,
  reopened,
  tripped,
} from '../../src/core/transitions.ts';
import { type Admission, admission, type Decision, due } from '../../src/core/verdict.ts';

/** What a process does on its own account, from its snapshot. */
export type Deed =
  | { readonly kind: 'read' }
  | { readonly kind: 'report'; readonly counts: Counts; readonly slotsAgo: number }
  /** Commits what is due; else asks for a probe where one is to be had. */
  | { readonly kind: 'call' }
  | { readonly kind: 'settle'; readonly nth: number; readonly verdict: ProbeVerdict }
  /** The same verbs from any record that ever was, whatever the process should know by now. */
  | { readonly kind: 'straggle'; readonly nth: number; readonly verb: 'report' | 'trip' | 'probe' | 'close' }
  | { readonly kind: 'operate'; readonly mode: OverrideRequest['mode']; readonly forMs: number | undefined }
  | { readonly kind: 'clear' };

export type Step =
  | { readonly kind: 'wait'; readonly ms: number }
  /** The store loses everything: epoch numbers start anew. */
  | { readonly kind: 'lose' }
  | { readonly kind: 'deed'; readonly process: number; readonly deed: Deed };

interface Process {
  readonly id: string;
  /** How far its idea of the store's time is off, within ±1 s. */
  readonly errorMs: number;
  snapshot: CircuitRecord;
}

/** A lease that was granted, as its holder knows it. */
interface Grant {
  readonly holder: Process;
  readonly epoch: Epoch;
  readonly slot: number;
  readonly lease: Lease;
  settled: boolean;
}

/** Acknowledged in the present epoch. */
interface Ledger {
  readonly slots: Map<number, Counts>;
  successes: number;
  failures: number;
  lapsesInARow: number;
}

/** The ways that calls and verdicts take, with what may bring them about. */
const EDGES: Readonly<Record<string, readonly string[]>> = {
  'closed→open': ['failures', 'slow-calls', 'consecutive-failures'],
  'open→half-open': ['probe-started'],
  'half-open→open': ['probe-failed', 'probes-lapsed'],
  'half-open→closed': ['recovered'],
};
/** Stored with the circuit; nothing here may touch it. */
const SETTINGS: StoredPolicy = { version: 3, values: { quorum: 2 }, by: 'ana', reason: 'test', atMs: 1 };
const MAX_CLOCK_ERROR_MS = 1_000;

export class Fleet {
  readonly #policy: Policy;
  readonly #processes: readonly Process[];
  readonly #everStored: CircuitRecord[];
  readonly #grants: Grant[] = [];
  readonly #ids = new Set<string>();
  #stored: CircuitRecord;
  #ledger: Ledger = emptyLedger();
  #override: Override | undefined;
  /** Whether somebody who saw the override ended has begun a new epoch since. */
  #overrideSettled = true;
  #trueMs: number;

  constructor(policy: Policy, errorsMs: readonly number[], startMs: number) {
    this.#policy = policy;
    this.#trueMs = startMs;
    this.#stored = this.#empty();
    this.#everStored = [this.#stored];
    this.#processes = errorsMs.map((errorMs, i) => ({ id: `process-${i}`, errorMs, snapshot: this.#stored }));
  }

  run(steps: readonly Step[]): void {
    for (const step of steps) {
      if (step.kind === 'wait') this.#trueMs += step.ms;
      else if (step.kind === 'lose') this.#lose();
      else this.#do(this.#processes[step.process % this.#processes.length] as Process, step.deed);
      this.#holds();
    }
  }

  #do(process: Process, deed: Deed): void {
    const { snapshot } = process;
    switch (deed.kind) {
      case 'read':
        process.snapshot = this.#stored;
        break;
      case 'report':
        this.#report(process, snapshot, deed.counts, deed.slotsAgo);
        break;
      case 'call':
        this.#call(process, snapshot);
        break;
      case 'settle':
        this.#settle(process, deed.nth, deed.verdict);
        break;
      case 'straggle':
        this.#straggle(process, pick(this.#everStored, deed.nth) as CircuitRecord, deed.verb);
        break;
      case 'operate':
        this.#operate(process, deed.mode, deed.forMs);
        break;
      case 'clear':
        this.#clear(process);
    }
  }

  #report(process: Process, base: CircuitRecord, counts: Counts, slotsAgo: number): void {
    const nowMs = this.#now(process);
    const slot = slotAt(nowMs, base.bucketMs) - slotsAgo;
    const after = reportEvidence(this.#stored, base.epoch, { [slot]: counts }, nowMs);
    const accepted = this.#write(process, base, after, () => {
      const { slots } = this.#ledger;
      for (const old of slots.keys()) if (old < oldestSlot(nowMs, base)) slots.delete(old);
      if (slot >= oldestSlot(nowMs, base)) slots.set(slot, plus(slots.get(slot) ?? NOTHING, counts));
    });
    const kept = Object.keys(this.#stored.evidence).length;
    if (accepted) assert.ok(kept <= base.buckets + 3, `L10 ${kept} of ${base.buckets} buckets are kept`);
  }

  #call(process: Process, base: CircuitRecord): void {
    const next = this.#nextHead(process, base);
    if (next) this.#move(process, base, next);
    else {
      const admitted = admission(base, this.#now(process));
      if (admitted.admits === 'probe' && admitted.slot !== undefined)
        this.#lease(process, base, admitted.slot);
    }
  }

  /** The transition that is due, or the one that a call which wants to probe makes. */
  #nextHead(process: Process, base: CircuitRecord): Head | undefined {
    const nowMs = this.#now(process);
    const mover = this.#mover(process);
    const decision = due(base, this.#policy, nowMs);
    switch (decision?.to) {
      case 'open':
        return tripped(base, this.#policy, mover, decision.reason, decision.counts);
      case 'reopen':
        return reopened(base, this.#policy, mover, decision.reason);
      case 'closed':
        return closed(base, this.#policy, mover, decision.reason);
    }
    const admitted = admission(base, nowMs);
    const opens = admitted.admits === 'probe' && admitted.slot === undefined;
    return opens ? halfOpened(base, this.#policy, mover) : undefined;
  }

  #lease(process: Process, base: CircuitRecord, slot: number): void {
    const nowMs = this.#now(process);
    const before = this.#stored;
    const leaseMs = base.state === 'half-open' ? base.leaseMs : this.#policy.leaseDuration;
    const lease = leaseFor(leaseMs, this.#mover(process));
    assert.equal(
      lease.untilMs - nowMs,
      this.#policy.leaseDuration,
      'L3 a lease is as long as its epoch says',
    );
    this.#write(process, base, takeLease(before, base.epoch, slot, lease, nowMs), () => {
      assert.ok(before.state === 'half-open' && slot < before.leases.length, 'L3 a slot that is there');
      if (before.leases[slot]) this.#ledger.lapsesInARow += 1;
      this.#grants.push({ holder: process, epoch: before.epoch, slot, lease, settled: false });
    });
  }

  #settle(process: Process, nth: number, verdict: ProbeVerdict): void {
    const mine = this.#grants.filter(({ holder }) => holder === process);
    const grant = pick(mine, nth);
    if (!grant) return;
    const { epoch, lease, slot } = grant;
    const nowMs = this.#now(process);
    const before = this.#stored;
    const result = { leaseId: lease.id, slot, verdict };
    const base = { ...process.snapshot, epoch } as CircuitRecord;
    this.#write(process, base, reportProbe(before, epoch, result, nowMs), () => {
      assert.equal(grant.settled, false, 'L3 a result counts once');
      assert.ok(nowMs < lease.untilMs, 'L3 a result after expiry changes nothing');
      assert.equal(
        before.state === 'half-open' && before.leases[slot]?.id,
        lease.id,
        'L3 the slot is still held',
      );
      grant.settled = true;
      if (verdict === 'cancel') return;
      this.#ledger.lapsesInARow = 0;
      this.#ledger[verdict === 'success' ? 'successes' : 'failures'] += 1;
    });
  }

  /** Only what the real thing could have derived from `base`: the rest says nothing about the store. */
  #straggle(process: Process, base: CircuitRecord, verb: 'report' | 'trip' | 'probe' | 'close'): void {
    const counts = { ...NOTHING, calls: 1, failures: 1 };
    if (verb === 'report') this.#report(process, base, counts, 0);
    else if (verb === 'probe' && base.state === 'half-open') this.#lease(process, base, 0);
    else if (verb === 'trip') this.#trip(process, base);
    else if (verb === 'close' && base.state === 'half-open')
      this.#move(process, base, closed(base, this.#policy, this.#mover(process), 'recovered'));
  }

  /** By what the process saw alone: a streak, or counts that meet the policy. */
  #trip(process: Process, base: CircuitRecord): void {
    const nowMs = this.#now(process);
    const { failureThreshold, minCalls, consecutiveFailures } = this.#policy;
    const calls = Math.max(failureThreshold, minCalls);
    const own: OwnCounts = { ...NOTHING, calls, failures: calls, streak: calls };
    const held = base.override && (nowMs < (base.override.untilMs ?? Infinity) || unsettled(base));
    const next = ownTrip(base, this.#policy, this.#mover(process), own);
    if (base.state !== 'closed' || held)
      assert.equal(next, undefined, 'L9 a process trips nothing below an override');
    else {
      const streak = calls >= consecutiveFailures;
      assert.equal(next?.transition?.reason, streak ? 'consecutive-failures' : 'failures', 'a process alone');
    }
    if (next) this.#move(process, base, next);
    const few = { ...own, failures: failureThreshold - 1, streak: 0 };
    assert.equal(ownTrip(base, this.#policy, this.#mover(process), few), undefined, 'too few failures');
  }

  #operate(process: Process, mode: OverrideRequest['mode'], forMs: number | undefined): void {
    const nowMs = this.#now(process);
    const request = { mode, by: process.id, reason: 'test', ...(forMs === undefined ? {} : { forMs }) };
    const override = overridden(this.#stored, request, nowMs);
    const before = this.#override;
    // An act is never earlier than the one before it, whatever the clock of who does it.
    const atMs = Math.max(nowMs, before?.atMs ?? 0);
    const nothing = mode === 'release' && !(before && atMs < (before.untilMs ?? Infinity));
    if (!override || nothing) {
      assert.equal(override, undefined, 'L9 there is nothing to release');
      assert.ok(nothing, 'L9 only a release may find nothing to do');
      return;
    }
    assert.ok(override.version > (before?.version ?? 0), 'L9 versions rise');
    assert.equal(
      override.mode,
      mode === 'release' ? before?.mode : mode,
      'L9 the mode is what was asked for',
    );
    const untilMs = mode === 'release' ? atMs : forMs === undefined ? undefined : atMs + forMs;
    assert.deepEqual(
      [override.atMs, override.untilMs],
      [atMs, untilMs],
      'L9 an override ends as it was told',
    );
    this.#override = override;
    this.#overrideSettled = false;
    this.#store({ ...this.#stored, override });
  }

  #clear(process: Process): void {
    const { override, ...rest } = this.#stored;
    this.#move(process, this.#stored, cleared(this.#stored, this.#mover(process), 'a fresh start'), rest);
    assert.ok(this.#stored.settledOverride >= (override?.version ?? 0), 'L9 versions go on after a clear');
    this.#override = undefined;
  }

  #move(process: Process, base: CircuitRecord, next: Head, before: CircuitRecord = this.#stored): void {
    const nowMs = this.#now(process);
    this.#write(process, base, moveTo(before, base.epoch, next), () => {
      this.#ledger = emptyLedger();
      if (base.override?.version === this.#override?.version && this.#overrideEnded(nowMs))
        this.#overrideSettled = true;
      if (next.state !== 'half-open') return;
      const lease = next.leases[0] as Lease;
      this.#grants.push({ holder: process, epoch: next.epoch, slot: 0, lease, settled: false });
      const { override } = base;
      const forced =
        override?.mode === 'forced-open' && nowMs >= (override.untilMs ?? Number.POSITIVE_INFINITY);
      if (base.state === 'open' && !forced)
        assert.ok(
          this.#trueMs >= base.openUntilMs - MAX_CLOCK_ERROR_MS,
          'L5, L12 no probe before the deadline, clocks considered',
        );
    });
  }

  /** Stores `after`, if the verb was not refused, and hands the answer to the process. */
  #write(process: Process, base: CircuitRecord, after: CircuitRecord | undefined, book: () => void): boolean {
    const before = this.#stored;
    if (after) {
      assert.ok(same(before.epoch, base.epoch), 'L1 a write takes effect in the epoch it was derived from');
      book();
      this.#stepIsAllowed(process, before, after);
      this.#store(after);
    }
    process.snapshot = this.#stored;
    return after !== undefined;
  }

  #stepIsAllowed(process: Process, before: CircuitRecord, after: CircuitRecord): void {
    if (same(before.epoch, after.epoch)) {
      assert.equal(after.state, before.state, 'L1 only a transition changes the state');
      if (before.state === 'open')
        assert.equal(after.state === 'open' && after.openUntilMs, before.openUntilMs, 'L5 one deadline');
      return;
    }
    assert.equal(after.epoch.number, before.epoch.number + 1, 'L1 epochs rise by one');
    assert.deepEqual(after.evidence, {}, 'a new epoch begins without evidence');
    const { reason = '', from, to, atMs, by } = after.transition ?? {};
    assert.deepEqual(
      { from, to, atMs, by },
      { from: before.state, to: after.state, atMs: after.sinceMs, by: process.id },
      'L7 a transition says what it was, when and by whom',
    );
    assert.ok(!this.#everStored.some(({ epoch }) => epoch.id === after.epoch.id), 'L7 its id is its own');
    assert.ok(this.#ids.has(after.epoch.id), 'L7 and its writer can find it again');
    const byOperator =
      reason === 'cleared' || reason === 'override-ended' || after.settledOverride > before.settledOverride;
    if (!byOperator)
      assert.ok(
        EDGES[`${before.state}→${after.state}`]?.includes(reason),
        `${before.state}→${after.state}: ${reason}`,
      );
    assert.equal(after.attempt, this.#attemptAfter(before, after), `the attempts after ${reason}`);
    if (after.state === 'closed')
      assert.equal(
        after.rampMs,
        reason === 'recovered' ? this.#policy.rampDuration : 0,
        'a ramp after recovery',
      );
    if (after.state === 'open') {
      const { maxResetTimeout, resetTimeout, backoff, jitter } = this.#policy;
      const leastMs = Math.min(maxResetTimeout, resetTimeout * backoff ** after.attempt);
      const mostMs = Math.min(maxResetTimeout, Math.ceil(leastMs * (1 + jitter)));
      const openMs = after.openUntilMs - after.sinceMs;
      assert.ok(openMs >= leastMs && openMs <= mostMs, `L5 open for ${leastMs}–${mostMs} ms: ${openMs}`);
    }
  }

  /** Failed attempts in a row: forgiven after a long time of closed, or by an operator's word; a ramp is not over yet. */
  #attemptAfter(before: CircuitRecord, after: CircuitRecord): number {
    const stableMs = after.sinceMs - before.sinceMs;
    switch (after.transition?.reason) {
      case 'probe-failed':
      case 'probes-lapsed':
        return before.attempt + 1;
      case 'override-ended':
      case 'cleared':
        return 0;
      case 'failures':
      case 'slow-calls':
      case 'consecutive-failures':
        if (before.state === 'closed' && before.rampMs > 0 && stableMs < before.rampMs)
          return before.attempt + 1;
        return stableMs >= this.#policy.maxResetTimeout ? 0 : before.attempt;
      default:
        return before.attempt;
    }
  }

  #store(after: CircuitRecord): void {
    this.#stored = after;
    this.#everStored.push(after);
  }

  #lose(): void {
    this.#stored = this.#empty();
    this.#ledger = emptyLedger();
    this.#override = undefined;
  }

  /** The laws that bind at any moment, whatever the last step was. */
  #holds(): void {
    const record = this.#stored;
    this.#evidenceHolds(record);
    assert.deepEqual(record.override, this.#override, 'L9 nothing but an operator touches an override');
    assert.deepEqual(record.policy, SETTINGS, 'L9 stored settings stay');
    for (const process of this.#processes) this.#overrideRules(record, this.#now(process));
    const ruled = this.#override && !(this.#overrideEnded(this.#trueMs) && this.#overrideSettled);
    if (!ruled) {
      assert.deepEqual(
        admission(record, this.#trueMs),
        this.#offered(record),
        `L3, L5 ${record.state} admits`,
      );
      if (record.state === 'closed')
        assert.deepEqual(
          due(record, this.#policy, this.#trueMs),
          this.#tripDue(record),
          'the policy is met or not',
        );
    }
    if (record.state !== 'half-open') return;
    const { successes, failures, lapsesInARow } = this.#ledger;
    assert.equal(record.successes, successes, 'L4, L6 successes of all processes add up, and nothing else');
    assert.equal(record.failures, failures, 'L4, L6 failures of all processes add up, and nothing else');
    assert.equal(record.lapses, lapsesInARow, 'L3 lapses are counted');
    const held = this.#grants.filter(
      ({ epoch, holder, lease, settled }) =>
        same(epoch, record.epoch) && !settled && this.#now(holder) < lease.untilMs,
    );
    assert.ok(
      held.length <= this.#policy.halfOpenMaxProbes,
      `L3 ${held.length} processes believe to hold a lease, allowed: ${this.#policy.halfOpenMaxProbes}`,
    );
    if (ruled) return;
    const gone = record.leases.filter((lease) => lease && this.#trueMs >= lease.untilMs + CLOCK_BOUND_MS);
    const decision = due(record, this.#policy, this.#trueMs);
    if (failures > 0) assert.equal(decision?.reason, 'probe-failed', 'a failed probe re-opens');
    else if (successes >= this.#policy.halfOpenSuccessThreshold)
      assert.equal(decision?.reason, 'recovered', 'L4 enough successes close, whoever had them');
    else if (lapsesInARow + gone.length >= 3)
      assert.equal(decision?.reason, 'probes-lapsed', 'L3 three lapses in a row re-open');
    else
      assert.equal(decision, undefined, 'L3, L4 too few successes do not close, too few lapses do not open');
  }

  /** What a call may do at the true time, no operator having a say. */
  #offered(record: CircuitRecord): Admission {
    const nowMs = this.#trueMs;
    switch (record.state) {
      case 'closed': {
        const progress = record.rampMs === 0 ? 1 : Math.max(0, nowMs - record.sinceMs) / record.rampMs;
        const share = record.rampFrom + (1 - record.rampFrom) * progress;
        return progress >= 1 ? { admits: 'all' } : { admits: 'share', share };
      }
      case 'open': {
        const freeSinceMs = record.openUntilMs;
        return nowMs < freeSinceMs
          ? { admits: 'none', untilMs: freeSinceMs }
          : { admits: 'probe', freeSinceMs };
      }
      case 'half-open': {
        const free = record.leases.map((lease) => (lease ? lease.untilMs + CLOCK_BOUND_MS : 0));
        const slot = free.findIndex((freeMs) => freeMs <= nowMs);
        if (slot < 0) return { admits: 'none', untilMs: Math.min(...free) };
        return { admits: 'probe', slot, freeSinceMs: free[slot] as number };
      }
    }
  }

  /** The trip that is due by what was acknowledged: in the window that ends with the latest report, if that is in the present one. */
  #tripDue(record: CircuitRecord): Decision | undefined {
    const { slots } = this.#ledger;
    const latest = Math.max(...slots.keys());
    if (!(latest >= oldestSlot(this.#trueMs, record))) return undefined;
    const counts = [...slots]
      .filter(([slot]) => slot > latest - record.buckets)
      .map(([, each]) => each)
      .reduce(plus, NOTHING);
    const { failureThreshold, minCalls, failureRatio, slowCallRatio, quorum } = this.#policy;
    const share = Math.ceil(failureThreshold / quorum);
    if (counts.calls < minCalls || (quorum > 1 && counts.votes <= (quorum - 1) * share)) return undefined;
    const much = (bad: number, isolated: number, ratio: number) => {
      const apart = ratio === 0 ? 0 : isolated;
      return bad - apart >= failureThreshold && bad - apart >= ratio * (counts.calls - apart);
    };
    if (much(counts.failures, counts.isolated, failureRatio))
      return { to: 'open', reason: 'failures', counts };
    return much(counts.slow, counts.isolatedSlow, slowCallRatio)
      ? { to: 'open', reason: 'slow-calls', counts }
      : undefined;
  }

  /** What stands for a circuit that nobody has written, but for its settings. */
  #empty(): CircuitRecord {
    return { ...rootRecord('payments', windowOf(this.#policy)), policy: SETTINGS };
  }

  #evidenceHolds(record: CircuitRecord): void {
    // What the fastest clock may have dropped by now need not be there any more.
    const oldest = oldestSlot(this.#trueMs + MAX_CLOCK_ERROR_MS, record);
    for (const [slot, counts] of this.#ledger.slots)
      if (slot >= oldest)
        assert.deepEqual(record.evidence[slot], counts, 'L2 acknowledged evidence counts once');
    for (const slot in record.evidence)
      assert.ok(this.#ledger.slots.has(Number(slot)), 'L1, L2 nothing counts but what was acknowledged');
  }

  #overrideRules(record: CircuitRecord, nowMs: number): void {
    if (!this.#override) return;
    const { mode } = this.#override;
    const { admits } = admission(record, nowMs);
    const next = due(record, this.#policy, nowMs);
    if (!this.#overrideEnded(nowMs)) {
      assert.equal(admits, mode === 'forced-open' ? 'none' : 'all', `L9 ${mode} rules`);
      assert.equal(next, undefined, `L9 ${mode}: nothing is due below it`);
    } else if (!this.#overrideSettled) {
      if (mode === 'forced-open') assert.equal(admits, 'probe', 'L9 forced-open ends into half-open');
      else assert.equal(next?.reason, 'override-ended', `L9 ${mode} ends in a fresh closed epoch`);
    }
  }

  #overrideEnded(nowMs: number): boolean {
    return nowMs >= (this.#override?.untilMs ?? Number.POSITIVE_INFINITY);
  }

  #mover(process: Process) {
    const id = `id-${this.#ids.size}`;
    this.#ids.add(id);
    return { nowMs: this.#now(process), id, by: process.id, chance: (this.#ids.size % 10) / 10 };
  }

  #now({ errorMs }: Process): number {
    return this.#trueMs + errorMs;
  }
}

/** Whether no epoch has taken its latest override into account. */
function unsettled({ override, settledOverride }: CircuitRecord): boolean {
  return override !== undefined && override.version > settledOverride;
}

function emptyLedger(): Ledger {
  return { slots: new Map(), successes: 0, failures: 0, lapsesInARow: 0 };
}

function pick<T>(from: readonly T[], nth: number): T | undefined {
  return from[nth % from.length];
}

/** The core's `sameEpoch` is itself on trial. */
function same(a: Epoch, b: Epoch): boolean {
  return `${a.number} ${a.id}` === `${b.number} ${b.id}`;
}
