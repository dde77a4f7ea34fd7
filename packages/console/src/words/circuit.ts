/** A circuit in sentences: why it is as it is, and what comes next. */

import type { Circuit } from '@switchgear/cli/control-api';
import { count, percent, plural } from './numbers.ts';
import { shown } from './text.ts';
import { moment, remaining } from './time.ts';

type Transition = NonNullable<Circuit['transition']>;

const REASONS: Readonly<Record<Transition['reason'], string>> = {
  failures: 'too many calls failed',
  'slow-calls': 'too many calls were slow',
  'consecutive-failures': 'too many calls failed in a row',
  'probe-started': 'the open time was over and a probe began',
  'probe-failed': 'a probe failed',
  'probes-lapsed': 'probes ended without an answer',
  recovered: 'enough probes succeeded',
  'override-ended': 'an override ended',
  cleared: 'it was reset',
};

/** `too many calls failed: 7 of 9 calls, the last with ECONNREFUSED`. */
export function reasonOf(transition: Transition): string {
  const { to, calls = 0, failures = 0, lastFailure } = transition;
  // One that recovers carries what it recovered from.
  if (to !== 'open') return wordsFor(transition);
  if (calls === 0)
    return `${wordsFor(transition)}${lastFailure === undefined ? '' : ` with ${shown(lastFailure)}`}`;
  const last = lastFailure === undefined ? '' : `, the last with ${shown(lastFailure)}`;
  // How many were slow it does not carry.
  if (transition.reason === 'slow-calls')
    return `${wordsFor(transition)}; ${count(failures)} of ${plural(calls, 'call')} failed${last}`;
  return `${wordsFor(transition)}: ${count(failures)} of ${plural(calls, 'call')}${last}`;
}

/** One line for the board. */
export function gist(circuit: Circuit): string {
  const { state, override, transition, evidence, leases } = circuit;
  if (override) return shown(`${override.by}: ${override.reason}`);
  if (state === 'ramp' && transition) return wordsFor(transition);
  if (state === 'half-open')
    return leases[0] ? `${shown(leases[0].by)} probes` : 'waits for a call to probe with';
  if (state !== 'closed' && transition) {
    const { calls = 0, failures = 0, lastFailure } = transition;
    if (transition.reason === 'slow-calls') return wordsFor(transition);
    const numbers = calls > 0 && `${count(failures)} of ${count(calls)} failed`;
    return [numbers, lastFailure && shown(lastFailure)].filter(Boolean).join(' · ') || wordsFor(transition);
  }
  if (evidence.failures + evidence.slow === 0) return 'no failures reported';
  return `${count(evidence.failures)} of ${count(evidence.calls)} failed (${percent(circuit.failureRatio)})${beside(evidence)}`;
}

/** What was reported in the present window, and without what the fleet is judged. */
export function counted({ evidence, failureRatio }: Circuit): string {
  const { calls, failures, isolated } = evidence;
  if (calls === 0) return 'Nothing was reported in the present window.';
  const all = `${count(failures)} of ${plural(calls, 'call')} failed (${percent(failureRatio)}) in the present window${beside(evidence)}.`;
  if (isolated === 0) return all;
  return `${all} Isolated is a process’s first failed call after a good one; the fleet’s ratio is judged without it: ${judged(evidence)}.`;
}

function judged({ calls, failures, isolated }: Circuit['evidence']): string {
  const [bad, left] = [failures - isolated, calls - isolated];
  return left > 0 ? `${count(bad)} of ${count(left)} failed (${percent(bad / left)})` : 'none is left';
}

function beside({ slow, isolated }: Circuit['evidence']): string {
  return `${isolated > 0 ? `, ${count(isolated)} isolated` : ''}${slow > 0 ? `, ${count(slow)} slow` : ''}`;
}

/** A version of the library newer than this page may have reasons that it does not know. */
function wordsFor({ reason }: Transition): string {
  return REASONS[reason] ?? reason;
}

/** Why it is in its automatic state. */
export function why({ transition, name }: Circuit): string {
  if (!transition) return `${shown(name)} has never left the closed state.`;
  const { by, note } = transition;
  return `${sentence(reasonOf(transition))} Seen by ${shown(by)}.${note ? ` “${shown(note)}”` : ''}`;
}

/** What happens next without anybody's help. */
export function next(circuit: Circuit, nowMs: number): string {
  const { state, override, openUntilMs, leases } = circuit;
  if (override) {
    if (override.untilMs === undefined) return 'Nothing ends this but a release by hand.';
    const then = state === 'forced-open' ? 'one probe call decides' : 'it begins anew, closed';
    const leftMs = override.untilMs - nowMs;
    return `Ends by itself ${leftMs > 0 ? `in ${remaining(leftMs)}` : 'now'}; then ${then}.`;
  }
  if (state === 'open') {
    const leftMs = (openUntilMs ?? nowMs) - nowMs;
    return leftMs > 0
      ? `Probes in ${remaining(leftMs)}, with the first call after that.`
      : 'Due to probe: the next call tests the dependency.';
  }
  if (state === 'half-open') {
    const [lease] = leases;
    if (!lease) return 'The next call probes.';
    return `${shown(lease.by)} is probing, until ${moment(lease.untilMs, nowMs)} at the latest.`;
  }
  if (state === 'ramp') return 'Rises to all calls by itself, and opens again should they fail.';
  return 'Opens by itself should too many calls fail.';
}

/** For the board: when something happens by itself. Empty where nothing is due. */
export function nextBriefly({ state, override, openUntilMs, leases }: Circuit, nowMs: number): string {
  if (override) {
    if (override.untilMs === undefined) return 'no end';
    const leftMs = override.untilMs - nowMs;
    return leftMs > 0 ? `ends in ${remaining(leftMs)}` : 'ends now';
  }
  if (state === 'half-open') return leases.length > 0 ? `${plural(leases.length, 'probe')} out` : 'probe due';
  if (state !== 'open') return '';
  const leftMs = (openUntilMs ?? nowMs) - nowMs;
  return leftMs > 0 ? `probes in ${remaining(leftMs)}` : 'probe due';
}

export function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
