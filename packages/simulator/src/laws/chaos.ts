import type { Event } from '../engine/event-queue.ts';
import { Process } from '../engine/process.ts';
import type { Random } from '../engine/random.ts';
import type { ModelledStore } from '../store/modelled-store.ts';
import type { Trouble } from '../store/trouble.ts';
import { CIRCUIT } from '../strategies/switchgear.ts';
import type { Member } from '../world/member.ts';
import type { World } from '../world/world.ts';

/** How bad it gets. */
export interface ChaosSettings {
  /** It ends then, from the start of the run. */
  readonly untilMs: number;
  /** Mean time between two blows. */
  readonly everyMs: number;
  /** Share of requests to the store that meet with trouble, 0–1. */
  readonly troubled: number;
  /** Share of requests at which the sender freezes or crashes, 0–1. */
  readonly deadly: number;
  readonly operators: boolean;
}

const KINDS: readonly Trouble['kind'][] = ['lost', 'refused', 'unanswered', 'broken', 'late', 'late'];

/** Longer than a lease, so that verdicts come after its end. */
const MOST_LATE_MS = 5_000;

/** Everything that may go wrong, at every await: the library has none but for the store, its timers and its callers. */
export class Chaos implements Event {
  readonly #world: World;
  readonly #random: Random;
  readonly #settings: ChaosSettings;
  readonly #operator: ReturnType<ModelledStore['connect']>;
  /** Whom the store does not answer at present, or nobody. */
  #cutOff: ((process: Process) => boolean) | undefined;
  #cutKind: Trouble['kind'] = 'lost';

  constructor(world: World, store: ModelledStore, random: Random, settings: ChaosSettings) {
    this.#world = world;
    this.#random = random;
    this.#settings = settings;
    this.#operator = store.connect(new Process(world.engine, -1));
    store.troubles = (process) => this.#trouble(process);
    world.engine.after(random.exponential() * settings.everyMs, this);
  }

  /** A blow. */
  happen(): void {
    const { engine } = this.#world;
    if (this.#over) return;
    const random = this.#random;
    const victim = this.#victim();
    switch (random.below(this.#settings.operators ? 6 : 4)) {
      case 0:
        if (victim) this.#freeze(victim);
        break;
      case 1:
        if (victim) this.#crash(victim);
        break;
      case 2:
        this.#cut(() => true);
        break;
      case 3:
        this.#cut((process) => process === victim?.process);
        break;
      default:
        this.#operate();
    }
    engine.after(random.exponential() * this.#settings.everyMs, this);
  }

  get #over(): boolean {
    return this.#world.engine.elapsedMs >= this.#settings.untilMs;
  }

  /** One that runs: an instance that sleeps between calls is woken by calls alone. */
  #victim(): Member | undefined {
    const running = this.#world.placement.members.filter(({ process }) => process.running);
    return running.length > 0 ? this.#random.pick(running) : undefined;
  }

  #freeze({ process }: { readonly process: Process }): void {
    if (!process.running) return;
    const random = this.#random;
    process.freeze();
    const forMs = random.between(1, 100) * 10 ** random.below(4);
    const leftMs = this.#settings.untilMs - this.#world.engine.elapsedMs;
    this.#later(Math.min(forMs, Math.max(0, leftMs)), () =>
      process.thaw((held) => (random.chance(0.5) ? shuffled(held, random) : held)),
    );
  }

  #crash(member: Member): void {
    if (!member.process.gone) this.#world.crash(member);
  }

  #cut(whom: (process: Process) => boolean): void {
    this.#cutOff = whom;
    this.#cutKind = this.#random.pick(KINDS);
    this.#later(this.#random.between(100, 15_000), () => {
      this.#cutOff = undefined;
    });
  }

  #operate(): void {
    const random = this.#random;
    this.#world.engine.touch();
    const who = { by: 'operator', reason: 'drill' };
    if (random.chance(0.1)) void this.#operator.clear([CIRCUIT], who);
    else {
      const mode = random.pick(['forced-open', 'forced-closed', 'disabled', 'release'] as const);
      const forMs = mode === 'release' ? {} : { forMs: Math.round(random.between(100, 20_000)) };
      void this.#operator.override(CIRCUIT, { mode, ...who, ...forMs });
    }
  }

  #trouble(process: Process): Trouble | undefined {
    // Operators look at what they have done, and do it again.
    if (this.#over || process.index < 0) return undefined;
    const random = this.#random;
    if (random.chance(this.#settings.deadly)) {
      const member = this.#world.placement.members.find((one) => one.process === process);
      if (member && random.chance(0.3)) this.#crash(member);
      else this.#freeze({ process });
    }
    const cutOff = this.#cutOff?.(process);
    if (!cutOff && !random.chance(this.#settings.troubled)) return undefined;
    const kind = cutOff ? this.#cutKind : random.pick(KINDS);
    return { kind, delayMs: kind === 'late' || random.chance(0.2) ? random.between(0, MOST_LATE_MS) : 0 };
  }

  #later(ms: number, happen: () => void): void {
    this.#world.engine.after(ms, { happen });
  }
}

/** Fisher and Yates. */
function shuffled<T>(list: readonly T[], random: Random): T[] {
  const mixed = [...list];
  for (let i = mixed.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [mixed[i], mixed[j]] = [mixed[j] as T, mixed[i] as T];
  }
  return mixed;
}
