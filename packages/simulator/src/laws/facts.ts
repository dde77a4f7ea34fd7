import type { CircuitRecord, CircuitStatus, StateChange } from 'switchgear';
import type { Engine } from '../engine/engine.ts';
import type { Process } from '../engine/process.ts';
import type { ModelledStore, Source, StoreWatcher, Verb } from '../store/modelled-store.ts';
import type { Write } from '../store/write.ts';
import { CIRCUIT } from '../strategies/switchgear.ts';
import { SwitchgearGuard } from '../strategies/switchgear-guard.ts';
import type { Outcome } from '../world/dependency.ts';
import type { Member } from '../world/member.ts';
import type { Call } from '../world/traffic.ts';

type Counters = Record<
  | 'calls'
  | 'failures'
  | 'failuresInTime'
  | 'sentCalls'
  | 'sentFailures'
  | 'undoneCalls'
  | 'undoneFailures'
  | 'probesStarted'
  | 'probeSuccesses'
  | 'probeFailures',
  number
>;

/** After a report that was refused, a process sends none for at most this long. */
const MOST_HUSH_MS = 1_000;

/** What really happened between one process and one epoch. */
export interface Part extends Counters {
  readonly process: Process;
  /** It has tried to end the epoch, or gone its own way in it: from then on its evidence may be moot. */
  moved: boolean;
  /** `failuresInTime` when the latest report was sent: what comes while it is under way follows it, unless it is refused. */
  failuresWhenSent: number;
  /** Leases that it was granted. */
  leases: { readonly id: string; readonly untilMs: number }[];
  /** True times, and times that the process had run until then. */
  readonly failedAt: { readonly atMs: number; readonly upMs: number }[];
}

/** What a process was told. */
interface Knowledge {
  /** Newest epoch. */
  number: number;
  /** Epochs that it has read of, and those that it has cause to believe in. */
  readonly read: Set<string>;
  readonly epochs: Set<string>;
  /** An answer has taught it the store's time. */
  timed: boolean;
  /** The newest record that it has cause to believe in. */
  latest: CircuitRecord | undefined;
  /** When it asked for that, in whole milliseconds as processes see them. */
  askedMs: number;
  /** True time of the latest request. */
  requestedMs: number;
  /** Requests without an answer so far. */
  pending: number;
  /** True time of the latest failure of a request. */
  failedMs: number;
  /** Of the latest report that it was told not to have arrived. */
  refusedMs: number;
  /** Times of the failures that it has seen, in whatever epoch or none. */
  readonly failuresMs: number[];
}

/** What a call was admitted as. */
export interface Admitted {
  /** `passed`: it would have been refused, but nothing is to be; it says nothing. */
  readonly kind: 'ordinary' | 'probe' | 'local' | 'blind' | 'passed';
  readonly status: CircuitStatus;
  readonly part: Part;
  readonly atMs: number;
  /** Time that its process had run until then, and how often that had been frozen. */
  readonly upMs: number;
  readonly freezes: number;
}

export type Policy = SwitchgearGuard['breaker']['options'];

/** Everything that the laws are judged by: what was, whoever may know it. */
export class Facts implements Pick<StoreWatcher, 'sent' | 'asked' | 'wrote' | 'told' | 'failed'> {
  readonly engine: Engine;
  readonly store: ModelledStore;
  readonly policy: Policy;
  /** Processes that are there at present. */
  readonly members: () => readonly Member[];
  readonly #parts = new Map<string, Map<Process, Part>>();
  readonly #knowledge = new Map<Process, Knowledge>();
  readonly #calls = new Map<Call, Admitted>();

  constructor(engine: Engine, store: ModelledStore, policy: Policy, members: () => readonly Member[]) {
    this.engine = engine;
    this.store = store;
    this.policy = policy;
    this.members = members;
  }

  /** What the process's breaker says of itself. */
  status(member: Member): CircuitStatus {
    return ours(member).breaker.state;
  }

  /** The circuit as it truly is; `undefined` before its first write. */
  get record(): CircuitRecord | undefined {
    return this.store.past.newest(CIRCUIT);
  }

