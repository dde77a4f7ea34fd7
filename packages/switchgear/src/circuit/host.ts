/** What a circuit needs of the process around it. `Switchgear` provides it; the simulator has its own. */

import type { Clock } from '../clock.ts';
import type { StoreGuard } from '../store/store-guard.ts';
import type { Circuit } from './circuit.ts';
import type { EndedCall } from './ended-call.ts';
import type { StateChange } from './state-change.ts';

export interface Host {
  readonly clock: Clock;
  readonly guard: StoreGuard;
  readonly processId: string;
  /** Whether it is a health check, which may probe before the others. */
  readonly prober: boolean;
  /** Age beyond which a snapshot is no answer any more, milliseconds. */
  readonly maxStale: number;
  /** Uniform in [0, 1). */
  random(): number;
  /** A fresh random id, unique in the fleet. */
  newId(): string;
  /** Reads the circuit anew, together with others that want it; settles within the store's budget and never rejects. */
  load(circuit: Circuit): Promise<void>;
  /** Starts the periodic read of all circuits in use if it is due; returns when the next one will be. */
  refresh(nowMs: number): number;
  emit(change: StateChange): void;
  /** The request that the present code runs for; absent while nobody says so. */
  correlationId?: (() => string | undefined) | undefined;
  /** Tells of each call that ends; absent while nobody listens, so that nobody pays for it. */
  tellCall?: ((call: EndedCall) => void) | undefined;
}
