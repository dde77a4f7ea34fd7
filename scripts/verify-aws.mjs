// `npm run verify:aws -- <stack>`: what only a real account can tell, on the deployed example (default `OrderPaymentLedger`).
// Needs the AWS CLI with credentials for that account, and costs a few requests. Never part of CI. Uses circuits of its own
// names, and leaves their records to their TTL.

import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';

const [stack = 'OrderPaymentLedger'] = process.argv.slice(2);
/** Clocks may differ by this. */
const CLOCK_BOUND_MS = 2_000;
const POLICY = { failureThreshold: 1, resetTimeout: 3_000, jitter: 0, timeout: 2_000 };

/** Answers of the AWS CLI; arguments go to it as they are, through no shell. */
function aws(...args) {
  return JSON.parse(
    execFileSync('aws', [...args, '--output', 'json'], { encoding: 'utf8', timeout: 60_000 }) || '{}',
  );
}

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
  if (!found) throw new Error(`stack ${stack} has no ${type} named ${prefix}…: is it the example?`);
  return found.PhysicalResourceId;
};
const machine = idOf('AWS::StepFunctions::StateMachine', 'Breaker');
const table = idOf('AWS::DynamoDB::GlobalTable', 'Circuits');
const ledger = idOf('AWS::Lambda::Function', 'ledger');
const pipe = idOf('AWS::Pipes::Pipe', 'Notifications');
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
const record = () => {
  const key = JSON.stringify({ PK: { S: `CIRCUIT#${circuit}` }, SK: { S: 'STATE' } });
  return aws('dynamodb', 'get-item', '--table-name', table, '--key', key, '--consistent-read').Item ?? {};
};
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

let failed = 0;
function check(what, holds, saw) {
  console.log(`${holds ? 'ok  ' : 'FAIL'} ${what}${holds ? '' : `: ${JSON.stringify(saw)}`}`);
  if (!holds) failed++;
}

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

await sleep(POLICY.resetTimeout + CLOCK_BOUND_MS);
check('the probe closes it', execute({ payload }).status === 'SUCCEEDED');
const recovered = record();
check(
  'recovered, in its third epoch',
  recovered.state?.S === 'closed' && recovered.epoch?.N === '3',
  recovered,
);

const { CurrentState } = aws('pipes', 'describe-pipe', '--name', pipe.split('/').at(-1));
check('the pipe of the notices runs', CurrentState === 'RUNNING', CurrentState);
console.log(
  failed ? `${failed} failed` : 'all as on the emulators; look into the topic for three notices, each once',
);
process.exitCode = failed ? 1 : 0;
