/** What a process tells about a circuit. */

import {
  type CircuitRecord,
  type CircuitState,
  type Epoch,
  type Head,
  type Override,
  type OverrideMode,
  overrideActive,
  type TransitionReason,
} from '../core/record.ts';
import type { Host } from './host.ts';

/** A change of a circuit's state as this process made it or learnt of it. */
export interface StateChange {
  readonly circuit: string;
  readonly from: CircuitState | OverrideMode;
  readonly to: CircuitState | OverrideMode;
  readonly reason: TransitionReason | 'override' | 'override-released';
  /** Store's time in milliseconds. */
  readonly atMs: number;
  /** Process or operator that made the change. */
  readonly by: string;
  /**
   * `committed`: this process's own write made it; exactly one process of the fleet says so, once. `learnt`: somebody else's,
   * seen in the store; where several passed between two reads, the latest. `local`: this process for itself alone.
   */
  readonly source: 'committed' | 'learnt' | 'local';
  readonly epoch: Epoch;
  readonly calls?: number;
  readonly failures?: number;
  /** Name or code of the last failure, where it tripped the circuit. */
  readonly lastFailure?: string;
  /** An operator's words. */
  readonly note?: string;
  /** The request of this process that brought the change about, or learnt of it: see `Switchgear.correlateBy`. */
  readonly correlationId?: string;
}

/** Tells of the transition that began the epoch of `head`, if one did. */
export function announce(
  host: Host,
  circuit: string,
  { epoch, transition }: Head,
  source: StateChange['source'],
): void {
  if (transition) host.emit({ circuit, epoch, source, ...transition });
}

/** The change that an operator's act makes, given the record before and after. */
export function overrideChange(
  before: CircuitRecord,
  after: CircuitRecord,
  override: Override,
  nowMs: number,
): StateChange {
  const active = overrideActive(after, nowMs);
  return {
    circuit: after.name,
    epoch: after.epoch,
    from: overrideActive(before, nowMs) && before.override ? before.override.mode : before.state,
    to: active ? override.mode : after.state,
    reason: active ? 'override' : 'override-released',
    atMs: override.atMs,
    by: override.by,
    note: override.reason,
    source: 'learnt',
  };
}
