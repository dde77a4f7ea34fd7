/** Events on the span in which a call was rejected or a circuit changed: why this request has no call, or the last one. */

import { trace } from '@opentelemetry/api';
import { isSwitchgearError } from '../errors.ts';
import type { Switchgear } from '../switchgear.ts';
import { CIRCUIT_NAME, CIRCUIT_STATE, PREVIOUS_STATE, REASON, RETRY_AFTER } from './names.ts';

/** Returns what ends it. */
export function addSpanEvents(gear: Switchgear): () => void {
  const stopCalls = gear.onCall(({ circuit, outcome, cause }) => {
    if (outcome !== 'rejected') return;
    const open = isSwitchgearError(cause, 'CIRCUIT_OPEN') ? cause : undefined;
    trace.getActiveSpan()?.addEvent('switchgear.call.rejected', {
      [CIRCUIT_NAME]: circuit,
      ...(open && { [CIRCUIT_STATE]: open.state }),
      ...(open && Number.isFinite(open.retryAfterMs) && { [RETRY_AFTER]: Math.ceil(open.retryAfterMs) }),
    });
  });
  const stopChanges = gear.onStateChange(({ circuit, from, to, reason, source }) => {
    // What others did is no part of what this span does.
    if (source === 'learnt') return;
    trace.getActiveSpan()?.addEvent('switchgear.circuit.transition', {
      [CIRCUIT_NAME]: circuit,
      [PREVIOUS_STATE]: from,
      [CIRCUIT_STATE]: to,
      [REASON]: reason,
    });
  });
  return () => {
    stopCalls();
    stopChanges();
  };
}
