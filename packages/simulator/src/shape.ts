import { Distribution } from './engine/distribution.ts';
import { bursts, diurnal, type Rate, steady } from './world/arrivals.ts';
import type { Condition, Phase } from './world/dependency.ts';
import type { Scenario } from './world/world.ts';

/** What a scenario is made of. Durations in milliseconds. */
export interface Shape {
  /** Absent: on Lambda, where the number of instances follows from the calls. */
  readonly processes?: number;
  /** Calls per second of the whole fleet. */
  readonly rps: number;
  /** How calls come. Absent: steadily. */
  readonly traffic?: keyof typeof TRAFFIC;
  readonly trouble: keyof typeof TROUBLES;
  /** How long the trouble lasts. */
  readonly outageMs: number;
  /** In this time after an outage the dependency's capacity comes back; 0: at once, and without limit. */
  readonly recoveryMs: number;
  /** After this, clients give up a call. */
  readonly timeoutMs: number;
  /** Share of calls, 0–1, that fail while all is well. Absent: none. */
  readonly strayFailures?: number;
}

/** Bounds of what is simulated: what lies beyond takes too much memory, or too long. */
export const LIMITS = {
  processes: [1, 20_000],
  rps: [1, 100_000],
  durationMs: [1_000, 86_400_000],
} as const;

/** How calls may come, in words. */
export const TRAFFIC = {
  steady: 'at the same rate all the time',
  bursts: 'three times as many in the first 2 of every 10 seconds',
  diurnal: 'from a third to all of them and back within the run, as over a day',
} as const;

/** What may go wrong, in words. */
export const TROUBLES = {
  outage: 'the dependency refuses every call',
  hanging: 'the dependency answers after clients have given up',
  'brown-out': 'three calls in ten fail',
  flapping: 'the dependency is dead for 10 seconds, well for 10, dead again',
  'dead-zone': 'a third of the processes cannot reach the dependency',
  'sick-process': 'one process cannot reach the dependency',
} as const;

/** Before the trouble, so that caches are warm and a healthy month can be told. */
export const LEAD_MS = 60_000;
/** After it, so that the slowest have recovered. */
const TAIL_MS = 60_000;

/** A quick API; on Lambda, a call that takes half a second: with 2 calls per instance and second, presets mean what they say. */
const POD_LATENCY = new Distribution([
  [0, 5],
  [0.5, 20],
  [0.9, 50],
  [0.99, 200],
  [1, 800],
]);
const LAMBDA_LATENCY = new Distribution([
  [0, 300],
  [0.5, 480],
  [0.9, 700],
  [1, 1_200],
]);
/** Refused connections. */
const REFUSED_LATENCY = new Distribution([
  [0, 2],
  [0.9, 10],
  [1, 100],
]);
/** What is left right after an outage, of the traffic; and what the dependency can take when all is well. */
const LEAST_CAPACITY = 0.2;
const FULL_CAPACITY = 1.5;
/** While one process is sick, the others are not perfect either. */
const STRAYS_BESIDE_THE_SICK = 0.0001;
const FLAP_MS = 10_000;
const ZONES = 3;

/** The run that a shape makes: a good minute, the trouble, and a minute or longer to recover in. */
export function scenarioOf(shape: Shape): { readonly scenario: Scenario; readonly durationMs: number } {
  const { processes, outageMs, recoveryMs, timeoutMs } = shape;
  const durationMs = LEAD_MS + outageMs + recoveryMs + TAIL_MS;
  const scenario: Scenario = {
    fleet: processes === undefined ? { coldStartMs: 300, idleMs: 600_000 } : { processes },
    rate: rateOf(shape, durationMs),
    script: scriptOf(shape),
    timeoutMs,
    skewMs: 1_000,
  };
  return { scenario, durationMs };
}

