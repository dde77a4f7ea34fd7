/** `switchgear/opentelemetry`: what breakers do, as OpenTelemetry's metrics and span events. docs/telemetry.md names them. */

export { type InstrumentOptions, instrument } from './instrument.ts';
