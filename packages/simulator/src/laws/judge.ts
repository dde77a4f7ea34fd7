import type { StateChange } from 'switchgear';
import type { Process } from '../engine/process.ts';
import type { ModelledStore, StoreWatcher } from '../store/modelled-store.ts';
import type { SwitchgearStrategy } from '../strategies/switchgear.ts';
import type { CallWatcher } from '../world/traffic.ts';
import type { World } from '../world/world.ts';
import { Facts, type Policy } from './facts.ts';
import { monotonicEpoch } from './l01-monotonic-epoch.ts';
import { noLostEvidence } from './l02-no-lost-evidence.ts';
import { probesAreLeases } from './l03-probes-are-leases.ts';
import { recoveryIsTheFleets } from './l04-recovery-is-the-fleets.ts';
import { oneDeadline } from './l05-one-deadline.ts';
import { rejectionIsNoOutcome } from './l06-rejection-is-no-outcome.ts';
import { oneEvent } from './l07-one-event.ts';
import { storeMayFail } from './l08-store-may-fail.ts';
import { overrides } from './l09-overrides.ts';
import { cost } from './l10-cost.ts';
import { quorum } from './l11-quorum.ts';
import { clocks } from './l12-clocks.ts';
import { frozenIsNotDead } from './l13-frozen-is-not-dead.ts';
import type { Law, Verdict, Violation } from './law.ts';

/** What the processes are set to, milliseconds. */
export interface Timing {
  readonly cacheTtl: number;
  readonly storeTimeout: number;
  readonly maxStale: number;
  readonly awaitReports: boolean;
}

/** Holds a run against the laws while it goes on. */
export class Judge {
  readonly violations: Violation[] = [];
  readonly #laws: readonly Law[];

  /**
   * @param policy the one in force.
   * @param witness sees the same as the laws, and judges nothing.
   */
  constructor(
    { engine, placement, traffic }: World,
    store: ModelledStore,
    strategy: SwitchgearStrategy,
    { policy, gear, witness }: { readonly policy: Policy; readonly gear: Timing; readonly witness?: Law },
  ) {
    const facts = new Facts(engine, store, policy, () => placement.members);
    const broken: Verdict = (law, process, what) =>
      this.violations.push({ law, atMs: engine.elapsedMs, process: process.name, what });
    this.#laws = [
      monotonicEpoch(facts, broken),
      noLostEvidence(facts, broken),
      probesAreLeases(facts, broken),
      recoveryIsTheFleets(facts, broken),
      oneDeadline(facts, broken),
      oneEvent(facts, broken),
      storeMayFail(
        facts,
        broken,
        gear.storeTimeout + policy.queueTimeout * Number(policy.maxConcurrent < Number.POSITIVE_INFINITY),
      ),
      overrides(facts, broken),
      cost(facts, broken, gear.cacheTtl),
      quorum(facts, broken),
      clocks(facts, broken),
      frozenIsNotDead(facts, broken, gear),
      rejectionIsNoOutcome(facts, broken),
      ...(witness ? [witness] : []),
    ];
    // The facts come first: a law is judged in the light of what has just happened.
    const { tell } = this.#watchers(facts);
    store.watcher = {
      sent: tell('sent'),
      asked: tell('asked'),
      wrote: tell('wrote'),
      told: tell('told'),
      failed: tell('failed'),
    };
    traffic.watcher = {
      asks: tell('asks'),
      admitted: tell('admitted'),
      rejected: tell('rejected'),
      full: tell('full'),
      ended: tell('ended'),
      settled: tell('settled'),
      threw: tell('threw'),
    };
    const changed = tell('changed');
    strategy.changed = (process: Process, change: StateChange) => changed(process, change);
    strategy.mixedUp = (process, what) => broken('L14', process, what);
  }

  /** Nothing was wrong for long enough, and nothing is under way. */
  finish(): void {
    for (const law of this.#laws) law.finished?.();
  }

  #watchers(facts: Facts) {
    type Watcher = StoreWatcher & CallWatcher & Required<Pick<Law, 'changed'>>;
    const first: Partial<Watcher> = {
      sent: (process, write) => facts.sent(process, write),
      asked: (process) => facts.asked(process),
      wrote: (process, write, answer) => facts.wrote(process, write, answer),
      told: (process, records, askedMs, source) => facts.told(process, records, askedMs, source),
      failed: (process, verb, undone) => facts.failed(process, verb, undone),
      changed: (process, change) => facts.changed(process, change),
      admitted: (call) => facts.admit(call),
      ended: (call, outcome) => facts.end(call, outcome),
    };
    const tell = <K extends keyof Watcher>(what: K): Watcher[K] => {
      const listeners = [first, ...this.#laws].flatMap((law) => {
        const listener = law[what] as ((...args: unknown[]) => void) | undefined;
        return listener ? [listener.bind(law)] : [];
      });
      return ((...args: unknown[]) => {
        for (const listener of listeners) listener(...args);
      }) as Watcher[K];
    };
    return { tell };
  }
}
