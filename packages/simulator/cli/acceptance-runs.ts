import {
  Distribution,
  DYNAMODB,
  Engine,
  type GearSettings,
  ModelledStore,
  Process,
  Random,
  REDIS,
  type Scenario,
  type StoreProfile,
  SwitchgearStrategy,
  scenarioOf,
  World,
} from '@switchgear/simulator';
import { type BreakerOptions, Switchgear } from 'switchgear';
import type { Finding } from './acceptance.ts';

const SEEDS = 9;
const QUIET = { maxConcurrent: false, timeout: 2_000 } as const;
const LIKE_PEERS = { ...QUIET, failureRatio: 0, backoff: 1, jitter: 0 } as const;
const MINUTE_MS = 60_000;

interface Ours {
  readonly seed: number;
  readonly policy: BreakerOptions;
  readonly profile?: StoreProfile;
  readonly gear?: GearSettings;
}

interface Change {
  readonly atMs: number;
  readonly to: string;
}

/** Runs ours in a scenario, and gives every transition that was committed, with what the store was asked for. */
export async function observed(
  scenario: Scenario,
  durationMs: number,
  { seed, policy, profile = DYNAMODB, gear = {} }: Ours,
) {
  const engine = new Engine();
  const random = new Random(seed);
  const store = new ModelledStore(engine, profile, random.fork('strategy'));
  const strategy = new SwitchgearStrategy(store, policy, gear, 'decide');
  const changes: Change[] = [];
  const nothing = () => {};
  store.watcher = {
    sent: nothing,
    asked: nothing,
    told: nothing,
    failed: nothing,
    wrote(_, write, { accepted, record }) {
      if (accepted && write.verb === 'transition') changes.push({ atMs: engine.elapsedMs, to: record.state });
    },
  };
  const world = new World(engine, random, { ...scenario, lazy: true }, strategy);
  await engine.advance(durationMs);
  return { changes, ledger: world.ledger, meter: store.meter };
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** What a probe takes, whichever it is: three calls drawn from a distribution with a tail say more of the tail than of the fleet. */
const PROBE_MS = 50;

/**
 * From half-open to closed again, by size of the fleet. Not from the deadline: on DynamoDB the fastest clock of the fleet sees that up
 * to a second early, and in a larger fleet there is a faster one.
 */
export async function recovery(tell: (line: string) => void): Promise<Finding> {
  const found: string[] = [];
  let kept = true;
  for (const profile of [DYNAMODB, REDIS]) {
    const medians: number[] = [];
    for (const processes of [10, 100, 1_000, 10_000]) {
      const drawn = scenarioOf({ ...SHAPE, processes, rps: 2_000, outageMs: 15_000 }).scenario;
      const latencyMs = Distribution.constant(PROBE_MS);
      const script = drawn.script.map((phase) => ({
        ...phase,
        condition: { ...phase.condition, latencyMs },
      }));
      const scenario = { ...drawn, script };
      const tookMs: number[] = [];
      for (let seed = 1; seed <= SEEDS; seed++) {
        const policy = { ...LIKE_PEERS, halfOpenSuccessThreshold: 3 };
        const { changes } = await observed(scenario, MINUTE_MS + 40_000, { seed, profile, policy });
        const closed = changes.findIndex(({ to, atMs }) => to === 'closed' && atMs > MINUTE_MS + 15_000);
        const probed = changes.slice(0, closed).findLast(({ to }) => to === 'half-open');
        tookMs.push((changes[closed]?.atMs ?? Number.NaN) - (probed?.atMs ?? Number.NaN));
      }
      medians.push(median(tookMs));
      tell(
        `${profile.name}, ${processes} processes: closed ${Math.round(medians.at(-1) ?? 0)} ms after the first lease`,
      );
    }
    const spread = Math.max(...medians) / Math.min(...medians) - 1;
    kept &&= spread <= 0.2;
    found.push(
      `${profile.name} ${medians.map(Math.round).join(', ')} ms (${Math.round(100 * spread)} % apart)`,
    );
  }
  return { found: found.join('; '), kept };
}

/** From the first failure to the committed trip, 10 000 processes. */
export async function trip(): Promise<Finding> {
  const { scenario } = scenarioOf({ ...SHAPE, processes: 10_000, rps: 20_000, outageMs: 5_000 });
  const { changes, ledger, meter } = await observed(scenario, MINUTE_MS + 5_000, {
    seed: 1,
    policy: LIKE_PEERS,
  });
  const firstMs = ledger.slices.findIndex(({ failed }) => failed > 0) * 100;
  const tookMs = (changes.find(({ to }) => to === 'open')?.atMs ?? Number.POSITIVE_INFINITY) - firstMs;
  return {
    found: `${Math.round(tookMs)} ms; ${meter.throttled} requests were throttled`,
    kept: tookMs <= 1_000,
  };
}

/** What a call to the dead dependency was, by what its process knew when it began. */
interface Lessons {
  /** The first one of its process. */
  teaching: number;
  /** Begun before its process had seen a call fail. */
  inFlight: number;
  /** Begun before the answer to the report of that failure. */
  awaiting: number;
  /** Begun although a report was answered: the fleet was still closed then. */
  tooEarly: number;
  /** Begun after a report that the store had refused: nothing was learnt from it. */
  refused: number;
  probes: number;
}

/** Each call to the dead dependency, by the reason why it was made. */
export async function lessons(): Promise<Finding> {
  const engine = new Engine();
  const random = new Random(1);
  const store = new ModelledStore(engine, DYNAMODB, random.fork('strategy'));
  const strategy = new SwitchgearStrategy(store, LIKE_PEERS, {}, 'decide');
  const { scenario } = scenarioOf({ ...SHAPE, processes: 1_000, rps: 20_000, outageMs: 10 * MINUTE_MS });
  const world = new World(engine, random, scenario, strategy);
  await engine.advance(MINUTE_MS);
  const seen: Lessons = { teaching: 0, inFlight: 0, awaiting: 0, tooEarly: 0, refused: 0, probes: 0 };
  const stages = new Map<Process, Exclude<keyof Lessons, 'teaching' | 'probes'>>();
  const nothing = () => {};
  store.watcher = {
    sent: nothing,
    asked: nothing,
    wrote: nothing,
    told: (process, _, __, source) => {
      if (source === 'write') stages.set(process, 'tooEarly');
    },
    failed: (process, verb) => {
      if (verb === 'report') stages.set(process, 'refused');
    },
  };
  world.traffic.watcher = {
    asks: nothing,
    rejected: nothing,
    full: nothing,
    settled: nothing,
    threw: nothing,
    admitted({ process, member }) {
      const stage = stages.get(process);
      if (member.guard.state !== 'closed') seen.probes++;
      else seen[stage ?? 'teaching']++;
      if (!stage) stages.set(process, 'inFlight');
    },
    ended({ process }, outcome) {
      if (outcome === 'failure' && stages.get(process) === 'inFlight') stages.set(process, 'awaiting');
    },
  };
  await engine.advance(10 * MINUTE_MS);
  const { teaching, inFlight, awaiting, tooEarly, refused, probes } = seen;
  const beyond = awaiting + tooEarly + refused;
  return {
    found: `${teaching + inFlight + probes + beyond} calls: ${teaching} the first of their process, ${inFlight} begun before its failure was seen, ${probes} probes; beyond that, ${awaiting} begun before the answer to the report of that failure, ${tooEarly} after an answer from before the trip, ${refused} after a report that was throttled`,
    kept: beyond === 0,
  };
}

/** Store calls of processes that are well, by number of circuits. */
export async function healthy(): Promise<Finding> {
  const [processes, minutes] = [20, 5];
  const found: string[] = [];
  let kept = true;
  for (const circuits of [1, 10, 100]) {
    const engine = new Engine();
    const random = new Random(1);
    const store = new ModelledStore(engine, REDIS, random.fork('store'));
    let batches = 0;
    const nothing = () => {};
    store.watcher = { sent: nothing, asked: () => batches++, told: nothing, failed: nothing, wrote: nothing };
    for (let index = 0; index < processes; index++) {
      const process = new Process(engine, index);
      const gear = new Switchgear({
        store: store.connect(process),
        processId: process.name,
        clock: process,
        random: () => random.uniform(),
      });
      const breakers = Array.from({ length: circuits }, (_, i) => gear.breaker(`circuit-${i}`, QUIET));
      const call = (): void => {
        engine.touch();
        void random.pick(breakers).execute(() => 'well');
        engine.after(random.exponential() * 5, { happen: call });
      };
      engine.after(random.uniform() * 1_000, { happen: call });
    }
    await engine.advance(minutes * MINUTE_MS);
    const each = batches / processes;
    // One per period, and what a process reads of a circuit when it first uses it.
    const most = (minutes * MINUTE_MS) / 5_000 + circuits;
    kept &&= store.meter.writes === 0 && each <= most;
    found.push(`${circuits}: ${store.meter.writes} writes, ${each.toFixed(1)} batches of at most ${most}`);
  }
  return { found: found.join('; '), kept };
}

const SHAPE = { trouble: 'outage', recoveryMs: 0, timeoutMs: 2_000 } as const;
