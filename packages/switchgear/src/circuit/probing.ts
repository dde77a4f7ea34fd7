/**
 * How one process comes by probes of the fleet's circuit, and gives them back.
 *
 *     take ──► read, where the snapshot is from before the slot was free ──► ask for the lease, or move to half-open
 *                                                                                 │ granted in time     │ late, or reply lost
 *                                                    ┌────────────────────────────┘                     ▼
 *     settle ◄──── the verdict of its call ◄──── Probe ◄──── granted ◄──── wanted, by its id, until a record shows it
 */

import type { ProbeVerdict } from '../core/apply.ts';
import { type CircuitRecord, type Head, overrideActive, sameEpoch } from '../core/record.ts';
import { halfOpened, leaseFor, type Mover } from '../core/transitions.ts';
import type { Admission } from '../core/verdict.ts';
import { LEASE_MARGIN_MS, type ResolvedOptions } from '../options.ts';
import type { Store, WriteAnswer } from '../store/contract.ts';
import { keepNewest } from './keep-newest.ts';
import { Probe } from './ticket.ts';

/** What probing needs of the circuit. */
export interface ProbedCircuit {
  readonly record: CircuitRecord | undefined;
  readonly policy: ResolvedOptions;
  now(): number;
  mover(nowMs: number): Mover;
  admission(nowMs: number): Admission;
  /** Whether the snapshot was read at `sinceMs` of the store's time or later. */
  knowsSince(sinceMs: number): boolean;
  load(): Promise<void>;
  /** Settles once the answer was taken, or the store has failed. */
  write(verb: 'settle' | 'lease', run: (store: Store) => Promise<WriteAnswer>): Promise<void>;
  move(next: Head): Promise<void>;
  /** What the latest answer has brought about. */
  readonly deciding: Promise<void> | undefined;
}

export class Probing {
  readonly #circuit: ProbedCircuit;
  /** A call is on its way to a lease. */
  taking = false;
  /** Ids of leases that this process asked for and does not use yet: the grant came late, or its reply was lost. */
  readonly #wanted = new Set<string>();
  /** Verdicts and cancels under way. */
  readonly underway = new Set<Promise<void>>();

  constructor(circuit: ProbedCircuit) {
    this.#circuit = circuit;
  }

  /** The probe that may be made now, where this process gets it. */
  async take(): Promise<Probe | undefined> {
    const circuit = this.#circuit;
    this.taking = true;
    try {
      let offer = circuit.admission(circuit.now());
      if (offer.admits !== 'probe') return undefined;
      const { freeSinceMs } = offer;
      if (!circuit.knowsSince(freeSinceMs)) {
        // All processes see the deadline pass at once. Reading first costs a read; a failed condition costs a write.
        await circuit.load();
        offer = circuit.admission(circuit.now());
        if (offer.admits !== 'probe' || !circuit.knowsSince(freeSinceMs)) return undefined;
      }
      return await this.#lease(offer.slot);
    } finally {
      this.taking = false;
    }
  }

  async #lease(slot: number | undefined): Promise<Probe | undefined> {
    const circuit = this.#circuit;
    const base = circuit.record as CircuitRecord;
    const mover = circuit.mover(circuit.now());
    this.#wanted.add(mover.id);
    keepNewest(this.#wanted);
    if (slot === undefined || base.state !== 'half-open')
      await circuit.move(halfOpened(base, circuit.policy, mover));
    else {
      const lease = leaseFor(base.leaseMs, mover);
      await circuit.write('lease', (store) => store.lease(base, slot, lease));
    }
    // The lease is in the record if it was granted; if it lapsed on the way, it is no longer worth anything.
    return this.granted(circuit.now());
  }

  /** The lease that this process asked for, if the record shows it granted and it still covers a call; else it goes back. */
  granted(nowMs: number): Probe | undefined {
    const { record } = this.#circuit;
    if (record?.state !== 'half-open' || overrideActive(record, nowMs)) return undefined;
    for (const [slot, lease] of record.leases.entries())
      if (lease && this.#wanted.delete(lease.id)) {
        const probe = new Probe(record, slot, lease);
        // A call that outlived its lease would run beside the next prober's.
        if (nowMs + this.#callMs(record.leaseMs) <= lease.untilMs) return probe;
        void this.settle(probe, 'cancel');
      }
    return undefined;
  }

  /** The time that a lease of `leaseMs`, as its epoch has them, must have left when its call starts. */
  #callMs(leaseMs: number): number {
    const { timeout } = this.#circuit.policy;
    // No lease covers a call that may take for ever; half of it is for the call, half for the way there.
    return timeout === Infinity ? leaseMs / 2 : Math.min(timeout, leaseMs - LEASE_MARGIN_MS);
  }

  /** Keeps a probe that came too late for its call: the next one gets it. */
  keep(probe: Probe): void {
    this.#wanted.add(probe.lease.id);
  }

  /** Another epoch has begun, in which nothing that was asked for can be granted. */
  forget(): void {
    this.#wanted.clear();
  }

  /** Tells the store how a probe ended, unless it is too late for that; the promise settles when the store has it. */
  settle({ base, slot, lease }: Probe, verdict: ProbeVerdict): Promise<void> | undefined {
    const circuit = this.#circuit;
    const { record } = circuit;
    // The store would refuse it.
    if (circuit.now() >= lease.untilMs || !base || !record || !sameEpoch(base.epoch, record.epoch))
      return undefined;
    const settled = circuit
      .write('settle', (store) => store.settle(base, { leaseId: lease.id, slot, verdict }))
      .then(() => circuit.deciding);
    this.underway.add(settled);
    return settled.finally(() => this.underway.delete(settled));
  }
}
