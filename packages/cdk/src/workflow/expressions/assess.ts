/**
 * What an item says to somebody who wants to call, and what it leaves to be done: the library's `admission` and `due`
 * (`packages/switchgear/src/core/verdict.ts`) in JSONata. One file of test vectors holds both to the same answers.
 *
 * Reads the variables `$policy`, `$todo`, `$me`, `$by`, `$failure`. Gives
 *   record                         the item as plain values
 *   admits, state, untilMs, share  the admission: `all`, `share`, `none` or `probe`; what rejects, and until when
 *   slot                           the probe slot that may be taken
 *   mine                           the probe slot that this execution holds
 *   next                           the transition that is due, as the attributes that it sets
 * and fails where the item cannot be understood, so that the Catch of the state that has read it takes over.
 */

import { SHORTEST_LEASE_MS } from '../policy.ts';
import { SETTINGS } from './settings.ts';

/** Clocks agree within this bound: a lease is taken over only so long after its end. */
export const CLOCK_BOUND_MS = 2_000;
/** A probe is begun only with more than this of its lease left: the shortest timeout that a Task can have. */
export const SHORTEST_PROBE_MS = 1_000;
const MAX_LAPSES = 3;
/** `backoff` is at most 100, and 100^150 the greatest power that stays a number with all that it is multiplied by. */
const MAX_EXPONENT = 150;

/** DynamoDB's attribute values as plain ones. Types that the record does not use are left out. */
const PLAIN = `
  $plain := function($item) { $merge([$each($item, function($value, $name) {
    { $name: $exists($value.S) ? $value.S : $exists($value.N) ? $number($value.N) : $exists($value.M) ? $plain($value.M) }
  })]) };`;

/** The item, or the root that stands for a missing one; refused where it is not a record that this version understands. */
const RECORD = `
  $stored := $exists($item) ? $plain($item) : {};${SETTINGS}
  $window := (
    $bucketMs := $max([1000, $ceil($rules.failureWindow / 10)]);
    { 'bucketMs': $bucketMs, 'buckets': $max([1, $floor($rules.failureWindow / $bucketMs)]) }
  );
  $record := $exists($stored.epoch) ? $stored : $merge([{
    'schema': 1, 'state': 'closed', 'epoch': 0, 'epochId': 'root-' & $window.bucketMs & 'x' & $window.buckets,
    'sinceMs': 0, 'attempt': 0, 'settledOverride': 0, 'rampMs': 0, 'rampFrom': 1
  }, $window, $stored]);
  $numbers := $append(['epoch', 'sinceMs', 'attempt', 'bucketMs', 'buckets', 'settledOverride'], $lookup({
    'closed': ['rampMs', 'rampFrom'],
    'open': ['openUntilMs'],
    'half-open': ['slots', 'successesNeeded', 'leaseMs', 'successes', 'failures', 'lapses']
  }, $record.state));
  $override := $record.override;
  $assert(
    ($exists($record.schema) ? $record.schema : 1) <= 1
      and $record.state in ['closed', 'open', 'half-open'] and $type($record.epochId) = 'string'
      and $count($numbers[$type($lookup($record, $)) = 'number']) = $count($numbers)
      and ($not($exists($override)) or (
        $override.mode in ['forced-open', 'forced-closed', 'disabled'] and $type($override.version) = 'number'
      )),
    'the record cannot be read'
  );`;

const OVERRIDE = `
  $active := $exists($override) and ($exists($override.untilMs) ? $now < $override.untilMs : true);
  $unsettled := $exists($override) and $not($active) and $override.version > $record.settledOverride;`;

