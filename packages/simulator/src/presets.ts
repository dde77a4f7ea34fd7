import { Distribution } from './engine/distribution.ts';
import { steady } from './world/arrivals.ts';
import type { Condition, Phase } from './world/dependency.ts';
import type { Scenario } from './world/world.ts';

/** A common shape of a fleet. */
export interface Preset {
  readonly meaning: string;
  /** Absent: on Lambda, where the number of instances follows from the calls. */
  readonly processes?: number;
  /** Calls per second of the whole fleet. */
  readonly rps: number;
  /** What goes wrong: the dependency for all, or one process. */
  readonly trouble: 'outage' | 'sick process';
}

export const PRESETS = {
  'lambda-10': { meaning: 'about 10 busy Lambda instances', rps: 20, trouble: 'outage' },
  'lambda-1000': { meaning: 'about 1 000 busy Lambda instances', rps: 2_000, trouble: 'outage' },
  'lambda-10000': { meaning: 'about 10 000 busy Lambda instances', rps: 20_000, trouble: 'outage' },
  'pods-50': { meaning: '50 pods behind a load balancer', processes: 50, rps: 500, trouble: 'outage' },
  'sick-pod-200': {
    meaning: '200 pods, one of which cannot reach a dependency that is well',
    processes: 200,
    rps: 2_000,
    trouble: 'sick process',
  },
} as const satisfies Record<string, Preset>;

/** What a scenario is made of. Durations in milliseconds. */
export interface Shape {
  /** Absent: on Lambda. */
  readonly processes?: number;
  readonly rps: number;
  /** How long the trouble lasts. */
  readonly outageMs: number;
  /** In this time after an outage the dependency's capacity comes back; 0: at once, and without limit. */
  readonly recoveryMs: number;
  readonly trouble: Preset['trouble'];
  /** After this, clients give up a call. */
  readonly timeoutMs: number;
}

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
const DEAD_LATENCY = new Distribution([
  [0, 2],
  [0.9, 10],
  [1, 100],
]);
/** What is left right after an outage, of the traffic; and what the dependency can take when all is well. */
const LEAST_CAPACITY = 0.2;
const FULL_CAPACITY = 1.5;
const STRAY_FAILURES = 0.0001;

/** The run that a shape makes: a good minute, the trouble, and a minute or longer to recover in. */
export function scenarioOf(shape: Shape): { readonly scenario: Scenario; readonly durationMs: number } {
  const { processes, rps, outageMs, recoveryMs, timeoutMs } = shape;
  const scenario: Scenario = {
    fleet: processes === undefined ? { coldStartMs: 300, idleMs: 600_000 } : { processes },
    rate: steady(rps),
    script: scriptOf(shape),
    timeoutMs,
    skewMs: 1_000,
  };
  return { scenario, durationMs: LEAD_MS + outageMs + recoveryMs + TAIL_MS };
}

function scriptOf({ processes, rps, outageMs, recoveryMs, trouble }: Shape): readonly Phase[] {
  const latencyMs = processes === undefined ? LAMBDA_LATENCY : POD_LATENCY;
  const well: Condition = { latencyMs, failureRatio: 0 };
  const dead: Condition = { latencyMs: DEAD_LATENCY, failureRatio: 1 };
  const until = LEAD_MS + outageMs;
  if (trouble === 'sick process') {
    const stray: Condition = { latencyMs, failureRatio: STRAY_FAILURES };
    return [
      { fromMs: 0, condition: stray },
      { fromMs: LEAD_MS, condition: dead, elsewhere: stray, affects: ({ index }) => index === 0 },
      { fromMs: until, condition: stray },
    ];
  }
  const steps = Math.ceil(recoveryMs / 1_000);
  const recovery = Array.from({ length: steps }, (_, step): Phase => {
    const share = LEAST_CAPACITY + ((FULL_CAPACITY - LEAST_CAPACITY) * step) / steps;
    return { fromMs: until + step * 1_000, condition: { ...well, capacity: rps * share } };
  });
  const after = recoveryMs > 0 ? { ...well, capacity: rps * FULL_CAPACITY } : well;
  return [
    { fromMs: 0, condition: well },
    { fromMs: LEAD_MS, condition: dead },
    ...recovery,
    { fromMs: until + recoveryMs, condition: after },
  ];
}
