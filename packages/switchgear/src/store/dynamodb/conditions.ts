/**
 * Conditions of the store's writes, as fragments that a verb joins with AND. `#x` stands for attribute `x`.
 *
 *    the store's time ───────────────────────────────────────────────────────────────────────────►
 *    epoch           1 closed ──── trip ► 2 open ── openUntil ► 3 half-open ──── verdict ► 4 closed
 *    epochHolds      ├─ of 1 ───────────┤ ├─ of 2 ────────────┤ ├─ of 3 ──────────────────┤ ├─ of 4 …
 *
 *    a probe slot       free      │ lease is taken             untilMs            untilMs + 2 s
 *    slotFree        ─────────────┤                               │                  │
 *    leaseHeld                    ├───────────── by its holder ───┤                  │
 *    slotLapsed                                                                      ├─ by anybody …
 *
 *    operators            ▲ override        ▲ release        (any time, across all of the above)
 *    overrideAsRead  ─────┤├────────────────┤├─────────────────────────────────────────────────── …
 */

import { type CircuitRecord, CLOCK_BOUND_MS } from '../../core/record.ts';
import { leaseField } from '../record-fields.ts';
import type { PlainMap } from './attributes.ts';

export interface Condition {
  readonly text: string;
  readonly values?: PlainMap;
}

/** Nobody has moved the circuit. Epoch 0 also holds while there is no record: the first write creates it. */
export function epochHolds({ epoch }: CircuitRecord): Condition {
  const same = '(#epoch = :fromEpoch AND #epochId = :fromId)';
  return {
    text: epoch.number === 0 ? `(attribute_not_exists(#epoch) OR ${same})` : same,
    values: { fromEpoch: epoch.number, fromId: epoch.id },
  };
}

/** The slot still has this lease, and the lease has not ended. */
export function leaseHeld(slot: number, id: string, nowMs: number): Condition {
  const lease = `#${leaseField(slot)}`;
  return {
    text: `${lease}.#id = :leaseId AND ${lease}.#untilMs > :now`,
    values: { leaseId: id, now: nowMs },
  };
}

/** The epoch has such a slot, and nobody is in it. */
export function slotFree(slot: number): Condition {
  return { text: `#slots > :slot AND attribute_not_exists(#${leaseField(slot)})`, values: { slot } };
}

/** Whoever was in the slot is gone by every process's clock. */
export function slotLapsed(slot: number, nowMs: number): Condition {
  return { text: `#${leaseField(slot)}.#untilMs <= :lapsed`, values: { lapsed: nowMs - CLOCK_BOUND_MS } };
}

/** No operator has acted since the record was read. */
export function overrideAsRead({ override }: CircuitRecord): Condition {
  return override
    ? { text: '#overrideVersion = :readOverride', values: { readOverride: override.version } }
    : { text: 'attribute_not_exists(#overrideVersion)' };
}

/** Nobody has stored settings since the record was read. */
export function policyAsRead({ policy }: CircuitRecord): Condition {
  return policy
    ? { text: '#policyVersion = :readPolicy', values: { readPolicy: policy.version } }
    : { text: 'attribute_not_exists(#policyVersion)' };
}
