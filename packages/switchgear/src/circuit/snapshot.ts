/** What a process last heard of the fleet's record, and how old that is. */

import { type CircuitRecord, sameEpoch } from '../core/record.ts';

/** What became of an answer: taken; older than what is known; or in contradiction to it, until a consistent read decides. */
export type Taken = 'taken' | 'older' | 'doubtful';

/**
 * Puts the store's answers in order. They overtake one another, may come from a lagging replica, and may come to a process
 * that was frozen meanwhile: so an answer is as old as its question.
 */
export class Snapshot {
  record: CircuitRecord | undefined;
  /** When the request that brought the record was sent, by the local clock. */
  readMs = -Infinity;
  #heardMs = -Infinity;

  /** Whether the record is no answer any more at `nowMs`, being `maxStale` old, or of unknown age since the clock was set back. */
  stale(nowMs: number, maxStale: number): boolean {
    const age = nowMs - this.readMs;
    return !(age >= 0 && age < maxStale);
  }

  /** Takes the answer to a request sent at `sentMs`. `sure`: it is a write's answer or a consistent read. */
  take(record: CircuitRecord, sentMs: number, nowMs: number, sure: boolean): Taken {
    // The clock was set back: when the known one was read is not known any more.
    if (this.#heardMs > nowMs) this.#heardMs = this.readMs = -Infinity;
    const known = this.record;
    if (known && regresses(record, known)) {
      // Asked before, or together with, what is known: in doubt the known one is the newer.
      if (sentMs <= this.readMs) return 'older';
      // Asked while the known one was under way: which of the two the store did first is open.
      if (!sure || sentMs < this.#heardMs) return 'doubtful';
    } else if (known && sentMs < this.readMs && !sure && sameEpoch(record.epoch, known.epoch)) return 'older';
    this.record = record;
    this.readMs = Math.max(Math.min(sentMs, nowMs), this.readMs);
    this.#heardMs = nowMs;
    return 'taken';
  }
}

/** Whether `record` looks older than `known`: only a consistent read may say so. */
function regresses(record: CircuitRecord, known: CircuitRecord): boolean {
  return (
    (record.epoch.number <= known.epoch.number && !sameEpoch(record.epoch, known.epoch)) ||
    (record.override?.version ?? record.settledOverride) <
      (known.override?.version ?? known.settledOverride) ||
    (record.policy?.version ?? 0) < (known.policy?.version ?? 0)
  );
}
