import { type Results, simulate } from '@switchgear/simulator';
import { healthy, lessons, recovery, trip } from './acceptance-runs.ts';
import { TASKS, type Tallies, type Tally, type Task } from './hours.ts';
import { simulateOptions } from './simulate-options.ts';

/** One promise of the design, and the run that shows whether it is kept. */
interface Promised {
  readonly promise: string;
  readonly args: readonly string[];
  /** What was found, and whether that keeps the promise. */
  readonly judge: (results: Readonly<Record<string, Results>>) => Finding;
}

export interface Finding {
  readonly found: string;
  readonly kept: boolean;
}

const SEED = '1';
/** As the peers do it: three failures trip, whatever went well before, and the open time never grows. */
const LIKE_PEERS = '--policy=failureRatio=0,backoff=1,jitter=0';
const number = (value: number) => Math.round(value).toLocaleString('en').replaceAll(',', ' ');
const of = (results: Readonly<Record<string, Results>>, name: string): Results => {
  const found = results[name];
  if (!found) throw new RangeError(`no run of ${name}`);
  return found;
};

const PROMISES: readonly Promised[] = [
  {
    promise:
      '1 000 processes, 20 000 calls/s, dead for 10 minutes: at most 1/20 of the calls that reach it with a breaker per process',
    args: [
      '--processes=1000',
      '--rps=20000',
      '--outage=10m',
      LIKE_PEERS,
      '--strategy=consecutive,dynamodb,redis,oracle',
    ],
    judge: (results) => {
      const [local, dynamodb, redis, limit] = ['consecutive', 'dynamodb', 'redis', 'oracle'].map(
        (name) => of(results, name).reachedDead,
      ) as [number, number, number, number];
      return {
        found: `per process ${number(local)}; DynamoDB ${number(dynamodb)}, 1/${(local / dynamodb).toFixed(1)}; Redis ${number(redis)}, 1/${(local / redis).toFixed(1)}; oracle ${number(limit)}`,
        kept: Math.max(dynamodb, redis) * 20 <= local,
      };
    },
  },
  {
    promise:
      'The dependency’s capacity returns within a minute: with a ramp, recovery never exceeds what it can take',
    args: [
      '--recovery=60s',
      '--policy=failureRatio=0,backoff=1,jitter=0,rampDuration=60s',
      '--strategy=dynamodb,redis',
    ],
    judge: (results) => {
      const [dynamodb, redis] = ['dynamodb', 'redis'].map((name) => of(results, name).overload) as [
        number,
        number,
      ];
      return {
        found: `most calls let through, of what it could take: DynamoDB ${dynamodb.toFixed(2)}, Redis ${redis.toFixed(2)}`,
        kept: Math.max(dynamodb, redis) <= 1,
      };
    },
  },
  {
    promise: 'The same without a ramp: the recovery is overloaded',
    args: ['--recovery=60s', LIKE_PEERS, '--strategy=dynamodb,redis'],
    judge: (results) => {
      const [dynamodb, redis] = ['dynamodb', 'redis'].map((name) => of(results, name).overload) as [
        number,
        number,
      ];
      return {
        found: `DynamoDB ${dynamodb.toFixed(2)}, Redis ${redis.toFixed(2)}`,
        kept: Math.min(dynamodb, redis) > 1,
      };
    },
  },
  {
    promise: '10 000 processes in a total outage: at most 2 write attempts per process and trip',
    args: ['--processes=10000', '--rps=20000', '--outage=9s', LIKE_PEERS, '--strategy=dynamodb'],
    judge: (results) => {
      const { storeWrites, storeThrottled, allRefuseAfterMs } = of(results, 'dynamodb');
      const each = (storeWrites + storeThrottled) / 10_000;
      return {
        found: `${each.toFixed(2)} writes and throttled requests per process; all refuse after ${allRefuseAfterMs / 1_000} s`,
        kept: each <= 2,
      };
    },
  },
];

/** A promise that no single command line shows: its finding, and what was run. */
interface Measured {
  readonly promise: string;
  readonly measure: (tell: (line: string) => void) => Promise<Finding>;
  readonly how: string;
}

const MEASURED: readonly Measured[] = [
  {
    promise:
      '1 000 processes, 20 000 calls/s, dead for 10 minutes, on DynamoDB: at most one teaching call per process, what was in flight, and probes',
    how: 'the settings of the first row, seed 1; each call to the dead dependency by what its process knew when it began',
    measure: lessons,
  },
  {
    promise:
      'At one fixed total rate, the time from the first deadline after recovery to closed is the same from 10 to 10 000 processes within 20 % (median over seeds)',
    how: '2 000 calls/s of 50 ms each, Redis and DynamoDB, dead for 15 s, seeds 1 to 9, `halfOpenSuccessThreshold` 3; from the first lease to closed',
    measure: recovery,
  },
  {
    promise:
      '10 000 processes: the trip is committed within 1 s although the item throttles at 1 000 writes/s',
    how: '20 000 calls/s, DynamoDB, dead for 5 s, seed 1; from the first failure to the write that trips',
    measure: trip,
  },
  {
    promise: 'Healthy: 0 writes, and reads as L10 says, for 1, 10 and 100 circuits per process',
    how: '20 processes, Redis, 5 minutes at 200 calls/s and process; per process at most one batch per `cacheTtl` and one at its start',
    measure: healthy,
  },
];