/** What of a shape makes no sense, each with what is allowed; a shape may come from a form or a message. */
export function shapeProblems(shape: Shape): string[] {
  const problems: string[] = [];
  const check = (name: string, value: unknown, holds: boolean, allowed: string) =>
    holds || problems.push(`${name} is ${String(value)}; allowed: ${allowed}`);
  const within = (name: string, value: unknown, [min, max]: readonly [number, number]) =>
    check(
      name,
      value,
      Number.isInteger(value) && Number(value) >= min && Number(value) <= max,
      `a whole number from ${min} to ${max}`,
    );
  const oneOf = (name: string, value: string, table: object) =>
    check(name, value, Object.hasOwn(table, value), Object.keys(table).join(', '));
  if (shape.processes !== undefined) within('processes', shape.processes, LIMITS.processes);
  within('rps', shape.rps, LIMITS.rps);
  oneOf('traffic', shape.traffic ?? 'steady', TRAFFIC);
  oneOf('trouble', shape.trouble, TROUBLES);
  within('outageMs', shape.outageMs, LIMITS.durationMs);
  if (shape.recoveryMs !== 0) within('recoveryMs', shape.recoveryMs, LIMITS.durationMs);
  if (shape.recoveryMs !== 0 && partial(shape))
    check(
      'recoveryMs',
      shape.recoveryMs,
      false,
      `0 with ${shape.trouble}: others reach the dependency all the time`,
    );
  within('timeoutMs', shape.timeoutMs, [1, LIMITS.durationMs[1]]);
  const strays = shape.strayFailures ?? 0;
  check('strayFailures', strays, strays >= 0 && strays < 1, 'a share of calls, from 0 to less than 1');
  return problems;
}

/** Whether some processes reach the dependency while others do not. */
export function partial({ trouble }: Pick<Shape, 'trouble'>): boolean {
  return trouble === 'sick-process' || trouble === 'dead-zone';
}

function rateOf({ rps, traffic }: Shape, durationMs: number): Rate {
  if (traffic === 'bursts') return bursts(rps, 3 * rps, 2_000, 10_000);
  return traffic === 'diurnal' ? diurnal(rps / 3, rps, durationMs) : steady(rps);
}

function scriptOf(shape: Shape): readonly Phase[] {
  const { processes, rps, outageMs, recoveryMs } = shape;
  const latencyMs = processes === undefined ? LAMBDA_LATENCY : POD_LATENCY;
  const strays = shape.trouble === 'sick-process' ? STRAYS_BESIDE_THE_SICK : 0;
  const well: Condition = { latencyMs, failureRatio: shape.strayFailures ?? strays };
  const untilMs = LEAD_MS + outageMs;
  const steps = Math.ceil(recoveryMs / 1_000);
  const recovery = Array.from({ length: steps }, (_, step): Phase => {
    const share = LEAST_CAPACITY + ((FULL_CAPACITY - LEAST_CAPACITY) * step) / steps;
    return { fromMs: untilMs + step * 1_000, condition: { ...well, capacity: rps * share } };
  });
  const after = recoveryMs > 0 ? { ...well, capacity: rps * FULL_CAPACITY } : well;
  return [
    { fromMs: 0, condition: well },
    ...troubleOf(shape, well, untilMs),
    ...recovery,
    { fromMs: untilMs + recoveryMs, condition: after },
  ];
}

function troubleOf({ trouble, timeoutMs }: Shape, well: Condition, untilMs: number): readonly Phase[] {
  const dead: Condition = { latencyMs: REFUSED_LATENCY, failureRatio: 1 };
  const from = (condition: Condition): Phase => ({ fromMs: LEAD_MS, condition });
  switch (trouble) {
    case 'outage':
      return [from(dead)];
    case 'hanging':
      return [from({ latencyMs: Distribution.constant(2 * timeoutMs), failureRatio: 1 })];
    case 'brown-out':
      return [from({ ...well, failureRatio: 0.3 })];
    case 'flapping': {
      const flaps = Math.ceil((untilMs - LEAD_MS) / FLAP_MS);
      return Array.from({ length: flaps }, (_, i) => ({
        fromMs: LEAD_MS + i * FLAP_MS,
        condition: i % 2 === 0 ? dead : well,
      }));
    }
    case 'dead-zone':
      return [{ ...from(dead), elsewhere: well, affects: ({ index }) => index % ZONES === 0 }];
    case 'sick-process':
      return [{ ...from(dead), elsewhere: well, affects: ({ index }) => index === 0 }];
  }
}