/** Probe slots, and from when on each may be taken. For a while only a health check may probe: `graceMs`. */
const SLOTS = `
  $graceMs := $exists($record.graceMs) ? $record.graceMs : 0;
  $slots := $record.state = 'half-open' ? $map([0..$record.slots - 1], function($slot) {(
    $lease := $lookup($record, 'lease' & $slot);
    $lapsedMs := $exists($lease) ? $lease.untilMs + ${CLOCK_BOUND_MS} : 0;
    {
      'slot': $slot, 'id': $lease.id, 'untilMs': $lease.untilMs, 'lapsedMs': $lapsedMs,
      'freeMs': $graceMs > 0 ? $max([$lapsedMs, $record.sinceMs + $graceMs]) : $lapsedMs
    }
  )}) : [];
  $free := ($slots[$now >= freeMs])[0];
  $mine := ($slots[id = $me and $now + ($todo = 'call' ? ${SHORTEST_PROBE_MS} : 0) < untilMs])[0];`;

const ADMISSION = `
  $share := $record.state = 'closed' ? (
    $record.rampMs = 0 ? 1
      : $record.rampFrom + (1 - $record.rampFrom) * $max([0, ($now - $record.sinceMs) / $record.rampMs])
  );
  $probeFrom := function($fromMs, $state) {
    $now >= $fromMs
      ? { 'admits': 'probe', 'state': $state } : { 'admits': 'none', 'state': $state, 'untilMs': $fromMs }
  };
  $admission :=
    $active ? (
      $override.mode = 'forced-open'
        ? { 'admits': 'none', 'state': 'forced-open', 'untilMs': $override.untilMs } : { 'admits': 'all' }
    ) : $unsettled ? (
      $override.mode = 'forced-open' ? $probeFrom($override.untilMs + $graceMs, 'forced-open') : { 'admits': 'all' }
    ) : $record.sinceMs - $now > ${CLOCK_BOUND_MS} ? (
      /* The store's clock was set back: how long is left of anything in the epoch is not known any more. */
      $record.state = 'closed' ? { 'admits': 'all' } : { 'admits': 'probe', 'state': $record.state }
    ) : $record.state = 'closed' ? (
      $share >= 1 ? { 'admits': 'all' } : { 'admits': 'share', 'share': $share, 'state': 'ramp' }
    ) : $record.state = 'open' ? $probeFrom($record.openUntilMs + $graceMs, 'open')
    : $exists($free) and $record.leaseMs >= ${SHORTEST_LEASE_MS}
      ? { 'admits': 'probe', 'state': 'half-open', 'slot': $free.slot }
      : { 'admits': 'none', 'state': 'half-open', 'untilMs': $min($slots.freeMs) };`;

/**
 * Evidence of the window. Whether to trip is decided upon the window as it stood with the latest report: what came since
 * may be all good and not known.
 */
const EVIDENCE = `
  $present := $floor($now / $record.bucketMs);
  $total := function($letter, $slot) {
    $sum([[$slot - $record.buckets + 1..$slot + 1].$lookup($record, $letter & $)])
  };
  $counters := $keys($record)[$contains($, /^[cfsijv][0-9]+$/)];
  $latest := $max([$counters.$number($substring($, 1))][$ > $present - $record.buckets and $ <= $present + 1]);
  $all := function($slot) {
    {
      'calls': $total('c', $slot), 'failures': $total('f', $slot), 'slow': $total('s', $slot),
      'isolated': $total('i', $slot), 'isolatedSlow': $total('j', $slot), 'votes': $total('v', $slot)
    }
  };
  $enough := function($bad, $isolated, $calls, $ratio) {(
    $apart := $ratio > 0 ? $isolated : 0;
    $bad - $apart >= $rules.failureThreshold
      ? ($calls = $apart ? true : ($bad - $apart) / ($calls - $apart) >= $ratio) : false
  )};
  $tripReason := function($counts) {
    $counts.calls < $rules.minCalls ? ''
      : $rules.quorum > 1
        and $counts.votes <= ($rules.quorum - 1) * $ceil($rules.failureThreshold / $rules.quorum) ? ''
      : $enough($counts.failures, $counts.isolated, $counts.calls, $rules.failureRatio) ? 'failures'
      : $enough($counts.slow, $counts.isolatedSlow, $counts.calls, $rules.slowCallRatio) ? 'slow-calls' : ''
  };`;

