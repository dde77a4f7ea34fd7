/**
 * The circuit breaker as a state machine. Whatever happens comes back to one place, which looks at the circuit as it was
 * last read (`$seen`) and at what is still to be done (`$todo`):
 *
 *   Check the input ─► Read the circuit ─► Weigh ◄─────────────────────────────────────────┐
 *                                            │                                             │
 *      evidence is to be sent ───────────────┼─► Enter in the directory, Report the failure┤
 *                                            ├─► Settle the probe ─────────────────────────┤ refused:
 *      a transition is due, or wanted ───────┼─► File the last transition, Commit ─────────┤ Read again
 *      a probe slot is free ─────────────────┼─► Take the probe slot ──────────────────────┤
 *      this execution holds a slot ──────────┼─► Probe ────────────────────────────────────┤
 *      the circuit admits ───────────────────┼─► Call ─── failed ──────────────────────────┘
 *      nothing is left to be done ───────────┴─► Reject · Succeed · Pass the error on
 *
 * The healthy path is the first line and `Call`: one read, no write.
 */

import { ConfigurationError } from 'switchgear';
import { type CircuitLayout, resolveLayout } from '../table/layout.ts';
import type { Retrier, State, StateMachine, Task } from './asl.ts';
import { assess, SHORTEST_PROBE_MS } from './expressions/assess.ts';
import { INPUT_RULES, inputIsValid } from './expressions/input.ts';
import { jsonata } from './expressions/jsonata.ts';
import { entry, filing, recordKey, write } from './expressions/write.ts';
import { type Bounds, boundsOf, type ResolvedPolicy, resolvePolicy, type WorkflowPolicy } from './policy.ts';
import { longestTimeoutMs, retrier, type WorkflowRetry } from './retry.ts';

export interface WorkflowDefinitionProps extends CircuitLayout {
  readonly tableName: string;
  /** Settings of all circuits that an execution's input does not say otherwise. */
  readonly policy?: WorkflowPolicy;
  /** How often a call is tried again. Default: never, for only you know what may be called twice. */
  readonly retry?: WorkflowRetry;
  /** Names of errors that say nothing about the dependency: they come back as they are, and count for nothing. */
  readonly ignoredErrors?: readonly string[];
}

/** A rejection by another breaker, a mistake in the set-up, an answer that the service cannot carry: no outcome. */
const NO_OUTCOME = [
  'CircuitOpenError',
  'BulkheadFullError',
  'States.DataLimitExceeded',
  'Lambda.ResourceNotFoundException',
  'States.Permissions',
  'States.QueryEvaluationError',
];

/** Writes before the call, and again after it, that an execution attempts at most: it does not chase a circuit that moves. */
const MAX_WRITES = 4;
/** An answer of the table that takes longer is none: the call goes on without the circuit. */
const STORE_TIMEOUT_SECONDS = 2;
/** The longest that an express execution may run. */
const EXPRESS_SECONDS = 300;
/** What of it a call may take, with all its tries: the rest is for the table, should it hang before and after. */
const CALL_SECONDS = 240;

const INPUT = '$states.context.Execution.Input';

/**
 * The workflow as an ASL document, for EXPRESS state machines. `CircuitBreakerWorkflow` adds its role and its logs.
 * @throws ConfigurationError (`INVALID_CONFIGURATION`) with every problem.
 */
export function workflowDefinition(props: WorkflowDefinitionProps): StateMachine {
  const { tableName, policy, retry, ignoredErrors = [], ...names } = props;
  const problems: string[] = [];
  const again = retry && retrier(retry, problems);
  const bounds = boundsOf(longestTimeoutMs(CALL_SECONDS, again));
  const resolved = resolvePolicy(policy, bounds, problems);
  if (ignoredErrors.includes('States.ALL'))
    problems.push('ignoredErrors has States.ALL: nothing would ever count; allowed: names of errors');
  if (problems.length > 0) throw new ConfigurationError(problems);
  const layout = resolveLayout(names);
  const update = (verb: Parameters<typeof write>[0]) => jsonata(write(verb, tableName, layout));
  const read = (consistent: boolean) => ({
    TableName: tableName,
    Key: jsonata(recordKey(layout)),
    ConsistentRead: consistent,
  });
  return {
    Comment: 'Switchgear: a circuit breaker over a shared record',
    QueryLanguage: 'JSONata',
    StartAt: 'Check the input',
    TimeoutSeconds: EXPRESS_SECONDS,
    States: {
      'Check the input': checkInput(resolved, bounds),
      'Read the circuit': {
        ...storeTask('getItem', read(false), { seen: assess('$states.result.Item') }),
        // A table that does not answer leaves the call as it would be without a circuit.
        Catch: [{ ErrorEquals: ['States.ALL'], Assign: { seen: { admits: 'all' } }, Next: 'Weigh' }],
      },
      Weigh: WEIGH,
      'Enter in the directory': storeTask('updateItem', entry(tableName, layout), { entered: 'true' }),
      'Report the failure': conditional(update('report'), { todo: "'finish'" }),
      'Settle the probe': conditional(update('settle'), { todo: "'finish'" }),
      'File the last transition': storeTask('updateItem', filing(tableName, layout), {
        filed: '$seen.record.epochId',
      }),
      // Whether one of these two happened although nobody answered, the record says: it has the ids.
      Commit: conditional(update('transition'), {}, 'Read again'),
      'Take the probe slot': conditional(update('lease'), {}, 'Read again'),
      'Read again': storeTask('getItem', read(true), { seen: assess('$states.result.Item') }),
      ...calls(again, [...NO_OUTCOME, ...ignoredErrors]),
      ...ENDS,
    },
  };
}

