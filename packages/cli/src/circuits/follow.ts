import type { CircuitRecord, HistoryEntry, OperatorStore, Override } from 'switchgear';
import { readRecords } from './read-records.ts';

/** Something that happened to a circuit. */
export type Happening =
  | { readonly name: string; readonly kind: 'transition'; readonly transition: HistoryEntry }
  /** An operator's act; `released` where it ended what was in force. */
  | {
      readonly name: string;
      readonly kind: 'override';
      readonly override: Override;
      readonly released: boolean;
    };

/** The last that is known of a circuit. */
interface Mark {
  readonly epoch: number;
  readonly override: number;
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
    for (const record of records) await this.heard(record);
    this.#started = true;
  }

  /** Takes a record that was read or pushed. Rejects where the history is needed and the store fails: the next reading catches up. */
  heard(record: CircuitRecord): Promise<void> {
    // One after the other: a push must not overtake the history that is being read for the one before it.
    const turn = this.#queue.then(() => this.#take(record));
    this.#queue = turn.catch(() => {});
    return turn;
  }

  async #take(record: CircuitRecord): Promise<void> {
    const { name, epoch, override } = record;
    // A circuit that was not there before has all its past to tell.
    const mark = this.#marks.get(name) ?? (this.#started ? { epoch: 0, override: 0 } : undefined);
    const now = { epoch: epoch.number, override: override?.version ?? record.settledOverride };
    if (mark && now.epoch > mark.epoch) {
      for (const transition of await this.#between(record, mark.epoch))
        this.#tell({ name, kind: 'transition', transition });
    }
    if (mark && override && override.version > mark.override)
      this.#tell({ name, kind: 'override', override, released: override.untilMs === override.atMs });
    // A pushed record may be older than what was read.
    if (!mark || now.epoch >= mark.epoch) this.#marks.set(name, now);
  }

  /** Transitions behind epoch `after` up to the record's, oldest first. */
  async #between(record: CircuitRecord, after: number): Promise<readonly HistoryEntry[]> {
    const { name, epoch, transition } = record;
    if (epoch.number === after + 1 && transition) return [{ ...transition, epoch }];
    const entries = await this.#store.history(name, epoch.number - after);
    return entries
      .filter((entry) => entry.epoch.number > after && entry.epoch.number <= epoch.number)
      .reverse();
  }
}
