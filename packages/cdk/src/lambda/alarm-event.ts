/** What a change of a CloudWatch alarm means for a circuit. Pure: the record and the time come from the caller. */

import { createHash } from 'node:crypto';
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
  record: Pick<CircuitRecord, 'override' | 'transition'>,
  nowMs: number,
  { maxOpenMs, recoverAfterMs }: AlarmRules,
): OverrideRequest | undefined {
  const change = changeOf(event);
  if (!change || change.atMs < nowMs - MAX_AGE_MS || change.atMs > nowMs + MAX_AHEAD_MS) return undefined;
  const by = authorOf(change.alarm);
  const { override } = record;
  const inForce = override !== undefined && nowMs < (override.untilMs ?? Number.POSITIVE_INFINITY);
  if ((inForce && override.by !== by) || change.atMs <= decidedMs(record, by)) return undefined;
  const forMs = change.state === 'ALARM' ? maxOpenMs : recoverAfterMs;
  if (change.state === 'OK' && !inForce) return undefined;
  const reason = `${change.state} since ${change.at}`;
  return { mode: 'forced-open', by, reason, forMs, ifVersion: override?.version ?? 0 };
}

const AUTHOR = 'alarm/';
const LONGEST_BY = 64;
const DIGEST_LENGTH = 10;

/** Names of alarms may be longer than a name of ours, and alike where they would be cut. */
function authorOf(alarm: string): string {
  const by = AUTHOR + alarm;
  if (by.length <= LONGEST_BY) return by;
  const digest = createHash('sha256').update(alarm).digest('hex').slice(0, DIGEST_LENGTH);
  return `${by.slice(0, LONGEST_BY - DIGEST_LENGTH - 1)}~${digest}`;
}

/** Up to when the circuit's record has dealt with the alarm: what is not newer was heeded, or comes too late. */
function decidedMs(
  { override, transition }: Pick<CircuitRecord, 'override' | 'transition'>,
  by: string,
): number {
  const clearedMs = transition?.reason === 'cleared' ? transition.atMs : 0;
  if (!override) return clearedMs;
  // The last event that was heeded, by its own time: another may have happened before it was.
  const [, at = ''] = /^(?:ALARM|OK) since (\S+)$/.exec(override.reason) ?? [];
  if (override.by === by) return Math.max(clearedMs, Date.parse(at) || 0);
  // Other alarms know nothing of this one; an operator who has acted since did.
  return override.by.startsWith(AUTHOR) ? clearedMs : Math.max(clearedMs, override.atMs);
}

function changeOf(event: unknown): AlarmChange | undefined {
  const { source, detail, 'detail-type': type } = Object(event) as Partial<Record<string, unknown>>;
  const { alarmName, state } = Object(detail) as { alarmName?: unknown; state?: unknown };
  const { value, timestamp } = Object(state) as { value?: unknown; timestamp?: unknown };
  if (source !== 'aws.cloudwatch' || type !== 'CloudWatch Alarm State Change') return undefined;
  if (typeof alarmName !== 'string' || alarmName === '') return undefined;
  if ((value !== 'ALARM' && value !== 'OK') || typeof timestamp !== 'string') return undefined;
  // CloudWatch writes the offset without a colon, `+0000`.
  const at = timestamp.replace(/([+-]\d\d)(\d\d)$/, '$1:$2');
  const atMs = Date.parse(at);
  return Number.isNaN(atMs) || /\s/.test(at) ? undefined : { alarm: alarmName, state: value, at, atMs };
}