function checkInput(policy: ResolvedPolicy, bounds: Bounds): State {
  return {
    Type: 'Choice',
    Choices: [
      {
        Condition: jsonata(inputIsValid(INPUT, policy, bounds)),
        Next: 'Read the circuit',
        Assign: {
          circuit: jsonata(`${INPUT}.circuit`),
          policy: jsonata(`$merge([${JSON.stringify(policy)}, ${INPUT}.policy])`),
          me: jsonata('$uuid()'),
          by: jsonata(`$substring('workflow/' & $states.context.Execution.Name, 0, 64)`),
          todo: 'call',
          ticket: {},
          result: null,
          failure: {},
          verdict: 'none',
          entered: false,
          filed: 'none',
          writes: 0,
        },
      },
    ],
    Default: 'Refuse the input',
  };
}

const mayWrite = `$writes < ${MAX_WRITES}`;

/** The first rule that holds. Each write is counted, so that every execution comes to its end. */
const WEIGH: State = {
  Type: 'Choice',
  Choices: [
    {
      Comment: 'Evidence counts in the epoch that admitted the call, and in no other',
      Condition: jsonata(
        `$todo = 'report' and ${mayWrite} and $seen.record.epoch = $ticket.epoch and $seen.record.epochId = $ticket.epochId and $seen.record.sinceMs = 0 and $not($entered)`,
      ),
      Next: 'Enter in the directory',
    },
    {
      Condition: jsonata(
        `$todo = 'report' and ${mayWrite} and $seen.record.epoch = $ticket.epoch and $seen.record.epochId = $ticket.epochId`,
      ),
      Next: 'Report the failure',
    },
    {
      Condition: jsonata(`$todo = 'settle' and ${mayWrite} and $exists($seen.mine)`),
      Next: 'Settle the probe',
    },
    {
      Comment: 'Whoever sees that a transition is due commits it, after the one before is in the history',
      Condition: jsonata(
        `${mayWrite} and $exists($seen.next) and $exists($seen.record.transition) and $filed != $seen.record.epochId`,
      ),
      Next: 'File the last transition',
    },
    { Condition: jsonata(`${mayWrite} and $exists($seen.next)`), Next: 'Commit' },
    { Condition: jsonata(`$todo != 'call' and $exists($failure.Error)`), Next: 'Pass the error on' },
    { Condition: jsonata(`$todo != 'call'`), Next: 'Succeed' },
    {
      Comment: 'A probe whose lease has lapsed since does not start',
      Condition: jsonata(
        `$exists($seen.mine) ? $millis() + ${SHORTEST_PROBE_MS} < $seen.mine.untilMs : false`,
      ),
      Next: 'Probe',
    },
    {
      Comment: 'The policy is met, and the trip was not to be had: protected all the same',
      Condition: jsonata(`$exists($seen.next) ? $seen.next.state = 'open' : false`),
      Next: 'Reject',
    },
    {
      Condition: jsonata(`$seen.admits = 'all' or ($seen.admits = 'share' and $random() < $seen.share)`),
      Next: 'Call',
    },
    { Condition: jsonata(`${mayWrite} and $exists($seen.slot)`), Next: 'Take the probe slot' },
  ],
  Default: 'Reject',
};

