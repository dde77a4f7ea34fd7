/** Circuits in the memory of this process: for tests, and for circuits that a process keeps to itself. */

import { type Clock, systemClock } from '../../clock.ts';
import {
  moveTo,
  type OverrideRequest,
  overridden,
  type ProbeResult,
  reportEvidence,
  reportProbe,
  takeLease,
} from '../../core/apply.ts';
import type { Evidence, Window } from '../../core/evidence.ts';
import { DEFAULT_WINDOW } from '../../core/policy.ts';
import {
  type CircuitRecord,
  type Epoch,
  type Head,
  type Lease,
  rootRecord,
  type StoredPolicy,
} from '../../core/record.ts';
import { cleared } from '../../core/transitions.ts';
import { newId } from '../../id.ts';
import type { HistoryEntry, OperatorStore, WriteAnswer } from '../contract.ts';
import { filedIn } from '../filed.ts';

/** Transitions kept per circuit. */
const HISTORY_LIMIT = 1_000;

export class MemoryStore implements OperatorStore {
  readonly #clock: Clock;
  readonly #records = new Map<string, CircuitRecord>();
  readonly #history = new Map<string, HistoryEntry[]>();
  readonly #listeners = new Set<(record: CircuitRecord) => void>();

  constructor({ clock = systemClock }: { clock?: Clock } = {}) {
    this.#clock = clock;
  }

  now(): number {
    return this.#clock.now();
  }

  async load(names: readonly string[], window: (name: string) => Window): Promise<CircuitRecord[]> {
    return names.map((name) => this.#records.get(name) ?? rootRecord(name, window(name)));
  }

  async report(base: CircuitRecord, evidence: Evidence): Promise<WriteAnswer> {
    return this.#write(base, (record) => reportEvidence(record, base.epoch, evidence, this.now()));
  }

  async settle(base: CircuitRecord, probe: ProbeResult): Promise<WriteAnswer> {
    const answer = this.#write(base, (record) => reportProbe(record, base.epoch, probe, this.now()));
    if (answer.accepted && goesOn(answer.record)) this.#push(answer.record);
    return answer;
  }

  async lease(base: CircuitRecord, slot: number, lease: Lease): Promise<WriteAnswer> {
    return this.#write(base, (record) => takeLease(record, base.epoch, slot, lease, this.now()));
  }

  async transition(base: CircuitRecord, next: Head): Promise<WriteAnswer> {
    return this.#write(base, (record) => moveTo(record, base.epoch, next));
  }

  async override(name: string, request: OverrideRequest): Promise<WriteAnswer> {
    return this.#write(rootRecord(name, DEFAULT_WINDOW), (record) => {
      const override = overridden(record, request, this.now());
      return override && { ...record, sinceMs: record.sinceMs || this.now(), override };
    });
  }

  async policy(
    name: string,
    values: StoredPolicy['values'] | null,
    author: { readonly by: string; readonly reason: string },
  ): Promise<WriteAnswer> {
    return this.#write(rootRecord(name, DEFAULT_WINDOW), (record) => {
      const version = (record.policy?.version ?? 0) + 1;
      const policy = { version, values: values ?? {}, ...author, atMs: this.now() };
      return { ...record, sinceMs: record.sinceMs || this.now(), policy };
    });
  }

  async list(): Promise<string[]> {
    return [...this.#records.keys()];
  }

  async filed(name: string, epochs: readonly Epoch[]): Promise<boolean[]> {
    return filedIn(this.#history.get(name) ?? [], epochs);
  }

  async history(name: string, limit = 100): Promise<HistoryEntry[]> {
    return (this.#history.get(name) ?? []).slice(0, limit);
  }

  async clear(
    names: readonly string[],
    { by, reason }: { readonly by: string; readonly reason: string },
  ): Promise<void> {
    for (const name of names) {
      const mover = { nowMs: this.now(), id: newId(), by };
      this.#write(rootRecord(name, DEFAULT_WINDOW), (record) => {
        const { override, ...rest } = record;
        return moveTo(rest, record.epoch, cleared(record, mover, reason));
      });
    }
  }

  subscribe(listener: (record: CircuitRecord) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** A circuit that is not there yet is the root record with the base's cut: nothing else of `base` was ever read here. */
  #write(base: CircuitRecord, verb: (record: CircuitRecord) => CircuitRecord | undefined): WriteAnswer {
    const before = this.#records.get(base.name) ?? rootRecord(base.name, base);
    const after = verb(before);
    if (!after) return { accepted: false, record: before };
    this.#records.set(before.name, after);
    const moved = after.epoch !== before.epoch;
    if (moved && after.transition) this.#file(after.name, { ...after.transition, epoch: after.epoch });
    if (moved || after.override !== before.override || after.policy !== before.policy) this.#push(after);
    return { accepted: true, record: after };
  }

  #push(record: CircuitRecord): void {
    for (const listener of this.#listeners) listener(record);
  }

  #file(name: string, entry: HistoryEntry): void {
    const entries = this.#history.get(name) ?? [];
    this.#history.set(name, [entry, ...entries].slice(0, HISTORY_LIMIT));
  }
}

/** Whether further probes are wanted: a verdict that ends the epoch is told by the transition alone, or all would try it. */
function goesOn(record: CircuitRecord): boolean {
  return record.state === 'half-open' && record.failures === 0 && record.successes < record.successesNeeded;
}
