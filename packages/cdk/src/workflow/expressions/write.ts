/**
 * The workflow's writes to a record, as the arguments of an `UpdateItem`: what the library's DynamoDB store sends
 * (`packages/switchgear/src/store/dynamodb/`), said in JSONata. `docs/protocol.md` has the rules.
 */

import { directoryPartition, type ResolvedLayout } from '../../table/layout.ts';
import { CLOCK_BOUND_MS } from './assess.ts';
import { jsonata, literal } from './jsonata.ts';

const KEEP_RECORD_MS = 7 * 86_400_000;
const KEEP_HISTORY_MS = 30 * 86_400_000;

/** Attributes that not every state has: a transition removes those that the next one lacks. */
const STATE_FIELDS = [
  ...['transition', 'graceMs', 'rampMs', 'rampFrom', 'openUntilMs', 'slots', 'successesNeeded', 'leaseMs'],
  ...['successes', 'failures', 'lapses'],
];
const ROOT_FIELDS = [
  ...['schema', 'state', 'epoch', 'epochId', 'sinceMs', 'attempt', 'bucketMs', 'buckets'],
  ...['settledOverride', 'rampMs', 'rampFrom'],
];

const list = (names: readonly string[]) => `[${names.map((name) => `'${name}'`).join(', ')}]`;

const ATTRIBUTE = `
  $attribute := function($value) {
    $type($value) = 'number' ? { 'N': $string($value) }
      : $type($value) = 'string' ? { 'S': $value }
      : { 'M': $attributes($value) }
  };
  $attributes := function($values) {
    $merge([$each($values, function($value, $name) { { $name: $attribute($value) } })])
  };`;

/** What all writes have in common: they hold in one epoch, and say when the record expires. */
const COMMON = `
  $now := $millis();
  $record := $seen.record;
  $present := $floor($now / $record.bucketMs);
  $counters := $keys($record)[$contains($, /^[cfsijv][0-9]+$/)];
  $epochHolds := ($record.epoch = 0
    ? '(attribute_not_exists(#epoch) OR (#epoch = :fromEpoch AND #epochId = :fromId))'
    : '(#epoch = :fromEpoch AND #epochId = :fromId)');
  /* Not while an operator's word lies in the record, and not if one arrives in between. */
  $expiring := function($head) {
    $exists($record.policy) or ($exists($record.override) and $record.override.version > $head.settledOverride) ? {} : (
      $deadlineMs := $head.state = 'open' ? $head.openUntilMs
        : $head.state = 'closed' ? $head.sinceMs + $head.rampMs : $now + $head.leaseMs;
      {
        'set': { 'ttl': $ceil(($max([$now, $deadlineMs]) + ${KEEP_RECORD_MS}) / 1000) },
        'when': [
          $exists($record.overrideVersion) ? '#overrideVersion = :override' : 'attribute_not_exists(#overrideVersion)',
          'attribute_not_exists(#policyVersion)'
        ],
        'values': $exists($record.overrideVersion) ? { 'override': $record.overrideVersion } : {}
      }
    )
  };`;

/** `$change`: `when` (conditions), `values` of theirs, `set`, `init` (where absent), `add`, `remove`; `head` after it. */
const update = (layout: ResolvedLayout) => `
  $ttl := $expiring($change.head);
  $set := $merge([$change.set, $ttl.set]);
  $clause := function($verb, $parts) { $count($parts) > 0 ? $verb & ' ' & $join($parts, ', ') & ' ' : '' };
  $update := $clause('SET', $append(
      [$keys($set).('#' & $ & ' = :' & $)],
      [$keys($change.init).('#' & $ & ' = if_not_exists(#' & $ & ', :' & $ & ')')]
    ))
    & $clause('ADD', [$keys($change.add).('#' & $ & ' :' & $)])
    & $clause('REMOVE', [$change.remove.('#' & $)]);
  $condition := $join($append([$epochHolds, $change.when], $ttl.when), ' AND ');
  $values := $merge([
    $set, $change.init, $change.add, $change.values, $ttl.values,
    { 'fromEpoch': $record.epoch, 'fromId': $record.epochId }
  ]);
  {
    'UpdateExpression': $update,
    'ConditionExpression': $condition,
    'ExpressionAttributeNames': $merge([$distinct($match($update & $condition, /#[A-Za-z0-9]+/).match).{
      $: $ = '#ttl' ? ${literal(layout.ttlAttribute)} : $substring($, 1)
    }]),
    'ExpressionAttributeValues': $merge([$each($values, function($value, $name) { { ':' & $name: $attribute($value) } })])
  }`;

/** One more failed call, in the bucket of the present. Buckets that are over go. */
const REPORT = `
  $oldest := $present - $record.buckets + 1;
  $change := {
    'head': $record,
    'init': $record.epoch = 0
      ? $merge([$sift($record, function($value, $name) { $name in ${list(ROOT_FIELDS)} }), { 'sinceMs': $now }]) : {},
    'add': { 'c' & $present: 1, 'f' & $present: 1 },
    'remove': [$counters[$number($substring($, 1)) < $oldest]]
  };`;

