/** The transitions that this process tries to commit, until it knows what became of them. */

import { type CircuitRecord, type Head, sameEpoch } from '../core/record.ts';
import type { Host } from './host.ts';
import { keepNewest } from './keep-newest.ts';
import { announce } from './state-change.ts';

/**
 * One transition is under way at a time. One that was won is announced once, however late that is learnt: from its own
 * answer, from a record that carries its id, or from the history where others have built upon it already (L7).
 */
export class Commits {
  readonly #circuit: string;
  readonly #host: Host;
  readonly #hear: (record: CircuitRecord, sentMs: number) => void;
  /** The newest transitions of unknown fate, by the id of their epoch. */
  readonly #pending = new Map<string, Head>();
  #underway: Promise<void> | undefined;
  /** The history is being asked: each answer that comes meanwhile would ask again. */
  #asking = false;

  constructor(circuit: string, host: Host, hear: (record: CircuitRecord, sentMs: number) => void) {
    this.#circuit = circuit;
    this.#host = host;
    this.#hear = hear;
  }

  /** The one that waits for its answer; settles within the store's budget and never rejects. */
  get underway(): Promise<void> | undefined {
    return this.#underway;
  }

  /** Compare-and-set from `base` to `next`. */
  move(base: CircuitRecord, next: Head): Promise<void> {
    this.#pending.set(next.epoch.id, next);
    keepNewest(this.#pending);
    const forget = () => this.#pending.delete(next.epoch.id);
    const done = () => {
      if (this.#underway === moving) this.#underway = undefined;
    };
    const moving = this.#host.guard
      .call(
        'transition',
        (store) => store.transition(base, next),
        ({ accepted, record }, sentMs) => {
          done();
          // Or the same move would follow upon its own answer, without end.
          if (accepted && record.epoch.number < next.epoch.number)
            throw new TypeError('the store gave a record from before the transition');
          // Lost for certain; unless what refused it is itself, which a retry below us wrote before.
          if (!accepted && !sameEpoch(record.epoch, next.epoch)) forget();
          this.#hear(record, sentMs);
          // Not announced yet where a newer answer has overtaken this one.
          if (accepted) this.claim(next.epoch.id);
        },
        forget,
      )
      .finally(done);
    this.#underway = moving;
    return moving;
  }

  /** Announces the transition with this id if it is one of this process; whether it was one not announced before. */
  claim(epochId: string): boolean {
    const head = this.#pending.get(epochId);
    if (!head) return false;
    this.#pending.delete(epochId);
    announce(this.#host, this.#circuit, head, 'committed');
    return true;
  }

  /** Transitions that others have already built upon were won or lost: the history knows, now or at the next answer. */
  reconcile(record: CircuitRecord): void {
    if (this.#pending.size === 0 || this.#underway || this.#asking) return;
    const epochs = [...this.#pending.values()]
      .map(({ epoch }) => epoch)
      .filter(({ number }) => number < record.epoch.number);
    if (epochs.length === 0) return;
    this.#asking = true;
    void this.#host.guard
      .call(
        'filed',
        (store) => store.filed(this.#circuit, epochs),
        (filed) => {
          for (const [at, { id }] of epochs.entries())
            if (filed[at]) this.claim(id);
            else this.#pending.delete(id);
        },
      )
      .then(() => {
        this.#asking = false;
      });
  }
}
