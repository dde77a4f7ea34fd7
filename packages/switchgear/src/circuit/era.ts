/** What this process saw of a circuit in one epoch. */

import { type Counts, type Evidence, minus, NOTHING, plus, slotAt, type Window } from '../core/evidence.ts';
import { type OwnCounts, type Policy, voteShare, wrongWith } from '../core/policy.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

interface Bucket extends Mutable<Counts> {
  readonly slot: number;
  /** What of it went to the store, acknowledged or not: nothing is sent twice. */
  sent: Counts;
}

/**
 * The own window of one process in one epoch, and the ticket of every ordinary call: a result counts only while the
 * era it was admitted under is the present one. So a new epoch drops all older results by one comparison of references.
 */
export class Era {
  /** Settings may change in the middle of an epoch; how its window is cut does not. */
  policy: Policy;
  readonly #window: Window;
  #buckets: Bucket[] = [];
  #current: Bucket = bucket(-Infinity);
  #streak = 0;
  #well: boolean;

  constructor(policy: Policy, window: Window, well = false) {
    this.policy = policy;
    this.#window = window;
    this.#well = well;
  }

  /** Whether the latest call that this process knows of was good; false before the first. */
  get well(): boolean {
    return this.#well;
  }

  /** A new beginning in the same epoch. Votes stay given: the fleet's window still has them, and each process has but its share. */
  afterwards(): Era {
    const next = new Era(this.policy, this.#window, this.#well);
    next.#buckets = this.#buckets.map(({ slot, votes }) => ({
      ...bucket(slot),
      votes,
      sent: { ...NOTHING, votes },
    }));
    next.#current = next.#buckets.at(-1) ?? next.#current;
    return next;
  }

  /** Moves on to the bucket of `nowMs`; returns when that bucket ends. Counting before the first turn is lost. */
  turn(nowMs: number): number {
    const { bucketMs, buckets } = this.#window;
    const slot = slotAt(nowMs, bucketMs);
    if (slot !== this.#current.slot) {
      // Both ends: a clock that was ahead and came back must not leave a bucket in the future.
      this.#buckets = this.#buckets.filter((old) => old.slot > slot - buckets && old.slot < slot);
      this.#current = bucket(slot);
      this.#buckets.push(this.#current);
    }
    return (slot + 1) * bucketMs;
  }

  success(): void {
    this.#current.calls++;
    this.#streak = 0;
    this.#well = true;
  }

  /**
   * Counts a call that failed, was slow, or both. The first failure of the window is isolated, if it comes after a good call, and the
   * first slow call likewise. It is what makes this process tell its calls, and the fleet knows only of processes that had one:
   * by those alone, every dependency looks bad. Without that call, the rest of the process's calls is as bad as any (Haldane,
   * Biometrika 33, 1945: of calls that were made until some were bad, (bad − 1) / (calls − 1) is the unbiased share).
   */
  bad(failed: boolean, slow: boolean): void {
    const current = this.#current;
    const before = this.total();
    const well = this.#well;
    this.#well = false;
    current.calls++;
    if (failed) {
      current.failures++;
      this.#streak++;
      if (well && before.failures === 0) current.isolated++;
    } else this.#streak = 0;
    if (slow) {
      current.slow++;
      if (well && before.slow === 0) current.isolatedSlow++;
    }
    this.#vote();
  }

  /** With a quorum, this process votes while its own calls are bad enough, and no more often than its share. */
  #vote(): void {
    const share = voteShare(this.policy);
    if (share === 0) return;
    const own = this.total();
    const streak = this.#streak >= this.policy.consecutiveFailures;
    const more = streak ? share - own.votes : wrongWith(own, this.policy, 1) && own.votes < share ? 1 : 0;
    this.#current.votes += Math.max(0, more);
  }

  total(): OwnCounts {
    return { ...this.#buckets.reduce<Counts>(plus, NOTHING), streak: this.#streak };
  }

  /** Takes back what is known not to have arrived: it goes with the next report. */
  unsend(evidence: Evidence): void {
    for (const own of this.#buckets) {
      const lost = evidence[own.slot];
      if (lost) own.sent = minus(own.sent, lost);
    }
  }

  /** The evidence that was not sent yet, from now on taken for sent; `undefined` where there is none. */
  takeUnsent(): Evidence | undefined {
    const evidence: Record<number, Counts> = {};
    let some = false;
    for (const own of this.#buckets) {
      const { slot, sent, ...counts } = own;
      if (counts.calls === sent.calls) continue;
      some = true;
      evidence[slot] = minus(counts, sent);
      own.sent = counts;
    }
    return some ? evidence : undefined;
  }
}

function bucket(slot: number): Bucket {
  return { slot, ...NOTHING, sent: NOTHING };
}
