/** Metrics that are read when somebody collects them: between two collections a call costs an addition. */

import type { BatchObservableResult, Meter } from '@opentelemetry/api';
import type { CircuitState } from '../core/record.ts';
import type { Switchgear } from '../switchgear.ts';
import { CallCounts, OUTCOMES } from '../telemetry/call-counts.ts';
import { STATES } from '../telemetry/states.ts';
import { CIRCUIT_NAME, CIRCUIT_STATE, OUTCOME } from './names.ts';

const COMMITTED: readonly CircuitState[] = ['closed', 'open', 'half-open'];

/** Every series of a circuit exists, at zero, from the first collection after it has its breaker. Returns what ends it. */
export function observe(gear: Switchgear, meter: Meter): () => void {
  const calls = meter.createObservableCounter('switchgear.calls', {
    description: 'Calls that ended, also those that were not made.',
    unit: '{call}',
  });
  const transitions = meter.createObservableCounter('switchgear.circuit.transitions', {
    description: 'Changes of the state that this process committed for the fleet.',
    unit: '{transition}',
  });
  const status = meter.createObservableUpDownCounter('switchgear.circuit.status', {
    description: 'The state in force in this process: 1 for the present one, 0 for all others.',
    unit: '1',
  });

  const counts = new CallCounts(gear);
  const committed = new Map<string, number>();
  const stopListening = gear.onStateChange(({ circuit, to, source }) => {
    if (source === 'committed')
      committed.set(keyOf(circuit, to), (committed.get(keyOf(circuit, to)) ?? 0) + 1);
  });

  const collect = (result: BatchObservableResult) => {
    for (const [name, breaker] of gear.breakers) {
      const present = breaker.state.state;
      const counted = counts.of(name);
      for (const outcome of OUTCOMES)
        result.observe(calls, counted[outcome], { [CIRCUIT_NAME]: name, [OUTCOME]: outcome });
      for (const state of STATES)
        result.observe(status, Number(state === present), { [CIRCUIT_NAME]: name, [CIRCUIT_STATE]: state });
      for (const state of COMMITTED)
        result.observe(transitions, committed.get(keyOf(name, state)) ?? 0, {
          [CIRCUIT_NAME]: name,
          [CIRCUIT_STATE]: state,
        });
    }
  };
  const instruments = [calls, transitions, status];
  meter.addBatchObservableCallback(collect, instruments);
  return () => {
    meter.removeBatchObservableCallback(collect, instruments);
    stopListening();
    counts.stop();
  };
}

function keyOf(circuit: string, state: string): string {
  return `${state} ${circuit}`;
}
