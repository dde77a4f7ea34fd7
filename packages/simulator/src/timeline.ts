import type { EffectiveState } from 'switchgear';
import type { Guard, Strategy } from './strategies/strategy.ts';
import type { Count } from './world/ledger.ts';
import type { World } from './world/world.ts';

export const SECOND_MS = 1_000;

/** What happened in one second: calls, and units that the store was asked for. */
export interface Second extends Readonly<Record<Count, number>> {
  readonly storeReads: number;
  readonly storeWrites: number;
  readonly storeThrottled: number;
}

/** How one process saw the circuit, at the end of each second. */
export interface ProcessStates {
  readonly process: string;
  /** `undefined` before its start. */
  readonly states: readonly (EffectiveState | undefined)[];
}

/** A run, second by second. */
export interface Timeline {
  readonly seconds: readonly Second[];
  /** All processes, or every second, fourth, eighth … of them, so that they fit on a page; none where a strategy keeps no state in them. */
  readonly processes: readonly ProcessStates[];
}

/** Most processes that a timeline shows. */
const MOST_PROCESSES = 100;

interface Track {
  readonly index: number;
  readonly process: string;
  readonly guard: Guard;
  readonly states: (EffectiveState | undefined)[];
}

/** Writes a timeline down while a run goes on: grows with time, neither with calls nor with processes. */
export class Recorder {
  readonly #seconds: Second[] = [];
  #tracks: Track[] = [];
  readonly #world: World;
  readonly #store: Strategy['store'];
  #spacing = 1;
  #seen = 0;
  readonly #before = { reads: 0, writes: 0, throttled: 0 };

  constructor(world: World, { store }: Strategy) {
    this.#world = world;
    this.#store = store;
  }

  get timeline(): Timeline {
    return {
      seconds: this.#seconds,
      processes: this.#tracks.map(({ process, states }) => ({ process, states })),
    };
  }

  /** Call it at the end of each second. */
  tick(): void {
    const { ledger } = this.#world;
    const untilMs = (this.#seconds.length + 1) * SECOND_MS;
    const count = (figure: Count) => ledger.sum(figure, untilMs - SECOND_MS, untilMs);
    const { reads, writes, throttled } = this.#store?.meter ?? this.#before;
    this.#follow();
    for (const { guard, states } of this.#tracks) states.push(guard.state);
    this.#seconds.push({
      offered: count('offered'),
      admitted: count('admitted'),
      rejected: count('rejected'),
      succeeded: count('succeeded'),
      failed: count('failed'),
      storeReads: reads - this.#before.reads,
      storeWrites: writes - this.#before.writes,
      storeThrottled: throttled - this.#before.throttled,
    });
    Object.assign(this.#before, { reads, writes, throttled });
  }

  /** Takes in the processes that are new; where they become too many, every other one is left out from then on. */
  #follow(): void {
    const { members } = this.#world.placement;
    for (; this.#seen < members.length; this.#seen++) {
      const member = members[this.#seen];
      if (this.#seen % this.#spacing !== 0 || member?.guard.state === undefined) continue;
      const states = this.#seconds.map(() => undefined);
      this.#tracks.push({ index: this.#seen, process: member.process.name, guard: member.guard, states });
      if (this.#tracks.length <= MOST_PROCESSES) continue;
      this.#spacing *= 2;
      this.#tracks = this.#tracks.filter(({ index }) => index % this.#spacing === 0);
    }
  }
}
