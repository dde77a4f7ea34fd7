/** What a store must do. `switchgear/testing` exports the suite that holds a store to it. */

import type { OverrideRequest, ProbeResult, Signature } from '../core/apply.ts';
import type { Evidence, Window } from '../core/evidence.ts';
import type {
  CircuitRecord,
  Epoch,
  Head,
  Lease,
  Override,
  StoredPolicy,
  Transition,
} from '../core/record.ts';

/** The outcome of a conditional write. The record is as it was read by the write itself, whoever won. */
export interface WriteAnswer {
  /** Whether this write took effect. */
  readonly accepted: boolean;
  /** The record after the write, or the one that refused it: the loser needs no second read. */
  readonly record: CircuitRecord;
}

/** One line of a circuit's history. */
export interface HistoryEntry extends Transition {
  readonly epoch: Epoch;
}

/** What an operator did: an override (a release where `untilMs` is `atMs`), or settings (removed where they have no `values`). */
export type OperatorAct =
  | ({ readonly kind: 'override' } & Override)
  | ({ readonly kind: 'policy' } & StoredPolicy);

/** Something that keeps a store from doing its work, or will. */
export interface StoreProblem {
  /** `error`: circuits cannot be shared. `warning`: they can, with less than is promised. */
  readonly severity: 'error' | 'warning';
  readonly what: string;
  /** What to do about it. */
  readonly mend: string;
}

export interface LoadOptions {
  readonly consistent?: boolean;
  readonly unreadable?: (error: unknown) => void;
  /** How long to wait, where some answers have come, for the others: after that they count as failed. Milliseconds. */
  readonly withinMs?: number;
}

/**
 * A place where a fleet keeps its circuits. Each verb is one atomic round trip (exceptions are named), and none
 * retries by itself: an ADD is not idempotent. A verb that rejects with a `StoreError` says whether the write is
 * known not to have happened (`fate: 'refused'`) or may have (`'unknown'`); any other rejection counts as unknown.
 *
 * `base` is always the record from which the caller derived its write; a write takes effect only while the stored
 * epoch equals `base.epoch`. Every answer is adopted by the caller, so a store must never return a record that it
 * did not read. The write that creates a record may cost one more, for the directory behind `list`.
 */
export interface Store {
  /**
   * The store's time in milliseconds as this process knows it, or `undefined` until answers have taught it to ±1 s: no circuit is
   * tripped and no probe leased by a worse clock.
   * Reads a clock and an offset: no I/O.
   */
  now(): number | undefined;

  /**
   * The records of many circuits, in the order of `names`; a circuit that is not there is its `rootRecord`, cut as
   * `window` says.
   * Cost: one call per 100 keys (DynamoDB) or per node (Redis). May be eventually consistent unless `consistent`.
   * A record that is there but cannot be read makes it reject, and so does a call that fails. With `unreadable` both concern their
   * own circuits alone, as long as there is any answer: their places in it stay `undefined`, and `unreadable` is told why, once for
   * each record that cannot be read and once for all that there was no answer about. Each place has its own circuit's record or none.
   */
  load(
    names: readonly string[],
    window: (name: string) => Window,
    options?: LoadOptions,
  ): Promise<CircuitRecord[]>;

  /** Adds evidence (there may be none) to the buckets, if the epoch holds; creates a missing record. Cost: one write. */
  report(base: CircuitRecord, evidence: Evidence): Promise<WriteAnswer>;

  /**
   * Gives back a probe slot with its verdict, if the epoch holds AND the slot still has that lease AND the lease has not
   * expired by the store's time. Cost: one write.
   */
  settle(base: CircuitRecord, probe: ProbeResult): Promise<WriteAnswer>;

  /**
   * Compare-and-set of the epoch; creates a missing record. Files `base.transition` into the history first (idempotently), so that a history has
   * every transition even when its committer dies. Leaves override and policy alone, empties the evidence.
   * Cost: one write, two where there is a transition to file.
   */
  transition(base: CircuitRecord, next: Head): Promise<WriteAnswer>;

  /** Takes probe slot `slot`, if the epoch holds and the slot is free or its lease ended 2 s ago or more. Cost: one write. */
  lease(base: CircuitRecord, slot: number, lease: Lease): Promise<WriteAnswer>;

  /**
   * Whether the history has the transitions that began these epochs, each before the present one: so that a process whose reply
   * was lost learns whether it won, after others have moved on. Cost: one consistent read.
   */
  filed(name: string, epochs: readonly Epoch[]): Promise<boolean[]>;

  /**
   * Calls `listener`, which must not throw, with each record that changed its epoch, override or policy, or whose probe slot is free for
   * another probe (a verdict that ends the epoch is told by the transition alone), where the store can push; with unchanged ones too, where it cannot tell what was missed. Returns the unsubscribe.
   */
  subscribe?(listener: (record: CircuitRecord) => void): () => void;

  /**
   * What is wrong with the store, each thing with its mend; empty where nothing is. Tries what the verbs need, with a write
   * beside all circuits that expires by itself. Does not reject. Cost: up to a few dozen calls, in a few round trips.
   */
  check?(): Promise<StoreProblem[]>;

  /** Gives back connections that the store itself opened. */
  close?(): Promise<void>;
}

/** A store that operators can act on too: what `Operator` of `switchgear/operate` needs, and no call does. */
export interface OperatorStore extends Store {
  /**
   * Sets or ends an override; moves no epoch. Creates a missing record. Files the one that it replaces for `acts`. Concurrent
   * operators: the last one holds, each gets a version of its own. `accepted` is false where there was nothing to release, or
   * where another than version `ifVersion` is there.
   * Cost: one write (DynamoDB: two where there is one to file), and a read that acts begun together share (DynamoDB: one per
   * 100; Redis: one round trip per node).
   */
  override(name: string, request: OverrideRequest): Promise<WriteAnswer>;

  /** Stores settings with the circuit (`null` removes them); moves no epoch. Cost: as for `override`. */
  policy(name: string, values: StoredPolicy['values'] | null, author: Signature): Promise<WriteAnswer>;

  /** Transitions of a circuit, newest first, at most `limit` (100). */
  history(name: string, limit?: number): Promise<HistoryEntry[]>;

  /**
   * What operators did with a circuit, newest first, at most `limit` (100): the present override and settings, and those before
   * them, for 30 days from when they were replaced. One that a hand has broken is left out. A `clear` is in the history.
   */
  acts(name: string, limit?: number): Promise<OperatorAct[]>;

  /** Names of all circuits that were ever written. A query, never a scan. */
  list(): Promise<string[]>;

  /**
   * Puts circuits into a new closed epoch without override; history and acts stay. Records are never deleted, so that epoch
   * numbers do not restart under a frozen process. Cost: as for `override`, per circuit.
   * One more write where there is a transition to file.
   */
  clear(names: readonly string[], author: { readonly by: string; readonly reason: string }): Promise<void>;
}
