/** What a process can say about a circuit at a moment. */

import { type Counts, total } from '../core/evidence.ts';
import {
  type CircuitRecord,
  type CircuitState,
  type Epoch,
  type Override,
  type OverrideMode,
  overrideActive,
  overrideUnsettled,
  type StoredPolicy,
  type Transition,
} from '../core/record.ts';
import { admission } from '../core/verdict.ts';
import type { Circuit } from './circuit.ts';
import type { Host } from './host.ts';

/** The state in force: an override, else this process's own, else the fleet's. */
export type EffectiveState = CircuitState | OverrideMode | 'ramp' | 'local-open';

export interface CircuitStatus {
  readonly circuit: string;
  readonly state: EffectiveState;
  /**
   * When the state below any override began, store's milliseconds; 0 for a circuit that was never written. What an override
   * ended into began with its end.
   */
  readonly sinceMs: number;
  /** Milliseconds until a call may be admitted again; 0 where one may now, `Infinity` where an operator must act. */
  readonly retryAfterMs: number;
  /** Evidence of the whole fleet in the present window, as of the snapshot. */
  readonly evidence: Counts;
  /** The transition that began the state; absent where there was none. */
  readonly transition: Transition | undefined;
  /** The operator's decision, if one is in force. */
  readonly override: Override | undefined;
  /** The operator's decision that is over, as long as no call has taken its end into account: the state is what it ended into. */
  readonly ended: Override | undefined;
  /** Version of the operator's latest decision, in force or over, for `ifVersion`; 0: there was none. */
  readonly overrideVersion: number;
  /** The settings stored with the circuit, with who stored them and why; without `values` where they were removed. */
  readonly policy: StoredPolicy | undefined;
  readonly epoch: Epoch;
}

export function recordStatus(record: CircuitRecord, nowMs: number, prober = false): CircuitStatus {
  const override = overrideActive(record, nowMs) ? record.override : undefined;
  const ended = overrideUnsettled(record, nowMs) ? record.override : undefined;
  const verdict = admission(record, nowMs, prober);
  // A forced-open ends into a probe, the others into full load, whatever the record says until the next call has written it.
  const below = ended ? (ended.mode === 'forced-open' ? 'half-open' : 'closed') : record.state;
  return {
    circuit: record.name,
    state: override?.mode ?? (verdict.admits === 'share' ? 'ramp' : below),
    sinceMs: ended?.untilMs ?? record.sinceMs,
    retryAfterMs: verdict.admits === 'none' ? verdict.untilMs - nowMs : 0,
    evidence: total(record.evidence, nowMs, record),
    transition: record.transition,
    override,
    ended,
    overrideVersion: record.override?.version ?? 0,
    policy: record.policy,
    epoch: record.epoch,
  };
}

export function statusOf(circuit: Circuit, host: Host): CircuitStatus {
  const nowMs = circuit.now();
  const fleet = recordStatus(circuit.record ?? circuit.root(), nowMs, host.prober);
  if (circuit.mode === 'disabled') return { ...fleet, state: 'disabled' };
  const local = circuit.local;
  if (!local || fleet.override) return fleet;
  const own = { ...recordStatus(local, nowMs, true), epoch: fleet.epoch };
  return local.state === 'closed' ? own : { ...own, state: 'local-open' };
}
