/** The face of the metrics and span events: one function. */

import { type MeterProvider, metrics } from '@opentelemetry/api';
import type { Switchgear } from '../switchgear.ts';
import { observe } from './circuit-metrics.ts';
import { addSpanEvents } from './span-events.ts';

export interface InstrumentOptions {
  /** Who collects the metrics. Default: the provider that is registered with OpenTelemetry now: start its SDK first. */
  readonly meterProvider?: MeterProvider;
}

/**
 * Has OpenTelemetry observe the circuits of this process, until the function that it returns is called: metrics read when they are
 * collected, and events on whichever span is active when a call is rejected or this process changes a circuit.
 * Costs a call an addition. No store call.
 *
 * @example
 * const stop = instrument(gear);
 */
export function instrument(
  gear: Switchgear,
  { meterProvider = metrics.getMeterProvider() }: InstrumentOptions = {},
): () => void {
  const stops = [observe(gear, meterProvider.getMeter('switchgear')), addSpanEvents(gear)];
  return () => {
    for (const stop of stops.splice(0)) stop();
  };
}
