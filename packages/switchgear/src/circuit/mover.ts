/** Who makes the transitions of one process. */

import type { Mover } from '../core/transitions.ts';
import type { Host } from './host.ts';
import type { Failure } from './ticket.ts';

export interface LastFailure extends Failure {
  /** Store's milliseconds. */
  readonly atMs: number;
}

/** `last`: what the latest failure says to a transition, unless it is older than `windowMs`. */
export function moverOf(host: Host, nowMs: number, last: LastFailure | undefined, windowMs: number): Mover {
  const {
    name,
    atMs = 0,
    retryAfterMs = 0,
  }: Partial<LastFailure> = last && nowMs - last.atMs <= windowMs ? last : {};
  let id: string | undefined;
  return {
    nowMs,
    // Drawn when it is needed: mostly nothing is due.
    get id() {
      id ??= host.newId();
      return id;
    },
    by: host.processId,
    prober: host.prober,
    chance: host.random(),
    lastFailure: name,
    // One that is over says nothing of the time to come.
    retryAfterMs: atMs + retryAfterMs > nowMs ? retryAfterMs : 0,
  };
}
