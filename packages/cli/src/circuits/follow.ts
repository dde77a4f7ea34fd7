import type { CircuitRecord, HistoryEntry, OperatorAct, OperatorStore } from 'switchgear';
import { readRecords } from './read-records.ts';

/** Something that happened to a circuit. */
export type Happening =
  | { readonly name: string; readonly kind: 'transition'; readonly transition: HistoryEntry }
  /** An operator's: an override (a release where `untilMs` is `atMs`), or settings (removed where they have no `values`). */
  | { readonly name: string; readonly kind: 'act'; readonly act: OperatorAct };

/** The last that is known of a circuit. */
interface Mark {
  readonly epoch: number;
  readonly override: number;
  readonly policy: number;
}

/**
 * Tells every transition and every act of an operator from now on, each once, in their order, however many readings lie apart:
 * what passed in between is in the history.
 */
export class Follower {
  readonly #store: OperatorStore;
  readonly #tell: (happening: Happening) => void;
  readonly #marks = new Map<string, Mark>();
  #queue: Promise<void> = Promise.resolve();
  #started = false;

  constructor(store: OperatorStore, tell: (happening: Happening) => void) {
    this.#store = store;
    this.#tell = tell;
  }

  /** Reads all circuits; the first time only to know where things stand. */
  async read(): Promise<void> {
    const { records } = await readRecords(this.#store);
    await this.see(records);
  }

  /** The same for all circuits as somebody else has read them. */
  async see(records: readonly CircuitRecord[]): Promise<void> {
    const turns = records.map((record) => this.heard(record));
    this.#started = true;
    const failed = (await Promise.allSettled(turns)).find(({ status }) => status === 'rejected');
    if (failed) throw (failed as PromiseRejectedResult).reason;
  }

  /** Takes a record that was read or pushed. Rejects where the history is needed and the store fails: the next reading catches up. */
  heard(record: CircuitRecord): Promise<void> {
    // One after the other: a push must not overtake the history that is being read for the one before it.
    const started = this.#started;
    const turn = this.#queue.then(() => this.#take(record, started));
    this.#queue = turn.catch(() => {});
    return turn;
  }

  async #take(record: CircuitRecord, started: boolean): Promise<void> {
    const { name } = record;
    // A circuit that was not there before has all its past to tell.
    const mark = this.#marks.get(name) ?? (started ? NOTHING : undefined);
    if (mark) for (const happening of await this.#since(mark, record)) this.#tell(happening);
    this.#marks.set(name, later(mark, markOf(record)));
  }

  /** What led from `mark` to the record, oldest first; all of it, or it rejects. */
  async #since(mark: Mark, record: CircuitRecord): Promise<readonly Happening[]> {
    const { name } = record;
    const [transitions, acts] = await Promise.all([
      this.#transitionsSince(mark.epoch, record),
      this.#actsSince(mark, record),
    ]);
    return [
      ...transitions.map((transition) => ({ name, kind: 'transition', transition }) as const),
      ...acts.map((act) => ({ name, kind: 'act', act }) as const),
    ].sort((a, b) => atMs(a) - atMs(b));
  }

  async #transitionsSince(after: number, record: CircuitRecord): Promise<readonly HistoryEntry[]> {
    const { name, epoch, transition } = record;
    if (epoch.number <= after) return [];
    if (epoch.number === after + 1 && transition) return [{ ...transition, epoch }];
    const entries = await this.#store.history(name, epoch.number - after);
    return entries
      .filter((entry) => entry.epoch.number > after && entry.epoch.number <= epoch.number)
      .reverse();
  }

  async #actsSince(mark: Mark, record: CircuitRecord): Promise<readonly OperatorAct[]> {
    const { name, override, policy } = record;
    const now = markOf(record);
    const missed = Math.max(0, now.override - mark.override) + Math.max(0, now.policy - mark.policy);
    const latest: OperatorAct[] = [];
    if (override && override.version > mark.override) latest.push({ kind: 'override', ...override });
    if (policy && policy.version > mark.policy) latest.push({ kind: 'policy', ...policy });
    if (latest.length === missed) return latest;
    const acts = await this.#store.acts(name, missed);
    return acts.filter(({ kind, version }) => version > mark[kind]).reverse();
  }
}

const NOTHING: Mark = { epoch: 0, override: 0, policy: 0 };

function markOf({ epoch, override, settledOverride, policy }: CircuitRecord): Mark {
  return {
    epoch: epoch.number,
    override: override?.version ?? settledOverride,
    policy: policy?.version ?? 0,
  };
}

/** A pushed record may be older than what was read, and the other way round. */
function later(a: Mark | undefined, b: Mark): Mark {
  if (!a) return b;
  return {
    epoch: Math.max(a.epoch, b.epoch),
    override: Math.max(a.override, b.override),
    policy: Math.max(a.policy, b.policy),
  };
}

function atMs(happening: Happening): number {
  return happening.kind === 'act' ? happening.act.atMs : happening.transition.atMs;
}
