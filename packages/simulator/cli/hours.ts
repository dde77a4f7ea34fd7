import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { type Scenario, scenarioOf } from '@switchgear/simulator';
import type { BreakerOptions } from 'switchgear';
import { observed } from './acceptance-runs.ts';

/** What was found in the hours that were run, one seed each, from seed 1. */
export interface Tally {
  /** What was run, in words: hours of something else are not added to. */
  readonly what: string;
  readonly hours: number;
  readonly calls: number;
  /** Calls that failed. */
  readonly failures: number;
  /** Requests of processes to write. */
  readonly storeWrites: number;
  /** Changes of state that were committed. */
  readonly transitions: number;
}

export type Tallies = Readonly<Record<string, Tally>>;

/** Many hours of one scenario. */
export interface Task {
  readonly what: string;
  readonly hours: number;
  readonly scenario: Scenario;
  readonly policy: BreakerOptions;
  /** Milliseconds. */
  readonly cacheTtl: number;
}

const HOUR_MS = 3_600_000;
const QUIET = { maxConcurrent: false, timeout: 2_000 } as const;
/** Reads find nothing new where no state ever changes, and are most of the work: there are fewer of them. */
const CACHE_TTL_MS = 60_000;
const SHAPE = { outageMs: HOUR_MS, recoveryMs: 0, timeoutMs: 2_000, rps: 1_000 } as const;

const sickProcess = scenarioOf({ ...SHAPE, processes: 200, trouble: 'sick-process' }).scenario;

const SICK: Task = {
  what: '200 processes, 1 000 calls/s, 0.01 % of which fail; one process cannot reach the dependency from the second minute on; quorum 2, cacheTtl 60 s, DynamoDB',
  hours: 1_000,
  scenario: sickProcess,
  policy: { ...QUIET, quorum: 2 },
  cacheTtl: CACHE_TTL_MS,
};

/** By the names that the file has. */
export const TASKS: Readonly<Record<string, Task>> = {
  'sick process': SICK,
  'stray errors': strays(50),
  'stray errors, many processes': strays(1_000),
};

/** Nothing is wrong but them. */
function strays(processes: number): Task {
  const { scenario } = scenarioOf({ ...SHAPE, processes, trouble: 'outage', strayFailures: 0.001 });
  return {
    what: `${processes.toLocaleString('en').replace(',', ' ')} processes, 1 000 calls/s, 0.1 % of which fail; the default policy, cacheTtl 60 s, DynamoDB`,
    hours: 100,
    scenario: { ...scenario, script: scenario.script.slice(0, 1) },
    policy: QUIET,
    cacheTtl: CACHE_TTL_MS,
  };
}

export function talliesIn(file: string): Tallies {
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Tallies) : {};
}

/**
 * Runs the hours that `file` does not have yet, and writes each down there as it is done. Ctrl-C ends it after the present
 * hour; the same command goes on from there.
 */
export async function runHours(
  file: string,
  tell: (line: string) => void,
  tasks: Readonly<Record<string, Task>> = TASKS,
): Promise<Tallies> {
  let stopped = false;
  const stop = () => {
    stopped = true;
  };
  process.once('SIGINT', stop);
  try {
    for (const [name, task] of Object.entries(tasks)) {
      let tally = talliesIn(file)[name];
      if (tally?.what !== task.what)
        tally = { what: task.what, hours: 0, calls: 0, failures: 0, storeWrites: 0, transitions: 0 };
      while (tally.hours < task.hours && !stopped) {
        tally = await oneMore(tally, task);
        save(file, { ...talliesIn(file), [name]: tally });
        tell(`${name}: hour ${tally.hours} of ${task.hours}, ${tally.transitions} transitions so far`);
        // An hour waits for nothing real: without this, Ctrl-C would not be heard.
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
  } finally {
    process.off('SIGINT', stop);
  }
  return talliesIn(file);
}

async function oneMore(tally: Tally, { scenario, policy, cacheTtl }: Task): Promise<Tally> {
  const hours = tally.hours + 1;
  const seen = await observed(scenario, HOUR_MS, { seed: hours, policy, gear: { cacheTtl } });
  return {
    ...tally,
    hours,
    calls: tally.calls + seen.ledger.sum('offered'),
    failures: tally.failures + seen.ledger.sum('failed'),
    storeWrites: tally.storeWrites + seen.meter.writes,
    transitions: tally.transitions + seen.changes.length,
  };
}

/** Whoever is cut off while writing leaves the file as it was. */
function save(file: string, tallies: Tallies): void {
  writeFileSync(`${file}.new`, `${JSON.stringify(tallies, undefined, 2)}\n`);
  renameSync(`${file}.new`, file);
}
