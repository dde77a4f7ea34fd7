/** A fleet of real processes in one test: a circuit of its own on DynamoDB Local, and a dependency of its own. */

import { afterAll, test as base, expect, inject, vi } from 'vitest';
import type { BreakerOptions, CircuitRecord } from '../../src/index.ts';
import type { GearOptions } from '../../src/options.ts';
import { Bed, LAYOUTS } from '../dynamodb/emulators.ts';
import { Dependency } from './dependency.ts';
import { type Commands, type Look, Process, type Settings } from './process.ts';

export interface FleetOptions {
  readonly breaker?: BreakerOptions;
  readonly gear?: GearOptions & { readonly storeTimeout?: number };
  /** Address of the store for each process; default: DynamoDB Local itself. */
  readonly endpoint?: (at: number) => string;
  /** What the clock of each process shows more than the machine's, milliseconds; default 0. */
  readonly skewMs?: (at: number) => number;
}

/** Here the store is to answer, however busy the machine: what a process does otherwise is another test's matter. */
const PATIENT = { storeTimeout: 15_000 };

/** New processes at the same time: more of them only hinder one another. */
const START_AT_ONCE = 4;

let bed: Promise<Bed> | undefined;
let started = 0;
const living = new Set<Process>();
/** Processes that wait for the next test: to start one costs a sixth of a second. */
const idle: Process[] = [];

afterAll(async () => {
  await Promise.all([...living].map((process) => process.kill()));
  (await bed)?.close();
});

/** Processes with these clocks, as many of them waiting ones as there are. */
async function take(skewsMs: readonly number[], { url }: Dependency, table: Bed): Promise<Process[]> {
  const taken = skewsMs.map((skewMs) => {
    const at = idle.findIndex((process) => process.skewMs === skewMs);
    return at < 0 ? undefined : idle.splice(at, 1)[0];
  });
  const missing = [...taken.keys()].filter((at) => !taken[at]);
  const startSome = async () => {
    for (let at = missing.pop(); at !== undefined; at = missing.pop()) {
      const process = await Process.start(started++, skewsMs[at] as number, living);
      taken[at] = process;
      // The first call and the first write of a process cost more than the hundred next: no test is about them.
      await process.open(settings(`warm-up-${crypto.randomUUID()}`, table, url));
      await process.ask('warm');
      await process.ask('call');
      await process.ask('close');
    }
  };
  await Promise.all(Array.from({ length: START_AT_ONCE }, startSome));
  return taken as Process[];
}

function settings(
  circuit: string,
  { options: { tableName } }: Bed,
  dependency: string,
  { breaker = {}, gear = {} }: FleetOptions = {},
  endpoint = inject('dynamodbEndpoint'),
): Settings {
  const store = { tableName, region: 'eu-central-1', endpoint };
  return { circuit, store, dependency, breaker, gear: { ...PATIENT, ...gear } };
}

/** Waits until `check` throws no more; with all the time that two cores may need for a fleet. */
export function soon(check: () => void | Promise<void>): Promise<void> {
  return vi.waitFor(check, { timeout: 20_000, interval: 100 });
}

export class Fleet {
  readonly processes: readonly Process[];
  readonly dependency: Dependency;
  readonly #circuit: string;
  readonly #bed: Bed;

  private constructor(circuit: string, processes: readonly Process[], dependency: Dependency, bed: Bed) {
    this.#circuit = circuit;
    this.processes = processes;
    this.dependency = dependency;
    this.#bed = bed;
  }

  static async of(size: number, options: FleetOptions = {}): Promise<Fleet> {
    bed ??= Bed.on(inject('dynamodbEndpoint'), LAYOUTS['single table']);
    const table = await bed;
    const dependency = await Dependency.start();
    // Down for the first calls of new processes.
    dependency.status = 503;
    const skewsMs = Array.from({ length: size }, (_, at) => options.skewMs?.(at) ?? 0);
    const processes = await take(skewsMs, dependency, table);
    dependency.status = 200;
    dependency.forget();
    const circuit = `payments-${crypto.randomUUID()}`;
    await Promise.all(
      processes.map((process, at) =>
        process.open(settings(circuit, table, dependency.url, options, options.endpoint?.(at))),
      ),
    );
    return new Fleet(circuit, processes, dependency, table);
  }

