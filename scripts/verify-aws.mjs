// `npm run verify:aws -- <stack>`: what only a real account can tell, on the deployed example (default `OrderPaymentLedger`).
// Needs the AWS CLI with credentials for that account, and costs a few requests. Never part of CI. Uses circuits of its own
// names, and leaves their records to their TTL; for the alarm alone, the example's circuit is forced open for a minute.

import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';

const [stack = 'OrderPaymentLedger'] = process.argv.slice(2);
/** Clocks may differ by this. */
const CLOCK_BOUND_MS = 2_000;
const POLICY = { failureThreshold: 1, resetTimeout: 5_000, jitter: 0, timeout: 2_000 };

/** Answers of the AWS CLI; arguments go to it as they are, through no shell. Ends with what it says where it fails. */
function aws(...args) {
  const options = { encoding: 'utf8', timeout: 60_000, env: { ...process.env, AWS_PAGER: '' } };
  const { status, stdout, stderr, error } = spawnSync('aws', [...args, '--output', 'json'], options);
  if (status === 0) return JSON.parse(stdout || '{}');
  console.error(`aws ${args.slice(0, 2).join(' ')}: ${error?.message ?? stderr.trim()}`);
  if (args[0] === 'sts')
    console.error(
      'verify:aws needs the AWS CLI, version 2, with a region and credentials for the account of the deployed example. ' +
        'Nothing was asked of it, nothing was changed.',
    );
  process.exit(1);
}

const { Account, Arn } = aws('sts', 'get-caller-identity');
console.log(`stack ${stack} in account ${Account}, as ${Arn}`);

const { StackResources: resources } = aws(
  'cloudformation',
  'describe-stack-resources',
  '--stack-name',
  stack,
);
const idOf = (type, prefix) => {
  const found = resources.find(
    ({ ResourceType, LogicalResourceId }) => ResourceType === type && LogicalResourceId.startsWith(prefix),
  );
  if (found) return found.PhysicalResourceId;
  console.error(`stack ${stack} has no ${type} named ${prefix}…: is it the example? Nothing was changed.`);
  process.exit(1);
};
const machine = idOf('AWS::StepFunctions::StateMachine', 'Breaker');
const table = idOf('AWS::DynamoDB::GlobalTable', 'Circuits');
const ledger = idOf('AWS::Lambda::Function', 'ledger');
const pipe = idOf('AWS::Pipes::Pipe', 'Notifications');
const alarm = idOf('AWS::CloudWatch::Alarm', 'LedgerErrorsAlarm');
const logs = idOf('AWS::Logs::LogGroup', 'BreakerLogs');
const health = idOf('AWS::Lambda::Function', 'LedgerHealthHandler');
const circuit = `verify-${randomUUID()}`;

const execute = (input) => {
  const text = JSON.stringify({ circuit, targetLambda: ledger, policy: POLICY, ...input });
  const { status, output, error, cause } = aws(
    'stepfunctions',
    'start-sync-execution',
    '--state-machine-arn',
    machine,
    '--input',
    text,
  );
  return { status, output: output && JSON.parse(output), error, cause };
};
const keyOf = (name) => ({ PK: { S: `CIRCUIT#${name}` }, SK: { S: 'STATE' } });
const record = (name = circuit) => {
  const key = JSON.stringify(keyOf(name));
  return aws('dynamodb', 'get-item', '--table-name', table, '--key', key, '--consistent-read').Item ?? {};
};
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
/** What `look` gives once it gives something, or after a minute of asking. */
async function eventually(look) {
  for (let asked = 0; asked < 30; asked++) {
    const seen = look();
    if (seen) return seen;
    await sleep(2_000);
  }
  return undefined;
}

let failed = 0;
function check(what, holds, saw) {
  console.log(`${holds ? 'ok  ' : 'FAIL'} ${what}${holds ? '' : `: ${JSON.stringify(saw)}`}`);
  if (!holds) failed++;
}

const odd = { order: [['{% $x %}'], [], [null]], cents: 1.5e-7 };
const passed = execute({ payload: odd }).output;
check(
  'payloads pass untouched',
  JSON.stringify(passed) === JSON.stringify({ booked: odd.order, cents: odd.cents }),
  passed,
);
const payload = { order: 'x', cents: 1 };
const healthy = execute({ payload });
check('a healthy circuit without a record calls its target', healthy.output?.booked === 'x', healthy);
check('and writes nothing', Object.keys(record()).length === 0, record());
check('a wrong input is refused', execute({ circuit: '' }).error === 'InvalidInput');

