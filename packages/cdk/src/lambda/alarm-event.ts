/** What a change of a CloudWatch alarm means for a circuit. Pure: the record and the time come from the caller. */

import type { CircuitRecord, OverrideRequest } from 'switchgear';

export interface AlarmRules {
  /** How long an alarm holds the circuit open at most: an OK that never comes must not. */
  readonly maxOpenMs: number;
  /** How long the alarm must have been OK before a probe is let through. */
  readonly recoverAfterMs: number;
}

interface AlarmChange {
  readonly alarm: string;
  readonly state: 'ALARM' | 'OK';
  /** As the event says it, and in milliseconds. */
  readonly at: string;
  readonly atMs: number;
}

/** An older event says nothing about the present: CloudWatch has sent others since, or the alarm has been dealt with. */
const MAX_AGE_MS = 15 * 60_000;

/** Clocks differ: an event may seem to come from the future by this much, not more. */
const MAX_AHEAD_MS = 60_000;

/**
 * The override that `event` asks for, or `undefined` where it changes nothing: it is no alarm's, says what is known, or comes
 * late; or an operator, or another alarm, has the word.
 *
 *    alarm      OK ──┬── ALARM ────────────────────┬── OK ────────────────────────────
 *    override        └─ forced-open, maxOpenMs ────┴─ forced-open, recoverAfterMs ─┐
 *    circuit         open                                                         └─ half-open: a probe decides
 */
export function overrideFor(
  event: unknown,
  record: Pick<CircuitRecord, 'override'>,
  nowMs: number,
  { maxOpenMs, recoverAfterMs }: AlarmRules,
): OverrideRequest | undefined {
  const change = changeOf(event);
  if (!change || change.atMs < nowMs - MAX_AGE_MS || change.atMs > nowMs + MAX_AHEAD_MS) return undefined;
  const by = `alarm/${change.alarm}`.slice(0, 64);
  const { override } = record;
  const own = override?.by === by;
  const inForce = override !== undefined && nowMs < (override.untilMs ?? Number.POSITIVE_INFINITY);
  if (inForce && !own) return undefined;
  // The record remembers the last event that was heeded: what is not newer was, or comes too late.
  if (own && change.atMs <= heededMs(override.reason)) return undefined;
  const reason = `${change.state} since ${change.at}`;
  if (change.state === 'ALARM') return { mode: 'forced-open', by, reason, forMs: maxOpenMs };
  return inForce ? { mode: 'forced-open', by, reason, forMs: recoverAfterMs } : undefined;
}

function heededMs(reason: string): number {
  const [, at = ''] = /^(?:ALARM|OK) since (\S+)$/.exec(reason) ?? [];
  return Date.parse(at) || 0;
}

function changeOf(event: unknown): AlarmChange | undefined {
  const { source, detail } = Object(event) as { source?: unknown; detail?: unknown };
  const { alarmName, state } = Object(detail) as { alarmName?: unknown; state?: unknown };
  const { value, timestamp } = Object(state) as { value?: unknown; timestamp?: unknown };
  if (source !== 'aws.cloudwatch' || typeof alarmName !== 'string' || alarmName === '') return undefined;
  if ((value !== 'ALARM' && value !== 'OK') || typeof timestamp !== 'string') return undefined;
  // CloudWatch writes the offset without a colon, `+0000`.
  const at = timestamp.replace(/([+-]\d\d)(\d\d)$/, '$1:$2');
  const atMs = Date.parse(at);
  return Number.isNaN(atMs) || /\s/.test(at) ? undefined : { alarm: alarmName, state: value, at, atMs };
}
