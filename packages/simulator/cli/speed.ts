import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import {
  DYNAMODB,
  Engine,
  Judge,
  ModelledStore,
  Random,
  type Shape,
  SwitchgearStrategy,
  scenarioOf,
  World,
  withoutStacks,
} from '@switchgear/simulator';
import { MemoryStore, Switchgear } from 'switchgear';

/** What is run: a healthy fleet, and one whose dependency is dead. */
const SHAPE = {
  processes: 1_000,
  rps: 20_000,
  trouble: 'outage',
  outageMs: 86_400_000,
  recoveryMs: 0,
  timeoutMs: 2_000,
} as const satisfies Shape;
const POLICY = { maxConcurrent: false, timeout: 2_000, failureRatio: 0, backoff: 1, jitter: 0 } as const;
const GEAR = { cacheTtl: 5_000, maxStale: 10_000, storeTimeout: 500, awaitReports: false } as const;

/** How closely it is run: with the laws judged at every step, without them, and as in runs of hours, most calls in passing (`LazyTraffic`). */
const DETAILS = ['in passing', 'laws off', 'laws judged'] as const;

export interface Pace {
  readonly fleet: 'healthy' | 'outage';
  readonly detail: (typeof DETAILS)[number];
  readonly calls: number;
  /** Per second of one core's time: what others do on the machine costs nothing. */
  readonly callsPerSecond: number;
  /** By which the heap is larger after all calls than after a quarter of them, bytes. */
  readonly heapGrowth: number;
}

/** Runs each kind of fleet with and without the laws, for `seconds` of virtual time each, and tells of each. */
export async function speed(tell: (line: string) => void, seconds = 300): Promise<readonly Pace[]> {
  tell(`${SHAPE.processes} processes, ${SHAPE.rps} calls/s, DynamoDB; calls per second of one core`);
  const paces: Pace[] = [];
  for (const detail of DETAILS)
    for (const fleet of ['healthy', 'outage'] as const) {
      const pace = await withoutStacks(() => paceOf(fleet, detail, seconds));
      paces.push(pace);
      const [calls, perSecond] = [pace.calls, pace.callsPerSecond].map((n) =>
        Math.round(n).toLocaleString('en'),
      );
      const heap = (pace.heapGrowth / 2 ** 20).toFixed(1);
      tell(
        `${fleet.padEnd(8)} ${detail.padEnd(11)} ${perSecond?.padStart(10)} calls/s   ${calls} calls, from the first quarter of which on the heap grew by ${heap} MB`,
      );
    }
  return paces;
}

async function paceOf(fleet: Pace['fleet'], detail: Pace['detail'], seconds: number): Promise<Pace> {
  const checked = detail === 'laws judged';
  const engine = new Engine();
  const random = new Random(1);
  const store = new ModelledStore(engine, DYNAMODB, random.fork('store'));
  const strategy = new SwitchgearStrategy(store, POLICY, GEAR, checked ? 'acquire' : 'decide');
  const { scenario } = scenarioOf(SHAPE);
  const [well, dead] = scenario.script;
  const condition = (fleet === 'healthy' ? well : dead)?.condition;
  if (!condition) throw new RangeError(`no condition of ${fleet}`);
  const script = [{ fromMs: 0, condition }];
  const world = new World(engine, random, { ...scenario, script, lazy: detail === 'in passing' }, strategy);
  const policy = new Switchgear({ store: new MemoryStore() }).breaker('policy', POLICY).options;
  const judge = checked ? new Judge(world, store, strategy, { policy, gear: GEAR }) : undefined;
  const advance = (share: number) => engine.advance(share * seconds * 1_000);
  const { user, system } = process.cpuUsage();
  await advance(0.25);
  const early = process.cpuUsage();
  const heap = heapUsed();
  const late = process.cpuUsage();
  await advance(0.75);
  const end = process.cpuUsage();
  const coreSeconds =
    (early.user + early.system - user - system + end.user + end.system - late.user - late.system) / 1e6;
  const heapGrowth = heapUsed() - heap;
  const [violation] = judge?.violations ?? [];
  if (violation) throw new Error(`${violation.law} broken by ${violation.process}: ${violation.what}`);
  const calls = world.ledger.sum('offered');
  return { fleet, detail, calls, callsPerSecond: calls / coreSeconds, heapGrowth };
}

/** What is left on the heap after its garbage is gone. */
function heapUsed(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed;
}
