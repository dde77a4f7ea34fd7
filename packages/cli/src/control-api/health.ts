import type { Clock, OperatorStore } from 'switchgear';

/** Anybody may ask for health, so that asking costs a reading at most this often. */
const KEPT_MS = 1_000;

/** Whether the store can be read, asked at most once a second. */
export class StoreHealth {
  readonly #store: OperatorStore;
  readonly #clock: Clock;
  #latest: Promise<boolean> | undefined;
  #askedMs = 0;

  constructor(store: OperatorStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  readable(): Promise<boolean> {
    const nowMs = this.#clock.now();
    if (!this.#latest || Math.abs(nowMs - this.#askedMs) >= KEPT_MS) {
      this.#askedMs = nowMs;
      this.#latest = this.#store.list().then(
        () => true,
        () => false,
      );
    }
    return this.#latest;
  }
}
