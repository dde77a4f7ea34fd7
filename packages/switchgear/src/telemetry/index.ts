/** `switchgear/telemetry`: what breakers do, as log lines and as CloudWatch metrics. docs/telemetry.md has both. */

export { type EmfMetrics, type EmfOptions, emfMetrics } from './emf-metrics.ts';
export type { LogEntry } from './log-entry.ts';
export { type Logger, type LogOptions, logTo } from './log-to.ts';