const DUE = `
  $due :=
    $active ? '' : $unsettled ? ($override.mode = 'forced-open' ? '' : 'override-ended')
    : $record.state = 'closed' ? ($exists($latest) ? $tripReason($all($latest)) : '')
    : $record.state = 'half-open' ? (
      $record.failures > 0 ? 'probe-failed'
        : $record.successes >= $record.successesNeeded ? 'recovered'
        : $record.lapses + $count($slots[id and $now >= lapsedMs]) >= ${MAX_LAPSES} ? 'probes-lapsed' : ''
    ) : '';
  $reason := $due != '' ? $due
    : $todo = 'call' and $admission.admits = 'probe' and $not($exists($admission.slot)) ? 'probe-started' : '';`;

/** The next epoch, as `transitions.ts` of the library's core writes it. */
const NEXT = `
  $to := $reason in ['failures', 'slow-calls', 'probe-failed', 'probes-lapsed'] ? 'open'
    : $reason = 'probe-started' ? 'half-open' : 'closed';
  $stableMs := $max([0, $now - $record.sinceMs]);
  $attempt :=
    $reason in ['probe-failed', 'probes-lapsed'] ? $record.attempt + 1
    : $to = 'open' ? (
      $stableMs < $record.rampMs ? $record.attempt + 1 : $stableMs >= $rules.maxResetTimeout ? 0 : $record.attempt
    ) : $reason = 'override-ended' ? 0 : $record.attempt;
  $counts := $all($to = 'open' and $record.state = 'closed' ? $latest : $present);
  $openMs := $min([$rules.maxResetTimeout, $floor(0.5
    + $rules.resetTimeout * $power($rules.backoff, $min([$attempt, ${MAX_EXPONENT}])) * (1 + $rules.jitter * $random())
  )]);
  $id := $uuid();
  $next := $reason = '' ? {} : $merge([
    {
      'schema': 1, 'state': $to, 'epoch': $record.epoch + 1, 'epochId': $id, 'sinceMs': $now, 'attempt': $attempt,
      'settledOverride': $exists($override) and $not($active) ? $override.version : $record.settledOverride,
      'transition': {
        'from': $record.state, 'to': $to, 'atMs': $now, 'reason': $reason, 'by': $by,
        'calls': $counts.calls, 'failures': $counts.failures,
        'lastFailure': $exists($failure.Error)
          ? ($contains($failure.Error, /^[A-Za-z0-9_$.:-]{1,64}$/) ? $failure.Error : 'Error')
      }
    },
    $window,
    /* A health check that did not come for the first probe is not waited for again. */
    $rules.healthCheckGrace > 0 and $to != 'half-open' ? { 'graceMs': $rules.healthCheckGrace } : {},
    $to = 'open' ? { 'openUntilMs': $now + $openMs }
    : $to = 'closed' ? {
      'rampMs': $reason = 'recovered' ? $rules.rampDuration : 0, 'rampFrom': $rules.rampFrom
    } : {
      'successesNeeded': $rules.halfOpenSuccessThreshold, 'leaseMs': $rules.leaseDuration,
      'slots': $rules.halfOpenMaxProbes, 'successes': 0, 'failures': 0, 'lapses': 0,
      'lease0': { 'id': $me, 'by': $by, 'untilMs': $now + $rules.leaseDuration }
    }
  ]);`;

/** The assessment of the item that expression `item` gives. */
export function assess(item: string): string {
  return `(
  $now := $millis();
  $item := ${item};${PLAIN}${RECORD}${OVERRIDE}${SLOTS}${ADMISSION}${EVIDENCE}${DUE}${NEXT}
  $merge([$admission, { 'record': $record, 'mine': $mine }, $reason = '' ? {} : { 'next': $next }])
)`;
}
