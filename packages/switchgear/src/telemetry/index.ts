/** `switchgear/telemetry`: what breakers do, as log lines, as CloudWatch metrics, and told to a control API. docs/telemetry.md has both. */

export { type EmfMetrics, type EmfOptions, emfMetrics } from './emf-metrics.ts';
export type { LogEntry } from './log-entry.ts';
export { type Logger, type LogOptions, logTo } from './log-to.ts';
export { reportTraffic, type TrafficOptions } from './report-traffic.ts';
