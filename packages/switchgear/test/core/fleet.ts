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
import { type Policy, windowOf } from '../../src/core/policy.ts';
import {
  type CircuitRecord,
  type Epoch,
  type Head,
  type Lease,
  type Override,
  rootRecord,
} from '../../src/core/record.ts';
import { cleared, closed, halfOpened, leaseFor, reopened, tripped } from '../../src/core/transitions.ts';
import { admission, due } from '../../src/core/verdict.ts';

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

const EDGES = ['closed→open', 'open→half-open', 'half-open→open', 'half-open→closed'];
const MAX_CLOCK_ERROR_MS = 1_000;

export class Fleet {
  readonly #policy: Policy;
  readonly #processes: readonly Process[];
  readonly #everStored: CircuitRecord[];
  readonly #grants: Grant[] = [];
  #stored: CircuitRecord;
  #ledger: Ledger = emptyLedger();
  #override: Override | undefined;
  /** Whether somebody who saw the override ended has begun a new epoch since. */
  #overrideSettled = true;
  #trueMs: number;
  #ids = 0;

  constructor(policy: Policy, errorsMs: readonly number[], startMs: number) {
    this.#policy = policy;
    this.#trueMs = startMs;
    this.#stored = rootRecord('payments', windowOf(policy));
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
    else if (verb === 'trip' && base.state === 'closed')
      this.#move(process, base, tripped(base, this.#policy, this.#mover(process), 'failures', counts));
    else if (verb === 'close' && base.state === 'half-open')
      this.#move(process, base, closed(base, this.#policy, this.#mover(process), 'recovered'));
  }

  #operate(process: Process, mode: OverrideRequest['mode'], forMs: number | undefined): void {
    const nowMs = this.#now(process);
    const request = { mode, by: process.id, reason: 'test', ...(forMs === undefined ? {} : { forMs }) };
    const override = overridden(this.#stored, request, nowMs);
    if (!override) {
      assert.equal(mode, 'release', 'L9 only a release may find nothing to do');
      return;
    }
    const newest = this.#override?.version ?? 0;
    assert.ok(override.version > newest, 'L9 versions rise');
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
      this.#stepIsAllowed(before, after);
      this.#store(after);
    }
    process.snapshot = this.#stored;
    return after !== undefined;
  }

  #stepIsAllowed(before: CircuitRecord, after: CircuitRecord): void {
    if (same(before.epoch, after.epoch)) {
      assert.equal(after.state, before.state, 'L1 only a transition changes the state');
      if (before.state === 'open')
        assert.equal(after.state === 'open' && after.openUntilMs, before.openUntilMs, 'L5 one deadline');
      return;
    }
    assert.equal(after.epoch.number, before.epoch.number + 1, 'L1 epochs rise by one');
    assert.deepEqual(after.evidence, {}, 'a new epoch begins without evidence');
    const { reason } = after.transition ?? {};
    const byOperator =
      reason === 'cleared' || reason === 'override-ended' || after.settledOverride > before.settledOverride;
    if (!byOperator)
      assert.ok(EDGES.includes(`${before.state}→${after.state}`), `${before.state}→${after.state}`);
    if (after.state === 'open') {
      const { maxResetTimeout, resetTimeout } = this.#policy;
      const openMs = after.openUntilMs - after.sinceMs;
      assert.ok(openMs >= resetTimeout && openMs <= maxResetTimeout, 'the open time is within its bounds');
    }
    if (reason === 'recovered' && before.state === 'half-open') assert.equal(after.attempt, before.attempt);
    if (reason === 'probe-failed') assert.equal(after.attempt, before.attempt + 1);
  }

  #store(after: CircuitRecord): void {
    this.#stored = after;
    this.#everStored.push(after);
  }

  #lose(): void {
    this.#stored = rootRecord('payments', windowOf(this.#policy));
    this.#ledger = emptyLedger();
    this.#override = undefined;
  }

  /** The laws that bind at any moment, whatever the last step was. */
  #holds(): void {
    const record = this.#stored;
    this.#evidenceHolds(record);
    assert.deepEqual(record.override, this.#override, 'L9 nothing but an operator touches an override');
    for (const process of this.#processes) this.#overrideRules(record, this.#now(process));
    if (record.state !== 'half-open') return;
    const { successes, failures, lapsesInARow } = this.#ledger;
    assert.equal(record.successes, successes, 'L4 successes of all processes add up');
    assert.equal(record.failures, failures, 'L4 failures of all processes add up');
    assert.equal(record.lapses, lapsesInARow, 'L3 lapses are counted');
    const held = this.#grants.filter(
      ({ epoch, holder, lease, settled }) =>
        same(epoch, record.epoch) && !settled && this.#now(holder) < lease.untilMs,
    );
    assert.ok(
      held.length <= this.#policy.halfOpenMaxProbes,
      `L3 ${held.length} processes believe to hold a lease, allowed: ${this.#policy.halfOpenMaxProbes}`,
    );
    if (this.#override && !(this.#overrideEnded(this.#trueMs) && this.#overrideSettled)) return;
    const decision = due(record, this.#policy, this.#trueMs);
    if (failures > 0) assert.equal(decision?.to, 'reopen', 'a failed probe re-opens');
    else if (successes >= this.#policy.halfOpenSuccessThreshold)
      assert.equal(decision?.to, 'closed', 'L4 enough successes close, whoever had them');
    else if (lapsesInARow >= 3) assert.equal(decision?.to, 'reopen', 'L3 three lapses in a row re-open');
    else assert.notEqual(decision?.to, 'closed', 'L4 too few successes do not close');
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
    this.#ids += 1;
    return {
      nowMs: this.#now(process),
      id: `id-${this.#ids}`,
      by: process.id,
      chance: (this.#ids % 10) / 10,
    };
  }

  #now({ errorMs }: Process): number {
    return this.#trueMs + errorMs;
  }
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
