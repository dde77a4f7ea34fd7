import type { Engine } from '../engine/engine.ts';
import { type Process, ProcessEvent } from '../engine/process.ts';
import type { Random } from '../engine/random.ts';
import { Meter } from '../store/meter.ts';
import type { StoreProfile } from '../store/store-profile.ts';

/** One item of a store that knows no circuits, for strategies that keep theirs in it. */
export class PlainItem<T> {
  readonly profile: StoreProfile;
  readonly meter = new Meter();
  readonly #engine: Engine;
  readonly #random: Random;
  #value: T;

  constructor(engine: Engine, profile: StoreProfile, random: Random, value: T) {
    this.#engine = engine;
    this.profile = profile;
    this.#random = random;
    this.#value = value;
  }

  /** Resolves with the value; rejects where the item throttles. */
  read(process: Process, consistent = true): Promise<T> {
    const { itemReadsPerSecond, plainReadCost } = this.profile;
    const cost = consistent ? 1 : plainReadCost;
    return this.#ask(process, () => this.meter.read('item', cost, itemReadsPerSecond, this.#engine.nowMs));
  }

  /** Replaces the value where `change` makes a new one of the present; resolves with the value after; rejects where the item throttles. */
  write(process: Process, change: (present: T) => T | undefined): Promise<T> {
    return this.#ask(process, () => {
      if (!this.meter.write('item', this.profile.itemWritesPerSecond, this.#engine.nowMs)) return false;
      this.#value = change(this.#value) ?? this.#value;
      return true;
    });
  }

  #ask(process: Process, work: () => boolean): Promise<T> {
    const engine = this.#engine;
    return new Promise((resolve, reject) => {
      engine.after(this.profile.wayMs.draw(this.#random), {
        happen: () => {
          const done = work();
          const value = this.#value;
          const answer = () => (done ? resolve(value) : reject(new Error('throttled')));
          engine.after(this.profile.wayMs.draw(this.#random), new Answer(process, answer));
        },
      });
    });
  }
}

class Answer extends ProcessEvent {
  readonly #give: () => void;

  constructor(process: Process, give: () => void) {
    super(process);
    this.#give = give;
  }

  run(): void {
    this.process.engine.touch();
    this.#give();
  }
}