  process(at: number): Process {
    return this.processes[at] as Process;
  }

  /** Asks all processes, or those given, at once; their answers. */
  all<C extends keyof Commands>(
    command: C,
    processes: readonly Process[] = this.processes,
  ): Promise<Commands[C][]> {
    return Promise.all(processes.map((process) => process.ask(command)));
  }

  /** `times` failing calls in `process`, the dependency being down for as long; waits until the store has them. */
  async fail(process: Process, times = 1): Promise<void> {
    const before = this.dependency.status;
    this.dependency.status = 503;
    for (let i = 0; i < times; i++) expect(await process.ask('call')).toMatchObject({ how: 'failed' });
    await process.ask('settle');
    this.dependency.status = before;
  }

  /** Trips the circuit: all processes know of it, and from now on the dependency answers when the test does. */
  async open(): Promise<void> {
    await this.all('warm');
    await this.fail(this.process(0), 3);
    for (const { state } of await this.all('warm')) expect(state).toBe('open');
    this.dependency.status = undefined;
    this.dependency.forget();
  }

  /** Waits until each of these processes has been `how` by so many calls more than at the time of asking. */
  async more(how: 'ok' | 'rejected', times: number, processes = this.processes): Promise<void> {
    const before = await this.all('look', processes);
    await soon(async () => {
      for (const [at, { calls, state, storeErrors }] of (await this.all('look', processes)).entries())
        expect(
          calls[how] - (before[at] as Look).calls[how],
          `${how}, ${state}, ${storeErrors.join()}`,
        ).toBeGreaterThanOrEqual(times);
    });
  }

  /** Waits until `n` calls have arrived at the dependency. */
  arrived(n: number): Promise<void> {
    return soon(() => expect(this.dependency.arrivals.length).toBeGreaterThanOrEqual(n));
  }

  /** What the store has, read by the test itself. */
  async record(): Promise<CircuitRecord> {
    const window = () => ({ bucketMs: 6_000, buckets: 10 });
    const [record] = await this.#bed.store().load([this.#circuit], window, { consistent: true });
    return record as CircuitRecord;
  }

  /** The transitions that happened, in the order of epochs. */
  async history(): Promise<string[]> {
    const entries = await this.#bed.store().history(this.#circuit);
    return entries.reverse().map(({ epoch, from, to }) => `${epoch.number} ${from} → ${to}`);
  }

  /** The transitions that processes told to have committed, in the order of epochs. */
  async committed(processes = this.processes): Promise<string[]> {
    const looks = await this.all('look', processes);
    return looks
      .flatMap(({ changes }) => changes.filter(({ source }) => source === 'committed'))
      .sort((a, b) => a.epoch.number - b.epoch.number)
      .map(({ epoch, from, to }) => `${epoch.number} ${from} → ${to}`);
  }

  /** Stops all calls. A process that was killed or is frozen goes for good, the others wait for the next test. */
  async end(): Promise<void> {
    this.dependency.release();
    const usable = this.processes.filter((process) => process.usable);
    const looks = await this.all('close', usable);
    await Promise.all(this.processes.filter((process) => !process.usable).map((process) => process.kill()));
    await this.dependency.stop();
    idle.push(...usable);
    // No error of the store, nor any other that is not the dependency's, reached a caller.
    expect(looks.flatMap(({ calls }) => calls.wrong)).toEqual([]);
  }
}

/** A test that starts fleets; they end with it. */
export const test = base.extend<{ fleet: (size: number, options?: FleetOptions) => Promise<Fleet> }>({
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads from it that nothing else is needed
  fleet: async ({}, use) => {
    const fleets: Fleet[] = [];
    await use(async (size, options) => {
      const fleet = await Fleet.of(size, options);
      fleets.push(fleet);
      return fleet;
    });
    await Promise.all(fleets.map((fleet) => fleet.end()));
  },
});