/** What the long runs are to show. */
const LONG: Readonly<Record<string, string>> = {
  'sick process':
    'One sick process of 200, the others with 0.01 % errors, quorum 2: the fleet never opens in 1 000 seeded hours',
  'stray errors': 'The default policy does not open on 0.1 % background errors at 1 000 calls/s',
  'stray errors, many processes':
    'Nor where 1 000 processes, all begun in the same second, make a call a second each',
};

const HEAD = `<!-- Written by \`npm run simulate -- --acceptance\`. -->
# What the simulator shows

Each row is a promise of the design, the figure that was found, and the command that repeats it. [simulator.md](simulator.md) defines the
figures and says what is not modelled. One seed per row, unless it says otherwise.

Comparisons with breakers per process are made with \`failureRatio=0\`, and with open times that do not grow, on both sides: three failures
trip, whatever went well before. With the default of 0.1, ours waits until a tenth of the calls of the last minute have failed, so that
a few stray errors trip nothing; against a breaker that trips on any three failures in a row it then lets through more, not less.

| Promise | Found | | Command |
| --- | --- | --- | --- |`;

const TAIL = `
A process learns that the dependency is dead from the answer to the report of its own first failure. What it begins until then is what L2
allows; the promise about teaching calls does not mention it, and is not kept by that much. A report that the store refuses, being asked too
much, teaches nothing: its process goes on until its own failures open it.

In the runs of recovery, of the trip, and of many hours, calls that a process admits with no further look, and that go well, are told to its
breaker in passing and have no events of their own; a test holds every request, answer and count of such runs against those of full ones
(\`packages/simulator/test/world/lazy-traffic.test.ts\`). In runs of hours \`cacheTtl\` is longer than its
default: reads find nothing new where no state ever changes, and would be most of the work.

A process that has just begun knows of no good call, so that its first failure counts. Where a thousand begin in the same second, now and then
three of their first calls are among the stray ones, and the circuit opens once. It does not open again: who was there when it
recovered knows of a good call ([decision 17](decisions/0017-what-a-fleet-knows-of-its-successes.md)).

## Not shown here

- Speed: calls per second of real time depend on the machine; \`npm run simulate -- --speed\` tells them, and by how much the heap grows.
- What real processes on DynamoDB Local and Redis do: \`packages/simulator/test/race/\` compares them with the simulator, within margins
  that are stated there.
`;

/** What long runs have found: in so many hours, how often a fleet changed its state. */
function longRow(promise: string, task: Task, tally: Tally | undefined): string {
  const { hours, calls, failures, transitions } = tally?.what === task.what ? tally : NOTHING;
  const found = `${number(transitions)} transitions in ${number(hours)} of ${number(task.hours)} hours: ${number(calls)} calls, of which ${number(failures)} failed`;
  const kept = hours === task.hours ? 'kept' : hours > 0 ? 'kept so far' : 'not run yet';
  const verdict = transitions > 0 ? '**not kept**' : kept;
  return `| ${promise} | ${found} | ${verdict} | \`npm run simulate -- --acceptance hours\`: ${task.what}; seeds from 1 on, an hour each |`;
}

const NOTHING = { hours: 0, calls: 0, failures: 0, transitions: 0 };

/** Runs every promise, tells of each as it is judged, and returns the page. `tallies` gives what `runHours` has found by then. */
export async function acceptance(tell: (line: string) => void, tallies: () => Tallies): Promise<string> {
  const rows: string[] = [];
  for (const { promise, args, judge } of PROMISES) {
    const options = simulateOptions([...args, '--seed', SEED], 'npm run simulate --', () => 0);
    const { shape, strategies, settings, seed } = options;
    const runs = await simulate({ shape, strategies, ...settings, seed });
    const results = Object.fromEntries(runs.map((run, i) => [options.strategies[i], run.results]));
    const { found, kept } = judge(results);
    const verdict = kept ? 'kept' : '**not reached**';
    tell(`${kept ? 'kept' : 'NOT REACHED'}: ${promise}: ${found}`);
    rows.push(`| ${promise} | ${found} | ${verdict} | \`${options.command}\` |`);
  }
  for (const { promise, how, measure } of MEASURED) {
    const { found, kept } = await measure(tell);
    tell(`${kept ? 'kept' : 'NOT REACHED'}: ${promise}: ${found}`);
    rows.push(
      `| ${promise} | ${found} | ${kept ? 'kept' : '**not reached**'} | with \`--acceptance\`: ${how} |`,
    );
  }
  const found = tallies();
  for (const [name, task] of Object.entries(TASKS)) rows.push(longRow(LONG[name] ?? name, task, found[name]));
  return `${HEAD}\n${rows.join('\n')}\n${TAIL}`;
}
