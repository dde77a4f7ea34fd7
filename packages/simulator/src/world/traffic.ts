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
  readonly #rate: Rate;
  readonly #random: Random;
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
    this.#rate = rate;
    this.#random = random;
  }

  /** Sets the first call on its way. */
  start(): void {
    this.engine.after(nextGap(this.#rate, this.engine.elapsedMs, this.#random), this);
  }

  /** A call comes. What chance gives it is drawn here, whether it is admitted or not: strategies then compare like with like. */
  happen(): void {
    const random = this.#random;
    const member = this.placement.place(random.uniform());
    const call = this.#spare.pop() ?? new Call(this, member);
    call.begin(member, random.uniform(), random.uniform());
    this.engine.after(nextGap(this.#rate, this.engine.elapsedMs, random), this);
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

  #answered(ticket: Ticket | undefined): void {
    const { engine, ledger, watcher, dependency, timeoutMs } = this.#traffic;
    const slice = ledger.at(engine.elapsedMs);
    if (!ticket) {
      slice.rejected++;
      watcher?.rejected(this);
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
    watcher?.admitted(this);
    engine.after(Math.min(latencyMs, timeoutMs), this);
  }

  #end(ticket: Ticket): void {
    const { engine, ledger, watcher, placement } = this.#traffic;
    const slice = ledger.at(engine.elapsedMs);
    slice.peakInFlight = Math.max(slice.peakInFlight, this.#traffic.inFlight--);
    ledger.waitedMs += engine.nowMs - this.#startMs;
    watcher?.ended(this, this.#outcome);
    let told: Promise<void> | void;
    if (this.#error) {
      slice.failed++;
      engine.touch();
      told = ticket.failure(this.#error);
    } else {
      slice.succeeded++;
      told = ticket.success();
    }
    if (placement.waits && told) {
      engine.touch();
      void told.then(() => {
        this.#traffic.watcher?.settled(this);
        this.#over();
      });
    } else this.#over();
  }

  #over(): void {
    this.#traffic.placement.done(this.member);
    this.#traffic.retire(this);
  }
}
