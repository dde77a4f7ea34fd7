/** Circuits in the memory of this process: for tests, and for circuits that a process keeps to itself. */

import { type Clock, systemClock } from '../../clock.ts';
import {
  moveTo,
  type OverrideRequest,
  overridden,
  type ProbeResult,
  reportEvidence,
  reportProbe,
  type Signature,
  settingsAfter,
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
import { newestActs } from '../acts.ts';
import type { HistoryEntry, OperatorAct, OperatorStore, WriteAnswer } from '../contract.ts';
import { filedIn } from '../filed.ts';

/** Transitions kept per circuit, and operators' acts. */
const HISTORY_LIMIT = 1_000;

export class MemoryStore implements OperatorStore {
  readonly #clock: Clock;
  readonly #records = new Map<string, CircuitRecord>();
  readonly #history = new Map<string, HistoryEntry[]>();
  readonly #acts = new Map<string, OperatorAct[]>();
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

  async policy(name: string, values: StoredPolicy['values'] | null, author: Signature): Promise<WriteAnswer> {
    return this.#write(rootRecord(name, DEFAULT_WINDOW), (record) => {
      const policy = settingsAfter(record, values, author, this.now());
      return policy && { ...record, sinceMs: record.sinceMs || this.now(), policy };
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

  async acts(name: string, limit = 100): Promise<OperatorAct[]> {
    return newestActs(this.#acts.get(name) ?? [], limit);
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
    const { name, transition, override, policy } = after;
    if (moved && transition) file(this.#history, name, { ...transition, epoch: after.epoch });
    const forced = override !== before.override;
    const tuned = policy !== before.policy;
    if (forced && override) file(this.#acts, name, { kind: 'override', ...override });
    if (tuned && policy) file(this.#acts, name, { kind: 'policy', ...policy });
    if (moved || forced || tuned) this.#push(after);
    return { accepted: true, record: after };
  }

  #push(record: CircuitRecord): void {
    for (const listener of this.#listeners) listener(record);
  }
}

function file<T>(entries: Map<string, T[]>, name: string, entry: T): void {
  entries.set(name, [entry, ...(entries.get(name) ?? [])].slice(0, HISTORY_LIMIT));
}

/** Whether further probes are wanted: a verdict that ends the epoch is told by the transition alone, or all would try it. */
function goesOn(record: CircuitRecord): boolean {
  return record.state === 'half-open' && record.failures === 0 && record.successes < record.successesNeeded;
}
