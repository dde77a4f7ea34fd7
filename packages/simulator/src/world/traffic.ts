import type { Engine } from '../engine/engine.ts';
import type { Event } from '../engine/event-queue.ts';
import { ProcessEvent } from '../engine/process.ts';
import type { Random } from '../engine/random.ts';
import type { Ticket } from '../strategies/strategy.ts';
import { nextGap, type Rate } from './arrivals.ts';
import type { Dependency, Outcome } from './dependency.ts';
import type { Ledger } from './ledger.ts';
import type { Member, Placement } from './member.ts';

/** The client gave up waiting. */
const TIMED_OUT = { name: 'TimeoutError' };
/** What the client is thrown. */
const ERRORS: Readonly<Record<Outcome, unknown>> = {
  success: undefined,
  failure: { code: 'ECONNREFUSED' },
  ignored: { status: 404 },
};

/** Sees every call, at the moment when it happens. */
export interface CallWatcher {
  /** A call is about to ask for admission. */
  asks(call: Call): void;
  admitted(call: Call): void;
  rejected(call: Call): void;
  /** Not made, because too many run already. */
  full(call: Call): void;
  /** The call is over; its process is told next. */
  ended(call: Call, outcome: Outcome): void;
  /** Its process has done what it does behind a call, where it waits for that. */
  settled(call: Call): void;
  /** A guard threw something that is not its refusal. */
  threw(call: Call, error: unknown): void;
}

/** Where calls come from, through the guards to the dependency and back. */
export class Traffic implements Event {
  readonly engine: Engine;
  readonly ledger: Ledger;
  readonly placement: Placement;
  readonly dependency: Dependency;
  readonly timeoutMs: number;
  watcher: CallWatcher | undefined;
  /** Calls at the dependency. */
  inFlight = 0;
  protected readonly rate: Rate;
  protected readonly random: Random;
  /** Calls that are over, to be used again: memory grows with calls in flight. */
  readonly #spare: Call[] = [];

  constructor(
    engine: Engine,
    {
      ledger,
      placement,
      dependency,
      timeoutMs,
      rate,
      random,
    }: Pick<Traffic, 'ledger' | 'placement' | 'dependency' | 'timeoutMs'> & {
      readonly rate: Rate;
      readonly random: Random;
    },
  ) {
    this.engine = engine;
    this.ledger = ledger;
    this.placement = placement;
    this.dependency = dependency;
    this.timeoutMs = timeoutMs;
    this.rate = rate;
    this.random = random;
  }

  /** Sets the first call on its way. */
  start(): void {
    this.engine.after(nextGap(this.rate, this.engine.elapsedMs, this.random), this);
  }

  /** A call comes. What chance gives it is drawn here, whether it is admitted or not: strategies then compare like with like. */
  happen(): void {
    const { random } = this;
    const member = this.placement.place(random.uniform());
    const luck = random.uniform();
    const fate = random.uniform();
    // Before this call sets events of its own: the next one is likely to come before them, and the queue is quick then.
    this.engine.after(nextGap(this.rate, this.engine.elapsedMs, random), this);
    this.begin(member, luck, fate);
  }

  protected begin(member: Member, luck: number, fate: number): void {
    const call = this.#spare.pop() ?? new Call(this, member);
    call.begin(member, luck, fate);
  }

  retire(call: Call): void {
    this.#spare.push(call);
  }
}

/** One call: it comes, it ends. */
export class Call extends ProcessEvent {
  readonly #traffic: Traffic;
  member: Member;
  #luck = 0;
  #fate = 0;
  #ticket: Ticket | undefined;
  #outcome: Outcome = 'success';
  #error: unknown;
  #startMs = 0;
  /** Its guard gave it up; the dependency has not. */
  #givenUp = false;

  constructor(traffic: Traffic, member: Member) {
    super(member.process);
    this.#traffic = traffic;
    this.member = member;
  }

  begin(member: Member, luck: number, fate: number): void {
    const { engine, placement } = this.#traffic;
    this.process = member.process;
    this.member = member;
    this.#luck = luck;
    this.#fate = fate;
    this.#ticket = undefined;
    this.#givenUp = false;
    this.#startMs = engine.nowMs;
    const startMs = placement.startMs(member);
    if (startMs > 0) engine.after(startMs, this);
    else this.happen();
  }

  run(): void {
    if (this.#ticket) this.#end(this.#ticket);
    else this.#enter();
  }

  #enter(): void {
    const { engine, ledger, watcher } = this.#traffic;
    ledger.at(engine.elapsedMs).offered++;
    watcher?.asks(this);
    const answer = this.member.guard.enter();
    if (answer instanceof Promise) {
      engine.touch();
      answer.then(
        (ticket) => this.#answered(ticket),
        (error) => {
          watcher?.threw(this, error);
          this.#answered(undefined);
        },
      );
    } else this.#answered(answer);
  }

  #answered(ticket: Ticket | undefined | null): void {
    const { engine, ledger, watcher, dependency, timeoutMs } = this.#traffic;
    const slice = ledger.at(engine.elapsedMs);
    if (!ticket) {
      slice.rejected++;
      if (ticket === null) watcher?.full(this);
      else watcher?.rejected(this);
      this.#over();
      return;
    }
    slice.admitted++;
    slice.peakInFlight = Math.max(slice.peakInFlight, ++this.#traffic.inFlight);
    this.#ticket = ticket;
    const { latencyMs, outcome } = dependency.serve(this.process, this.#luck, this.#fate);
    const late = latencyMs >= timeoutMs;
    this.#outcome = late ? 'failure' : outcome;
    this.#error = late ? TIMED_OUT : ERRORS[outcome];
    if (ticket.heard) ticket.gaveUp = () => this.#giveUp(ticket);
    watcher?.admitted(this);
    engine.after(Math.min(latencyMs, timeoutMs), this);
  }

  get ticket(): Ticket | undefined {
    return this.#ticket;
  }

  #end(ticket: Ticket): void {
    const { engine } = this.#traffic;
    if (!this.#givenUp) this.#count(this.#outcome);
    if (this.#error || ticket.heard) engine.touch();
    const told = this.#error ? ticket.failure(this.#error) : ticket.success();
    if (this.#givenUp) this.#traffic.retire(this);
    else
      this.#wait(told, () => {
        this.#traffic.watcher?.settled(this);
        this.#over();
      });
  }

  /** The caller goes; the dependency works on, and comes to its end when it does. */
  #giveUp(ticket: Ticket): void {
    this.#givenUp = true;
    this.#count('failure');
    const { member } = this;
    this.#wait(ticket.heard, () => this.#traffic.placement.done(member));
  }

  #count(outcome: Outcome): void {
    const { engine, ledger, watcher } = this.#traffic;
    const slice = ledger.at(engine.elapsedMs);
    slice.peakInFlight = Math.max(slice.peakInFlight, this.#traffic.inFlight--);
    ledger.waitedMs += engine.nowMs - this.#startMs;
    if (outcome === 'success') slice.succeeded++;
    else slice.failed++;
    watcher?.ended(this, outcome);
  }

  /** Whether its guard gave it up before it came to its end. */
  get givenUp(): boolean {
    return this.#givenUp;
  }

  /** Until the process has done what it does behind the call, where it is kept awake for that. */
  #wait(told: Promise<void> | void, over: () => void): void {
    if (!this.#traffic.placement.waits || !told) {
      over();
      return;
    }
    this.#traffic.engine.touch();
    void told.then(over);
  }

  #over(): void {
    this.#traffic.placement.done(this.member);
    this.#traffic.retire(this);
  }
}