  /** Members that run and know the present epoch. */
  upToDate(): readonly Member[] {
    const id = this.record?.epoch.id;
    return this.members().filter(
      ({ process }) => process.running && id !== undefined && this.known(process).epochs.has(id),
    );
  }

  part(epochId: string, process: Process): Part {
    let epoch = this.#parts.get(epochId);
    if (!epoch) {
      epoch = new Map();
      this.#parts.set(epochId, epoch);
    }
    let part = epoch.get(process);
    if (!part) {
      part = {
        process,
        moved: false,
        failuresWhenSent: 0,
        leases: [],
        failedAt: [],
        calls: 0,
        failures: 0,
        failuresInTime: 0,
        sentCalls: 0,
        sentFailures: 0,
        undoneCalls: 0,
        undoneFailures: 0,
        probesStarted: 0,
        probeSuccesses: 0,
        probeFailures: 0,
      };
      epoch.set(process, part);
    }
    return part;
  }

  /** All parts of an epoch. */
  parts(epochId: string): readonly Part[] {
    return [...(this.#parts.get(epochId)?.values() ?? [])];
  }

  known(process: Process): Knowledge {
    let known = this.#knowledge.get(process);
    if (!known) {
      known = {
        number: -1,
        read: new Set(),
        epochs: new Set(),
        latest: undefined,
        timed: false,
        askedMs: Number.NEGATIVE_INFINITY,
        requestedMs: Number.NEGATIVE_INFINITY,
        pending: 0,
        failedMs: Number.NEGATIVE_INFINITY,
        refusedMs: Number.NEGATIVE_INFINITY,
        failuresMs: [],
      };
      this.#knowledge.set(process, known);
    }
    return known;
  }

  admission(call: Call): Admitted {
    return this.#calls.get(call) as Admitted;
  }

  // ── as it happens ────────────────────────────────────────────────────────────────────────────────────────────────

  asked(process: Process): void {
    const known = this.known(process);
    known.requestedMs = this.engine.nowMs;
    known.pending++;
  }

  sent(process: Process, write: Write): void {
    const known = this.known(process);
    known.requestedMs = this.engine.nowMs;
    known.pending++;
    if (write.verb !== 'report' && write.verb !== 'transition') return;
    const part = this.part(write.base.epoch.id, process);
    if (write.verb === 'transition') part.moved = true;
    else {
      part.failuresWhenSent = part.failuresInTime;
      for (const { calls, failures } of Object.values(write.evidence)) {
        part.sentCalls += calls;
        part.sentFailures += failures;
      }
    }
  }

  wrote(
    process: Process,
    write: Write,
    { accepted, record }: { accepted: boolean; record: CircuitRecord },
  ): void {
    if (!accepted || record.state !== 'half-open') return;
    const id =
      write.verb === 'lease' ? write.lease.id : write.verb === 'transition' ? record.epoch.id : undefined;
    const lease = record.leases.find((held) => held?.id === id);
    if (lease) this.part(record.epoch.id, process).leases.push(lease);
  }

  told(process: Process, records: readonly CircuitRecord[], askedMs: number, source: Source): void {
    const known = this.known(process);
    const sure = source === 'write' || source === 'consistent read';
    if (source !== 'push') {
      known.timed = true;
      known.pending--;
    }
    for (const record of records) {
      const { number, id } = record.epoch;
      known.read.add(id);
      // A lower epoch, or another one of the same number, is not believed before a consistent read.
      const believed = sure || number > known.number || known.latest?.epoch.id === id;
      // What was asked earlier may have been answered earlier, whenever it comes.
      const overtaken = !sure && id === known.latest?.epoch.id && Math.floor(askedMs) < known.askedMs;
      if (number < known.number || !believed || overtaken) continue;
      known.askedMs = Math.max(known.askedMs, Math.floor(askedMs));
      known.epochs.add(id);
      known.number = number;
      if (overrideVersion(record) >= overrideVersion(known.latest)) known.latest = record;
    }
  }

  changed(process: Process, { source, circuit }: StateChange): void {
    const latest = this.known(process).latest?.epoch.id;
    if (source === 'local' && circuit === CIRCUIT && latest) this.part(latest, process).moved = true;
  }

  failed(process: Process, verb: Verb, undone?: Write): void {
    this.known(process).failedMs = this.engine.nowMs;
    // Whether a transition was filed is asked beside all else, and not counted as a request.
    if (verb !== 'filed') this.known(process).pending--;
    if (undone?.verb !== 'report') return;
    this.known(process).refusedMs = this.engine.nowMs;
    const part = this.part(undone.base.epoch.id, process);
    part.failuresInTime = part.failuresWhenSent;
    for (const { calls, failures } of Object.values(undone.evidence)) {
      part.undoneCalls += calls;
      part.undoneFailures += failures;
    }
  }

  /** Failures that may hold a process open by itself: of the window, at the time when it tripped. */
  ownFailures(process: Process): number {
    const { failureWindow, maxResetTimeout } = this.policy;
    const fromMs = this.engine.nowMs - failureWindow - maxResetTimeout;
    return this.known(process).failuresMs.filter((atMs) => atMs >= fromMs).length;
  }

  /** Called before the laws see the admission. */
  admit(call: Call): void {
    const status = this.status(call.member);
    const part = this.part(status.epoch.id, call.process);
    const kind = call.ticket?.counted === false ? 'passed' : this.#kind(status, call.process);
    if (kind === 'probe') part.probesStarted++;
    const { upMs, running } = call.process;
    // Frozen in the middle of what it does now, it has not lost that time yet.
    const freezes = call.process.freezes - (running ? 0 : 1);
    this.#calls.set(call, { kind, status, part, atMs: this.engine.nowMs, upMs, freezes });
  }

  /** Called before the laws see the end. */
  end(call: Call, outcome: Outcome): void {
    const { kind, part, atMs } = this.admission(call);
    if (kind === 'passed') return;
    if (outcome === 'failure') this.known(call.process).failuresMs.push(this.engine.nowMs);
    // A process on its own may still use a lease of the fleet that it was granted before: from outside nobody can tell.
    const leased = kind === 'local' && part.leases.length > 0;
    if (outcome === 'ignored' || kind === 'blind') return;
    // That its own probe failed is evidence for the fleet like any other call; that it went well ends its own circuit alone.
    if (kind === 'local' && outcome === 'failure') {
      part.calls++;
      part.failures++;
      part.failedAt.push({ atMs: this.engine.nowMs, upMs: call.process.upMs });
    }
    if (kind === 'local' && !leased) return;
    if (kind === 'probe' || leased) {
      if (outcome === 'success') part.probeSuccesses++;
      else part.probeFailures++;
      return;
    }
    const { nowMs } = this.engine;
    part.calls++;
    if (outcome === 'success') return;
    part.failures++;
    part.failedAt.push({ atMs: nowMs, upMs: call.process.upMs });
    // A permit that was held longer has lapsed; and a store that refused a report is spared for a moment.
    const hushed = nowMs - this.known(call.process).refusedMs < MOST_HUSH_MS;
    if (nowMs - atMs < this.policy.leaseDuration && !hushed) part.failuresInTime++;
  }

  #kind({ state }: CircuitStatus, process: Process): Admitted['kind'] {
    const { number, latest } = this.known(process);
    if (state === 'local-open') return 'local';
    if (number < 0) return 'blind';
    // What lies below a forced-closed that has ended says nothing: everything is admitted until somebody closes it.
    const lifted = latest && overrideVersion(latest) > latest.settledOverride;
    return state === 'half-open' && !(lifted && latest.override?.mode !== 'forced-open')
      ? 'probe'
      : 'ordinary';
  }
}

/** Version of the newest override that the record knows of, ended or not. */
function overrideVersion(record: CircuitRecord | undefined): number {
  return record ? (record.override?.version ?? record.settledOverride) : 0;
}

/** A guard of ours, for those who look at it from outside. */
export function ours(member: Member): SwitchgearGuard {
  if (!(member.guard instanceof SwitchgearGuard)) throw new TypeError('the laws are those of switchgear');
  return member.guard;
}
