import type { Engine } from '../engine/engine.ts';
import { Process } from '../engine/process.ts';
import type { Random } from '../engine/random.ts';
import type { Strategy } from '../strategies/strategy.ts';
import type { Rate } from './arrivals.ts';
import { Dependency, type Phase } from './dependency.ts';
import { Lambda, type LambdaSettings } from './lambda.ts';
import { LazyTraffic } from './lazy-traffic.ts';
import { Ledger } from './ledger.ts';
import type { Member, Placement } from './member.ts';
import { Pods } from './pods.ts';
import { Traffic } from './traffic.ts';

/** What happens around a fleet, whatever protects it. Durations in milliseconds. */
export interface Scenario {
  /** Processes that are there from the start, or how instances come and go. */
  readonly fleet: { readonly processes: number } | LambdaSettings;
  /** Calls per second of the whole fleet. */
  readonly rate: Rate;
  readonly script: readonly Phase[];
  /** After this, clients give up a call. */
  readonly timeoutMs: number;
  /** Clocks of the processes are off by up to this, either way. */
  readonly skewMs: number;
  /** Where only the protocol is of interest, for longer runs: see `LazyTraffic`. */
  readonly lazy?: boolean;
}

/** A fleet, its calls and its dependency, under one strategy. */
export class World {
  readonly engine: Engine;
  readonly placement: Placement;
  readonly traffic: Traffic;
  readonly ledger = new Ledger();
  readonly #random: Random;
  readonly #scenario: Scenario;
  readonly #strategy: Strategy;
  #started = 0;

  constructor(engine: Engine, random: Random, scenario: Scenario, strategy: Strategy) {
    this.engine = engine;
    this.#random = random;
    this.#scenario = scenario;
    this.#strategy = strategy;
    const { fleet, rate, script, timeoutMs } = scenario;
    this.placement =
      'processes' in fleet
        ? new Pods(Array.from({ length: fleet.processes }, () => this.member()))
        : new Lambda(() => this.member(), fleet);
    this.traffic = new (scenario.lazy ? LazyTraffic : Traffic)(engine, {
      ledger: this.ledger,
      placement: this.placement,
      dependency: new Dependency(engine, script),
      timeoutMs,
      rate,
      random: random.fork('traffic'),
    });
    this.traffic.start();
  }

  /** A process crashes. Where a scheduler watches over it, another takes its place. */
  crash(member: Member): void {
    member.process.crash();
    if (this.placement instanceof Pods) this.placement.replace(member, this.member());
  }

  /** Brings up one more process. */
  member(): Member {
    const index = this.#started++;
    const random = this.#random.fork(`process ${index}`);
    const { skewMs } = this.#scenario;
    const process = new Process(this.engine, index, Math.round(random.between(-skewMs, skewMs)));
    return { process, guard: this.#strategy.guard(process, random) };
  }
}
