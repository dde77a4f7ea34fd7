/** CloudWatch metrics as lines of the embedded metric format: no call to CloudWatch, no agent in Lambda. */

import { type Clock, systemClock } from '../clock.ts';
import type { Duration } from '../duration.ts';
import { readGuardOptions } from '../guard/guard-options.ts';
import { traceOf } from '../guard/trace-of.ts';
import type { OptionSpec } from '../options.ts';
import type { Switchgear } from '../switchgear.ts';
import { CallCounts, OUTCOMES } from './call-counts.ts';
import { emfLine, type Figures } from './emf-line.ts';
import { isShut } from './states.ts';

export interface EmfOptions {
  /** Dimension that tells functions apart. Default: `POWERTOOLS_SERVICE_NAME`, else the name of the Lambda function, else `service_undefined`. */
  readonly service?: string;
  /** Namespace of the metrics. Default `Switchgear`. */
  readonly namespace?: string;
  /** How often all circuits are told; `false`: with `flush` alone. Default: `false` in Lambda, elsewhere 1 minute. */
  readonly interval?: Duration | false;
  /** Where lines go, without their end. Default: standard output, past a `console` that Lambda has changed. */
  readonly write?: (line: string) => void;
  /** Time, replaced in tests. */
  readonly clock?: Clock;
}

export interface EmfMetrics {
  /**
   * Writes one line at most: of the circuit that has waited longest to tell something new. A line has the dimensions of one
   * circuit, so that circuits take turns; what is not told yet adds up. Give it to `withSwitchgear` as `atEnd`.
   */
  readonly flush: () => void;
  /** Writes what is not told yet, a line per circuit, and ends. */
  readonly stop: () => void;
}

interface Settings {
  readonly service: string;
  readonly namespace: string;
  readonly interval: number;
  readonly write?: (line: string) => void;
}

const TABLE: Record<keyof Settings, OptionSpec> = {
  service: { kind: 'text', min: 1, max: 250 },
  namespace: { kind: 'text', default: 'Switchgear', min: 1, max: 250 },
  interval: { kind: 'duration', min: 1_000, max: 86_400_000, off: Infinity },
  write: { kind: 'function' },
};

/**
 * Counts calls, trips and begun recoveries of this process and tells them to CloudWatch. Counts are since the line before, so that their sums over the
 * fleet are right; `Open` is 1 in a process that the circuit keeps from calling. No store call; no line while there is
 * nothing new, but one of zeros for each new circuit.
 *
 * @throws ConfigurationError (`INVALID_CONFIGURATION`) with every problem of the options.
 * @example
 * const metrics = emfMetrics(gear, { service: 'orders' });
 * export const handler = withSwitchgear(work, { gear, atEnd: metrics.flush });
 */
export function emfMetrics(gear: Switchgear, options: EmfOptions = {}): EmfMetrics {
  const { clock = systemClock, ...rest } = options;
  const { env } = globalThis.process ?? { env: {} };
  const settings = readGuardOptions<Settings>('emfMetrics', TABLE, {
    service: env.POWERTOOLS_SERVICE_NAME || env.AWS_LAMBDA_FUNCTION_NAME || 'service_undefined',
    interval: env.AWS_LAMBDA_FUNCTION_NAME ? false : 60_000,
    ...rest,
  });
  const collector = new Collector(gear, settings, clock);
  // A timer of the machine, which keeps nobody alive: metrics are no reason to go on.
  const timer = Number.isFinite(settings.interval)
    ? setInterval(() => collector.tellAll(), settings.interval)
    : undefined;
  timer?.unref?.();
  return {
    flush: () => collector.tellOne(),
    stop: () => {
      clearInterval(timer);
      collector.stop();
    },
  };
}

class Collector {
  readonly #gear: Switchgear;
  readonly #settings: Settings;
  readonly #clock: Clock;
  readonly #counts: CallCounts;
  readonly #committed = { open: new Map<string, number>(), 'half-open': new Map<string, number>() };
  /** What was told of each circuit, in the order of the telling. */
  readonly #told = new Map<string, Figures>();
  readonly #stopListening: () => void;

  constructor(gear: Switchgear, settings: Settings, clock: Clock) {
    this.#gear = gear;
    this.#settings = settings;
    this.#clock = clock;
    this.#counts = new CallCounts(gear);
    this.#stopListening = gear.onStateChange(({ circuit, to, source }) => {
      // One process of the fleet says so of each: their sum is the fleet's.
      if (source !== 'committed' || (to !== 'open' && to !== 'half-open')) return;
      const counts = this.#committed[to];
      counts.set(circuit, (counts.get(circuit) ?? 0) + 1);
    });
  }

  tellOne(): void {
    const names = [...this.#gear.breakers.keys()];
    const untold = names.find((name) => !this.#told.has(name));
    const next = untold ?? [...this.#told.keys()].find((name) => this.#isNew(name));
    if (next !== undefined) this.#tellEach([next]);
  }

  /** Without news too: alarms take silence for missing data. */
  tellAll(): void {
    this.#tellEach(this.#gear.breakers.keys());
  }

  stop(): void {
    this.#tellEach([...this.#gear.breakers.keys()].filter((name) => this.#isNew(name)));
    this.#counts.stop();
    this.#stopListening();
  }

  #figures(name: string): Figures {
    const counts = this.#counts.of(name);
    const trips = this.#committed.open.get(name) ?? 0;
    const halfOpens = this.#committed['half-open'].get(name) ?? 0;
    const open = Number(isShut(this.#gear.breakers.get(name)?.state.state ?? 'closed'));
    return { ...counts, trips, halfOpens, open };
  }

  #isNew(name: string): boolean {
    const told = this.#told.get(name);
    const now = this.#figures(name);
    return !told || Object.entries(now).some(([key, value]) => value !== told[key as keyof Figures]);
  }

  /** A writer that throws, on a timer, would end the process. What it did not take is told the next time. */
  #tellEach(names: Iterable<string>): void {
    try {
      for (const name of names) this.#tell(name);
    } catch (error) {
      sayAloud(error);
    }
  }

  #tell(name: string): void {
    const now = this.#figures(name);
    const before = this.#told.get(name);
    const since = { ...now };
    if (before) for (const key of [...OUTCOMES, 'trips', 'halfOpens'] as const) since[key] -= before[key];
    const { service, namespace, write = toStandardOutput } = this.#settings;
    const written: unknown = write(
      emfLine({ namespace, service, circuit: name, atMs: this.#clock.now() }, since),
    );
    // One that fails later: whether it took the line is not known, and it is not told twice.
    Promise.resolve(written).catch(sayAloud);
    // Behind all others: it has had its turn.
    this.#told.delete(name);
    this.#told.set(name, now);
  }
}

function sayAloud(error: unknown): void {
  console.error('switchgear: write of emfMetrics threw', traceOf(error));
}

function toStandardOutput(line: string): void {
  globalThis.process?.stdout.write(`${line}\n`);
}
