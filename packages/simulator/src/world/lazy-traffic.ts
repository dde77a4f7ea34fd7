import { nextGap } from './arrivals.ts';
import type { Member } from './member.ts';
import { Traffic } from './traffic.ts';

/**
 * The same calls with fewer events: those that a process admits with no further look, and that go well, are told to its guard
 * in passing. The store is asked for the same at the same moments. The books differ: a call in passing is over as soon as it
 * comes. Nobody may watch the calls, or freeze their processes.
 *
 *     this event ──► call · call · call · call · ▸ the next thing that happens anywhere, or a call that may decide something
 */
export class LazyTraffic extends Traffic {
  /** The call that comes next: where, how it goes, and when. */
  #where = 0;
  #luck = 0;
  #fate = 0;
  #atMs = 0;
  /** When the one after it comes. */
  #nextMs = 0;

  override start(): void {
    this.#nextMs = this.engine.nowMs + nextGap(this.rate, this.engine.elapsedMs, this.random);
    this.#draw();
    this.engine.at(this.#atMs, this);
  }

  /** The call comes that was drawn last. */
  override happen(): void {
    const { engine, placement } = this;
    for (;;) {
      const member = placement.place(this.#where);
      if (!this.#passes(member)) {
        if (this.#atMs === engine.nowMs) this.#come(member);
        else engine.at(this.#atMs, this);
        return;
      }
      this.#draw();
      if (this.#atMs >= engine.idleUntilMs) {
        engine.at(this.#atMs, this);
        return;
      }
    }
  }

  #come(member: Member): void {
    const [luck, fate] = [this.#luck, this.#fate];
    this.#draw();
    this.engine.at(this.#atMs, this);
    this.begin(member, luck, fate);
  }

  #passes({ process, guard }: Member): boolean {
    if (!guard.pass || this.placement.waits) return false;
    const elapsedMs = this.#elapsed(this.#atMs);
    const tookMs = this.dependency.wellMs(process, this.#luck, this.#fate, elapsedMs);
    if (tookMs === undefined || tookMs >= this.timeoutMs) return false;
    if (!guard.pass(this.#atMs, this.#atMs + tookMs)) return false;
    const slice = this.ledger.at(elapsedMs);
    slice.offered++;
    slice.admitted++;
    slice.succeeded++;
    this.ledger.waitedMs += tookMs;
    return true;
  }

  /** In the order in which `Traffic` draws. */
  #draw(): void {
    const { random } = this;
    this.#atMs = this.#nextMs;
    this.#where = random.uniform();
    this.#luck = random.uniform();
    this.#fate = random.uniform();
    this.#nextMs = this.#atMs + nextGap(this.rate, this.#elapsed(this.#atMs), random);
  }

  #elapsed(atMs: number): number {
    const { engine } = this;
    return atMs - (engine.nowMs - engine.elapsedMs);
  }
}
