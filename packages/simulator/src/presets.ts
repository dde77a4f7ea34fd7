import type { Shape } from './shape.ts';

/** A common shape of a fleet. */
export interface Preset extends Pick<Shape, 'processes' | 'rps' | 'trouble'> {
  readonly meaning: string;
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
    trouble: 'sick-process',
  },
} as const satisfies Record<string, Preset>;