// A payload of null is one that the function cannot take apart: its own TypeError.
const failing = execute({ payload: null });
check("a function's own error comes back by its name", failing.error === 'TypeError', failing);
const tripped = record();
check('one failure was enough: the record is open', tripped.state?.S === 'open', tripped);
check(
  'numbers are written as whole ones',
  /^\d{13}$/.test(tripped.openUntilMs?.N ?? '') && /^\d{10}$/.test(tripped.ttl?.N ?? ''),
  tripped,
);
const aheadMs = Number(tripped.sinceMs?.N) - Date.now();
check(
  "the state machine's clock is this one's, the requests between them aside",
  Math.abs(aheadMs) < 30_000,
  aheadMs,
);
const rejected = execute({ payload });
check(
  'the next execution is rejected, with retryAfter',
  JSON.parse(rejected.cause ?? '{}').retryAfter > 0,
  rejected,
);

await sleep(Number(tripped.openUntilMs?.N ?? 0) - Date.now() + CLOCK_BOUND_MS);
check('the probe closes it', execute({ payload }).status === 'SUCCEEDED');
const recovered = record();
check(
  'recovered, in its third epoch',
  recovered.state?.S === 'closed' && recovered.epoch?.N === '3',
  recovered,
);

const { definition, roleArn } = aws(
  'stepfunctions',
  'describe-state-machine',
  '--state-machine-arn',
  machine,
);
const write = {
  TableName: table,
  Key: keyOf(circuit),
  UpdateExpression: 'SET #state = #state',
  ConditionExpression: 'attribute_not_exists(#state)',
  ExpressionAttributeNames: { '#state': 'state' },
};
const state = JSON.parse(definition).States.Commit;
const task = {
  Type: 'Task',
  QueryLanguage: 'JSONata',
  Resource: state.Resource,
  Arguments: write,
  End: true,
};
const refused = aws(
  'stepfunctions',
  'test-state',
  '--definition',
  JSON.stringify(task),
  '--role-arn',
  roleArn,
  '--input',
  '{}',
);
check(
  'a refused condition has the name that the workflow catches',
  refused.error === state.Catch[0].ErrorEquals[0],
  refused,
);

const unreadable = `${circuit}-unreadable`;
const ttl = { N: `${Math.ceil(Date.now() / 1_000) + 3_600}` };
const later = { ...keyOf(unreadable), schema: { N: '2' }, state: { S: 'open' }, ttl };
aws('dynamodb', 'put-item', '--table-name', table, '--item', JSON.stringify(later));
const through = execute({ circuit: unreadable, payload });
check('a record that cannot be read does not stand in the way', through.status === 'SUCCEEDED', through);

const pattern = '{ $.type = "FailStateEntered" && $.details.name = "Reject" }';
const lines = await eventually(() => {
  const found = aws('logs', 'filter-log-events', '--log-group-name', logs, '--filter-pattern', pattern);
  return found.events?.length && found.events;
});
check('the log tells of rejections, as the metrics count them', lines);

const tested = aws('lambda', 'invoke', '--function-name', health, '/dev/null');
check('the health check runs', tested.StatusCode === 200 && !tested.FunctionError, tested);

const setAlarm = (value) =>
  aws(
    ...['cloudwatch', 'set-alarm-state', '--alarm-name', alarm],
    ...['--state-value', value, '--state-reason', 'npm run verify:aws'],
  );
const overrideOf = () => record('ledger').override?.M;
setAlarm('ALARM');
const forced = await eventually(() => /^ALARM/.test(overrideOf()?.reason?.S ?? '') && overrideOf());
check('an alarm forces its circuit open', forced?.by?.S?.startsWith('alarm/'), forced);
setAlarm('OK');
const ending = await eventually(() => /^OK/.test(overrideOf()?.reason?.S ?? '') && overrideOf());
check('its OK lets it end', ending?.untilMs?.N, ending);

const { CurrentState } = aws('pipes', 'describe-pipe', '--name', pipe.split('/').at(-1));
check('the pipe of the notices runs', CurrentState === 'RUNNING', CurrentState);
console.log(
  failed ? `${failed} failed` : 'all as on the emulators; look into the topic for three notices, each once',
);
process.exitCode = failed ? 1 : 0;
