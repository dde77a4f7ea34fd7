/** One line of CloudWatch's embedded metric format. */

import type { CallOutcome } from '../circuit/ended-call.ts';

/** Numbers of one circuit. */
export type Figures = Record<CallOutcome | 'trips' | 'halfOpens' | 'open', number>;

/** The name of each metric, and its unit: part of the public interface, alarms are written on it. */
const METRICS: Readonly<Record<keyof Figures, readonly [name: string, unit: 'Count' | 'None']>> = {
  success: ['Success', 'Count'],
  slow: ['Slow', 'Count'],
  failure: ['Failure', 'Count'],
  ignored: ['Ignored', 'Count'],
  rejected: ['Rejected', 'Count'],
  'bulkhead-full': ['BulkheadFull', 'Count'],
  trips: ['Trips', 'Count'],
  halfOpens: ['HalfOpens', 'Count'],
  open: ['Open', 'None'],
};

export function emfLine(
  of: {
    readonly namespace: string;
    readonly service: string;
    readonly circuit: string;
    readonly atMs: number;
  },
  figures: Figures,
): string {
  const metrics = Object.entries(METRICS) as [keyof Figures, (typeof METRICS)[keyof Figures]][];
  return JSON.stringify({
    _aws: {
      Timestamp: of.atMs,
      CloudWatchMetrics: [
        {
          Namespace: of.namespace,
          Dimensions: [['service', 'circuit']],
          Metrics: metrics.map(([, [Name, Unit]]) => ({ Name, Unit })),
        },
      ],
    },
    service: of.service,
    circuit: of.circuit,
    ...Object.fromEntries(metrics.map(([key, [name]]) => [name, figures[key]])),
  });
}
