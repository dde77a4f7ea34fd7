import type { Clock, Timer } from 'switchgear';
import type { Engine } from './engine.ts';
import type { Event } from './event-queue.ts';

/** Something that happens in a process: not while it is frozen, and never after its death. */
export abstract class ProcessEvent implements Event {
  process: Process;

  constructor(process: Process) {
    this.process = process;
  }

  happen(): void {
    if (this.process.running) {
      this.process.before?.();
      this.run();
    } else this.process.hold(this);
  }

  abstract run(): void;
}

/** A process of the fleet: a clock of its own, which may be wrong, and a life that may be interrupted. */
export class Process implements Clock {
  readonly index: number;
  readonly name: string;
  readonly engine: Engine;
  #running = true;
  #gone = false;
  /** What came while it was frozen. */
  #held: ProcessEvent[] = [];
  #frozenAtMs = 0;
  #frozenMs = 0;
  /** Called before anything happens in it. */
  before: (() => void) | undefined;
  /** How often it was frozen. */
  freezes = 0;
  /** How far its clock is ahead of the true time, milliseconds. */
  skewMs: number;

  constructor(engine: Engine, index: number, skewMs = 0) {
    this.engine = engine;
    this.index = index;
    this.name = `p${index}`;
    this.skewMs = skewMs;
  }

  get running(): boolean {
    return this.#running;
  }

  /** Crashed or scaled in: nothing will ever happen in it again. */
  get gone(): boolean {
    return this.#gone;
  }

  /** Whole milliseconds, as `Date.now` gives them. */
  now(): number {
    return Math.floor(this.engine.nowMs + this.skewMs);
  }

  setTimer(run: () => void, ms: number): Timer {
    this.engine.touch();
    const timer = new ProcessTimer(this, run);
    this.engine.after(Math.max(0, ms), timer);
    return timer;
  }

  /** Time that grows only while it runs, milliseconds. */
  get upMs(): number {
    const nowMs = this.#running ? this.engine.nowMs : this.#frozenAtMs;
    return nowMs - this.#frozenMs;
  }

  hold(event: ProcessEvent): void {
    if (!this.#gone) this.#held.push(event);
  }

  freeze(): void {
    if (!this.#running) return;
    this.#running = false;
    this.freezes++;
    this.#frozenAtMs = this.engine.nowMs;
  }

  /** Goes on. What came meanwhile happens now, in the order that `arrange` gives it. */
  thaw(arrange: (held: ProcessEvent[]) => ProcessEvent[] = (held) => held): void {
    if (this.#gone || this.#running) return;
    this.#running = true;
    this.#frozenMs += this.engine.nowMs - this.#frozenAtMs;
    const held = this.#held;
    this.#held = [];
    for (const event of arrange(held)) this.engine.after(0, event);
  }

  crash(): void {
    this.freeze();
    this.#gone = true;
    this.#held = [];
  }
}

class ProcessTimer extends ProcessEvent implements Timer {
  readonly #callback: () => void;
  #cancelled = false;

  constructor(process: Process, callback: () => void) {
    super(process);
    this.#callback = callback;
  }

  run(): void {
    if (this.#cancelled) return;
    this.process.engine.touch();
    this.#callback();
  }

  cancel(): void {
    this.#cancelled = true;
  }

  hold(): void {}
}