/** A call of the table, and what its answer tells. Never sent twice: an ADD that arrives twice counts twice. */
function storeTask(api: string, args: Task['Arguments'], learns: Readonly<Record<string, string>>): Task {
  return {
    Type: 'Task',
    Resource: `arn:aws:states:::dynamodb:${api}`,
    Arguments: args,
    TimeoutSeconds: STORE_TIMEOUT_SECONDS,
    Assign: Object.fromEntries(
      Object.entries(learns).map(([variable, expression]) => [variable, jsonata(expression)]),
    ),
    Catch: [{ ErrorEquals: ['States.ALL'], Assign: { writes: MAX_WRITES }, Next: 'Weigh' }],
    Next: 'Weigh',
  };
}

/** A write under conditions: where they do not hold, the record that refused it is read, and decided upon. */
function conditional(args: string, learns: Readonly<Record<string, string>>, unanswered = 'Weigh'): Task {
  return {
    ...storeTask('updateItem', args, {
      seen: assess('$states.result.Attributes'),
      writes: '$writes + 1',
      ...learns,
    }),
    Catch: [
      {
        ErrorEquals: ['DynamoDB.ConditionalCheckFailedException'],
        Assign: { writes: jsonata('$writes + 1') },
        Next: 'Read again',
      },
      { ErrorEquals: ['States.ALL'], Assign: { writes: MAX_WRITES }, Next: unanswered },
    ],
  };
}

function calls(retry: Retrier | undefined, noOutcome: readonly string[]): Record<string, Task> {
  const invoke = {
    Type: 'Task',
    Resource: 'arn:aws:states:::lambda:invoke',
    Arguments: {
      FunctionName: jsonata(`${INPUT}.targetLambda`),
      Payload: jsonata(`$exists(${INPUT}.payload) ? ${INPUT}.payload : {}`),
    },
  } as const;
  const failure = jsonata('$states.errorOutput');
  const seconds = '$ceil($policy.timeout / 1000)';
  return {
    Call: {
      ...invoke,
      TimeoutSeconds: jsonata(seconds),
      ...(retry && { Retry: [retry] }),
      Output: PAYLOAD,
      Catch: [
        { ErrorEquals: noOutcome, Assign: { failure, todo: 'finish', writes: 0 }, Next: 'Weigh' },
        {
          ErrorEquals: ['States.ALL'],
          Assign: {
            failure,
            todo: 'report',
            writes: 0,
            ticket: jsonata(`{ 'epoch': $seen.record.epoch, 'epochId': $seen.record.epochId }`),
          },
          Next: 'Weigh',
        },
      ],
      End: true,
    },
    Probe: {
      ...invoke,
      Comment: 'Over before its lease is',
      TimeoutSeconds: jsonata(
        `$max([1, $min([${seconds}, $ceil(($seen.mine.untilMs - $millis()) / 1000) - 1])])`,
      ),
      Assign: { result: PAYLOAD, verdict: 'success', todo: 'settle', writes: 0 },
      Catch: [
        {
          ErrorEquals: noOutcome,
          Assign: { failure, verdict: 'cancel', todo: 'settle', writes: 0 },
          Next: 'Weigh',
        },
        {
          ErrorEquals: ['States.ALL'],
          Assign: { failure, verdict: 'failure', todo: 'settle', writes: 0 },
          Next: 'Weigh',
        },
      ],
      Next: 'Weigh',
    },
  };
}

/** A function that returns nothing has no payload. */
const PAYLOAD = jsonata('$exists($states.result.Payload) ? $states.result.Payload : null');

const ENDS: Record<string, State> = {
  Succeed: { Type: 'Succeed', Output: jsonata('$result') },
  'Pass the error on': {
    Type: 'Fail',
    Comment: 'As it came from the target',
    Error: jsonata('$failure.Error'),
    Cause: jsonata(`$exists($failure.Cause) ? $failure.Cause : ''`),
  },
  Reject: {
    Type: 'Fail',
    Comment: 'The target was not called. Cause is JSON; without retryAfter an operator must act',
    Error: 'CircuitOpenError',
    Cause: jsonata(`(
  $waitMs := $exists($seen.untilMs) ? $max([0, $seen.untilMs - $millis()]) : $seen.state = 'forced-open' and $seen.admits = 'none' ? -1 : 0;
  $string($merge([
    { 'circuit': $circuit, 'state': $exists($seen.state) ? $seen.state : 'open', 'lastFailure': $seen.record.transition.lastFailure },
    $waitMs < 0 ? {} : { 'retryAfter': $ceil($waitMs / 1000), 'retryAfterMs': $waitMs }
  ]))
)`),
  },
  'Refuse the input': {
    Type: 'Fail',
    Error: 'InvalidInput',
    Cause: INPUT_RULES,
  },
};
