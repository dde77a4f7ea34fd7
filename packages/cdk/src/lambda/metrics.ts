/** Metrics as CloudWatch reads them out of a log line: the embedded metric format. */

export const NAMESPACE = 'Switchgear';

/** Values with their units, under the dimension `circuit`. */
export function metricLine(
  circuit: string,
  values: Readonly<Record<string, readonly [value: number, unit: 'Count' | 'Milliseconds' | 'None']>>,
  nowMs: number,
): string {
  const entries = Object.entries(values);
  return JSON.stringify({
    _aws: {
      Timestamp: nowMs,
      CloudWatchMetrics: [
        {
          Namespace: NAMESPACE,
          Dimensions: [['circuit']],
          Metrics: entries.map(([Name, [, Unit]]) => ({ Name, Unit })),
        },
      ],
    },
    circuit,
    ...Object.fromEntries(entries.map(([name, [value]]) => [name, value])),
  });
}
