/** The process around its circuits and breakers, as they see it. `Switchgear` provides it. */

import type { Clock } from '../clock.ts';
import type { Deadlines } from '../guard/deadline.ts';
import type { ResolvedGearOptions } from '../options.ts';
import type { StoreGuard } from '../store/store-guard.ts';
import type { EndedCall } from './ended-call.ts';
import type { Refresher } from './refresher.ts';
import type { StateChange } from './state-change.ts';

export interface Host extends ResolvedGearOptions {
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  readonly guard: StoreGuard;
  /** Uniform in [0, 1). */
  random(): number;
  /** A fresh random id, unique in the fleet. */
  newId(): string;
  readonly refresher: Refresher;
  emit(change: StateChange): void;
  /** The request that the present code runs for; absent while nobody says so. */
  correlationId?: (() => string | undefined) | undefined;
  /** Tells of each call that ends; absent while nobody listens, so that nobody pays for it. */
  tellCall?: ((call: EndedCall) => void) | undefined;
}
