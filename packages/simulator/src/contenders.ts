import type { BreakerOptions } from 'switchgear';
import type { Contender } from './compare.ts';
import { ModelledStore } from './store/modelled-store.ts';
import { DYNAMODB, REDIS } from './store/store-profile.ts';
import { LastWriterWins } from './strategies/last-writer-wins.ts';
import { LocalBreakers } from './strategies/local-breaker.ts';
import { none } from './strategies/none.ts';
import { oracle } from './strategies/oracle.ts';
import { SharedFlag } from './strategies/shared-flag.ts';
import { type GearSettings, SwitchgearStrategy } from './strategies/switchgear.ts';
import type { Phase } from './world/dependency.ts';

/** What the strategies are told; those of others take of it what they have. */
export interface ContenderSettings {
  readonly policy: BreakerOptions;
  readonly gear: GearSettings;
  readonly script: readonly Phase[];
  /** The policy's, in force. */
  readonly failureThreshold: number;
  readonly failureRatio: number;
  readonly failureWindowMs: number;
  readonly resetTimeoutMs: number;
  readonly successThreshold: number;
  readonly cacheTtlMs: number;
}

/** Every strategy, by the name that a command line gives it, from no protection to the limit of all. */
export const CONTENDERS = {
  none: () => () => none,
  consecutive:
    ({ failureThreshold, resetTimeoutMs }) =>
    () =>
      new LocalBreakers({ trips: 'consecutive', failures: failureThreshold }, resetTimeoutMs),
  ratio:
    ({ failureThreshold, failureRatio, failureWindowMs, resetTimeoutMs }) =>
    () =>
      new LocalBreakers(
        { trips: 'ratio', ratio: failureRatio, minCalls: failureThreshold, windowMs: failureWindowMs },
        resetTimeoutMs,
      ),
  'read-write':
    ({ failureThreshold, successThreshold, failureWindowMs, resetTimeoutMs }) =>
    (engine, random) =>
      new LastWriterWins(engine, DYNAMODB, random, {
        failureThreshold,
        successThreshold,
        windowMs: failureWindowMs,
        timeoutMs: resetTimeoutMs,
      }),
  'shared-flag':
    ({ failureThreshold, resetTimeoutMs, cacheTtlMs }) =>
    (engine, random) =>
      new SharedFlag(engine, DYNAMODB, random, { failureThreshold, recoveryMs: resetTimeoutMs, cacheTtlMs }),
  dynamodb:
    ({ policy, gear }) =>
    (engine, random) =>
      new SwitchgearStrategy(new ModelledStore(engine, DYNAMODB, random), policy, gear, 'decide'),
  redis:
    ({ policy, gear }) =>
    (engine, random) =>
      new SwitchgearStrategy(new ModelledStore(engine, REDIS, random), policy, gear, 'decide'),
  oracle:
    ({ script }) =>
    (engine) =>
      oracle(engine, script),
} as const satisfies Record<string, (settings: ContenderSettings) => Contender>;

export type StrategyName = keyof typeof CONTENDERS;
