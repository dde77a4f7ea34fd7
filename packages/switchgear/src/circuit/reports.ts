/** Sends a process's evidence of a circuit to the fleet: one report at a time, none while the store asks for quiet. */

import type { CircuitRecord } from '../core/record.ts';
import type { Store, WriteAnswer } from '../store/contract.ts';
import type { Era } from './era.ts';
import type { Host } from './host.ts';

/** A process whose report was refused sends none for this time, lengthened by chance to at most twice as much. */
const HUSH_MS = 500;

/** What reporting needs of the circuit. */
export interface ReportedCircuit {
  readonly record: CircuitRecord | undefined;
  readonly era: Era;
  write(verb: 'report', run: (store: Store) => Promise<WriteAnswer>, refused: () => void): Promise<void>;
  load(): Promise<void>;
  /** What the latest answer has brought about. */
  readonly deciding: Promise<void> | undefined;
}

export class Reports {
  readonly #circuit: ReportedCircuit;
  readonly #host: Host;
  #sending: Promise<void> | undefined;
  /** The report after the one under way, for failures that came meanwhile. */
  #following: Promise<void> | undefined;
  /** Until then the store is spared: it has refused the latest report, as one does that is asked too much. `-Infinity`: it has not. */
  #hushUntilMs = -Infinity;

  constructor(circuit: ReportedCircuit, host: Host) {
    this.#circuit = circuit;
    this.#host = host;
  }

  /** Reports that wait for their answer, or for the one before. */
  get underway(): readonly (Promise<void> | undefined)[] {
    return [this.#sending, this.#following];
  }

  /** Sends what is unsent. What comes while a report is under way goes with the next. */
  send(): Promise<void> | undefined {
    const now = this.#host.clock.now();
    if (now < this.#hushUntilMs && this.#hushUntilMs - now <= 2 * HUSH_MS) return undefined;
    if (this.#sending) {
      this.#following ??= this.#sending.then(() => {
        this.#following = undefined;
        return this.send();
      });
      return this.#following;
    }
    this.#sending = this.#send();
    return this.#sending;
  }

  async #send(): Promise<void> {
    const { record: base, era } = this.#circuit;
    const evidence = base && era.takeUnsent();
    if (evidence) {
      const spared = this.#hushUntilMs;
      this.#hushUntilMs = -Infinity;
      let read: Promise<void> | undefined;
      const refused = () => {
        era.unsend(evidence);
        this.#hushUntilMs = this.#host.clock.now() + HUSH_MS * (1 + this.#host.random());
        // It brought no answer, and a store that takes no more writes may take reads. Not after each of them.
        if (spared === -Infinity) read = this.#circuit.load();
      };
      await this.#circuit.write('report', (store) => store.report(base, evidence), refused);
      await read;
    }
    // What the answer has brought about belongs to it: in Lambda the caller waits for both.
    await this.#circuit.deciding;
    this.#sending = undefined;
  }
}