const LEASE = `
  $lease := 'lease' & $seen.slot;
  $held := $exists($lookup($record, $lease));
  $change := {
    'head': $record,
    'when': $held
      ? ['#' & $lease & '.#untilMs <= :lapsed'] : ['#slots > :slot', 'attribute_not_exists(#' & $lease & ')'],
    'values': $held ? { 'lapsed': $now - ${CLOCK_BOUND_MS} } : { 'slot': $seen.slot },
    'set': { $lease: { 'id': $me, 'by': $by, 'untilMs': $now + $record.leaseMs } },
    'add': $held ? { 'lapses': 1 } : {}
  };`;

const SETTLE = `
  $lease := 'lease' & $seen.mine.slot;
  $change := {
    'head': $record,
    'when': ['#' & $lease & '.#id = :leaseId', '#' & $lease & '.#untilMs > :now'],
    'values': { 'leaseId': $me, 'now': $now },
    'set': $verdict = 'cancel' ? {} : { 'lapses': 0 },
    'add': $verdict = 'success' ? { 'successes': 1 } : $verdict = 'failure' ? { 'failures': 1 } : {},
    'remove': [$lease]
  };`;

/** Everything of the old epoch goes: also the buckets that others may have begun since the record was read. */
const TRANSITION = `
  $next := $seen.next;
  $from := $floor(($now - ${CLOCK_BOUND_MS}) / $record.bucketMs) - $record.buckets + 1;
  $until := $floor(($now + ${CLOCK_BOUND_MS}) / $record.bucketMs);
  $perhaps := [$from..$until].($slot := $; ['c', 'f', 's', 'i', 'j', 'v'].($ & $slot));
  $leases := $record.state = 'half-open' ? [0..$record.slots - 1].('lease' & $) : [];
  $gone := $distinct($append($append(${list(STATE_FIELDS)}, $leases), $append($counters, $perhaps)));
  $change := { 'head': $next, 'set': $next, 'remove': [$gone[$not($exists($lookup($next, $)))]] };`;

const WRITES = { report: REPORT, lease: LEASE, settle: SETTLE, transition: TRANSITION } as const;

/** Arguments of the write that the workflow's variables ask for. */
export function write(verb: keyof typeof WRITES, tableName: string, layout: ResolvedLayout): string {
  return `$merge([
  { 'TableName': ${literal(tableName)}, 'Key': ${recordKey(layout)}, 'ReturnValues': 'ALL_NEW' },
  (${ATTRIBUTE}${COMMON}${WRITES[verb]}${update(layout)})
])`;
}

/** Key of the circuit's record. */
export function recordKey(layout: ResolvedLayout): string {
  return keyOf(layout, `${literal(layout.keyPrefix)} & $circuit`, "'STATE'");
}

/** Arguments that enter a circuit in the directory: the same, however often they are sent. */
export function entry(tableName: string, layout: ResolvedLayout) {
  return {
    TableName: tableName,
    Key: jsonata(keyOf(layout, literal(directoryPartition(layout)), "'NAME#' & $circuit")),
    UpdateExpression: 'ADD #names :names',
    ExpressionAttributeNames: { '#names': 'names' },
    ExpressionAttributeValues: { ':names': { SS: ['{% $circuit %}'] } },
  };
}

/** Arguments that put the record's transition into the history: the same, whoever sends them. */
export function filing(tableName: string, layout: ResolvedLayout) {
  const number = "$pad($string($seen.record.epoch), -12, '0')";
  const key =
    layout.sortKey === null
      ? keyOf(layout, `${literal(`HISTORY#${layout.keyPrefix}`)} & $circuit & '#' & ${number}`, '')
      : keyOf(
          layout,
          `${literal(layout.keyPrefix)} & $circuit`,
          `'HISTORY#' & ${number} & '#' & $seen.record.epochId`,
        );
  return {
    TableName: tableName,
    Key: jsonata(key),
    UpdateExpression: 'SET #transition = :transition, #epoch = :epoch, #epochId = :epochId, #ttl = :ttl',
    ExpressionAttributeNames: {
      '#transition': 'transition',
      '#epoch': 'epoch',
      '#epochId': 'epochId',
      '#ttl': layout.ttlAttribute,
    },
    ExpressionAttributeValues: jsonata(`(${ATTRIBUTE}
  {
    ':transition': $attribute($seen.record.transition),
    ':epoch': $attribute($seen.record.epoch),
    ':epochId': $attribute($seen.record.epochId),
    ':ttl': $attribute($ceil(($seen.record.transition.atMs + ${KEEP_HISTORY_MS}) / 1000))
  }
)`),
  };
}

function keyOf({ partitionKey, sortKey }: ResolvedLayout, partition: string, sort: string): string {
  const sorted = sortKey === null ? '' : `, ${literal(sortKey)}: { 'S': ${sort} }`;
  return `{ ${literal(partitionKey)}: { 'S': ${partition} }${sorted} }`;
}
