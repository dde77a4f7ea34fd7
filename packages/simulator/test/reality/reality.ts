import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import {
  compare,
  Distribution,
  ModelledStore,
  type StoreProfile,
  SwitchgearStrategy,
  steady,
} from '../../src/index.ts';

/** What is compared, of the whole fleet. */
export interface Figures {
  /** Calls that got through to the dead dependency. */
  readonly reachedDead: number;
  /** Committed transitions from closed to open, to half-open, and to closed. */
  readonly tripped: number;
  readonly probes: number;
  readonly closed: number;
  /** Reports, transitions, leases and verdicts that were sent. */
  readonly writes: number;
}

export interface Real {
  readonly figures: Figures;
  /** Half of the time that the store took, as the processes saw it on this machine in this run. */
  readonly wayMs: Distribution;
}

const PROCESSES = 20;
const CALLS_PER_SECOND = 200;
const [LEAD_MS, DEAD_MS, TAIL_MS] = [1_000, 3_500, 3_000];
const [WELL_MS, FAIL_MS] = [20, 5];
const POLICY = {
  failureThreshold: 3,
  failureRatio: 0,
  resetTimeout: 1_000,
  backoff: 1,
  jitter: 0,
  maxConcurrent: false,
} as const;
const GEAR = { cacheTtl: 500, storeTimeout: 2_000 } as const;
/** Time for all processes to have heard when it begins. */
const GET_READY_MS = 300;

/** The fleet as it is: operating system processes on a real store. */
export async function real(address: Readonly<Record<string, unknown>>): Promise<Real> {
  const children = Array.from({ length: PROCESSES }, () =>
    fork(fileURLToPath(new URL('child.mjs', import.meta.url)), {
      execArgv: ['--no-warnings'],
      env: { ...process.env, AWS_ACCESS_KEY_ID: 'local', AWS_SECRET_ACCESS_KEY: 'local' },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    }),
  );
  try {
    await Promise.all(
      children.map((child) => {
        const ready = once(child, 'message');
        child.send({ address });
        return ready;
      }),
    );
    const deadFromMs = Date.now() + GET_READY_MS + LEAD_MS;
    const deadUntilMs = deadFromMs + DEAD_MS;
    const task = {
      circuit: `reality-${crypto.randomUUID()}`,
      policy: POLICY,
      gear: GEAR,
      everyMs: (1_000 * PROCESSES) / CALLS_PER_SECOND,
      wellMs: WELL_MS,
      failMs: FAIL_MS,
      deadFromMs,
      deadUntilMs,
      endMs: deadUntilMs + TAIL_MS,
    };
    const told = await Promise.all(
      children.map(async (child) => {
        const answer = once(child, 'message');
        child.send(task);
        return (await answer)[0] as Figures & {
          readonly tookMs: number[];
          readonly wrong: readonly string[];
        };
      }),
    );
    expect(told.flatMap(({ wrong }) => wrong)).toEqual([]);
    const tookMs = told.flatMap((one) => one.tookMs).sort((a, b) => a - b);
    const way = (share: number) =>
      [share, (tookMs[Math.floor(share * (tookMs.length - 1))] as number) / 2] as const;
    const sum = (key: keyof Figures) => told.reduce((total, tally) => total + tally[key], 0);
    return {
      figures: {
        reachedDead: sum('reachedDead'),
        tripped: sum('tripped'),
        probes: sum('probes'),
        closed: sum('closed'),
        writes: sum('writes'),
      },
      wayMs: new Distribution([0, 0.25, 0.5, 0.75, 0.9, 0.99, 1].map(way)),
    };
  } finally {
    for (const child of children) child.kill();
  }
}

/** The same fleet in virtual time: the mean of some seeds. */
async function inVirtualTime(profile: StoreProfile, seeds = 10): Promise<Figures> {
  const all = { reachedDead: 0, tripped: 0, probes: 0, closed: 0, writes: 0 };
  const well = { latencyMs: Distribution.constant(WELL_MS), failureRatio: 0 };
  for (let seed = 1; seed <= seeds; seed++) {
    const [run] = await compare({
      scenario: {
        fleet: { processes: PROCESSES },
        rate: steady(CALLS_PER_SECOND),
        script: [
          { fromMs: 0, condition: well },
          { fromMs: LEAD_MS, condition: { latencyMs: Distribution.constant(FAIL_MS), failureRatio: 1 } },
          { fromMs: LEAD_MS + DEAD_MS, condition: well },
        ],
        timeoutMs: 2_000,
        skewMs: 0,
      },
      durationMs: LEAD_MS + DEAD_MS + TAIL_MS,
      seed,
      contenders: [
        (engine, random) => {
          const store = new ModelledStore(engine, profile, random);
          const nothing = () => {};
          store.watcher = {
            sent: () => all.writes++,
            asked: nothing,
            wrote: nothing,
            told: nothing,
            failed: nothing,
          };
          const strategy = new SwitchgearStrategy(store, POLICY, GEAR);
          strategy.changed = (_, { source, from, to }) => {
            if (source !== 'committed') return;
            if (from === 'closed' && to === 'open') all.tripped++;
            if (to === 'half-open') all.probes++;
            if (to === 'closed') all.closed++;
          };
          return strategy;
        },
      ],
    });
    all.reachedDead += run?.results.reachedDead ?? 0;
  }
  const mean = (sum: number) => sum / seeds;
  return {
    reachedDead: mean(all.reachedDead),
    tripped: mean(all.tripped),
    probes: mean(all.probes),
    closed: mean(all.closed),
    writes: mean(all.writes),
  };
}

/**
 * The stated margins, between one real run and the mean of simulated ones in which the store is as fast as it was there: one trip and one recovery in both; calls
 * that hit the dead dependency, and writes, within a factor of two and ten more, for a process of a busy machine hears of things
 * late; two probes.
 */
export async function agrees({ figures: real, wayMs }: Real, profile: StoreProfile): Promise<void> {
  const simulated = await inVirtualTime({ ...profile, wayMs, lagMs: Distribution.constant(0) });
  const seen = JSON.stringify({ real, simulated });
  expect(real.tripped, seen).toBe(1);
  expect(simulated.tripped, seen).toBe(1);
  expect(real.closed, seen).toBe(1);
  expect(simulated.closed, seen).toBe(1);
  for (const key of ['reachedDead', 'writes'] as const) {
    expect(real[key], seen).toBeLessThanOrEqual(2 * simulated[key] + 10);
    expect(simulated[key], seen).toBeLessThanOrEqual(2 * real[key] + 10);
  }
  expect(Math.abs(real.probes - simulated.probes), seen).toBeLessThanOrEqual(2);
}
