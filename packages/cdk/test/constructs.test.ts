/** What constructs grant, ask for and refuse. */

import { Duration, type Stack } from 'aws-cdk-lib';
import { Match } from 'aws-cdk-lib/assertions';
import { AttributeType, type ITable, StreamViewType, Table } from 'aws-cdk-lib/aws-dynamodb';
import { Key } from 'aws-cdk-lib/aws-kms';
import { MemoryStore, Switchgear } from 'switchgear';
import { emfMetrics } from 'switchgear/telemetry';
import { describe, expect, test } from 'vitest';
import {
  AlarmTrip,
  CircuitBreakerTable,
  CircuitBreakerWorkflow,
  CircuitDashboard,
  CircuitNotifications,
  ControlApi,
  HealthCheck,
  protect,
} from '../src/index.ts';
import { allowed, newFunction, newStack, templateOf } from './stack.ts';

function rig() {
  const stack = newStack();
  return { stack, table: new CircuitBreakerTable(stack, 'Circuits') };
}

describe('protect', () => {
  test('leaves a second of the time that Lambda gives a function which does not say', () => {
    const { stack, table } = rig();
    protect(newFunction(stack, 'Order'), table);
    templateOf(stack).hasResourceProperties('AWS::Lambda::Function', {
      Environment: { Variables: { SWITCHGEAR_TIMEOUT: '2s' } },
    });
  });

  test('refuses what the library would refuse at its first invocation', () => {
    const { stack, table } = rig();
    const options = { FAILURE_TRESHOLD: '5', PAYMENTS_TIMEOUT: 'soon' };
    expect(() => protect(newFunction(stack, 'Order'), table, { options })).toThrow(
      /SWITCHGEAR_FAILURE_TRESHOLD is not a setting.*FAILURE_THRESHOLD.*\n.*SWITCHGEAR_PAYMENTS_TIMEOUT is 'soon'/,
    );
  });
});

test('a health check refuses it too, and takes what its test needs beside', () => {
  const { stack, table } = rig();
  const props = { table, circuit: 'ledger', check: { url: 'https://ledger.example/health' } };
  const environment = { SWITCHGEAR_RESET_TIMEOUT: 'soon', LEDGER: 'x' };
  expect(() => new HealthCheck(stack, 'Health', { ...props, environment })).toThrow(
    /^invalid configuration:\n.*RESET_TIMEOUT is 'soon'.*$/,
  );
});

test('an alarm may override its circuit, and nothing else', () => {
  const { stack, table } = rig();
  const props = { table, circuit: 'ledger' };
  expect(() => new AlarmTrip(stack, 'None', { ...props, alarms: [] })).toThrow(/alarms is empty/);
  const errors = newFunction(stack, 'Ledger').metricErrors({ period: Duration.minutes(1) });
  const alarms = [errors.createAlarm(stack, 'Alarm', { threshold: 1, evaluationPeriods: 1 })];
  new AlarmTrip(stack, 'Trip', { ...props, alarms });
  expect(allowed(templateOf(stack))).toEqual([
    'dynamodb:BatchGetItem on CIRCUIT#ledger',
    'dynamodb:UpdateItem on CIRCUIT#ledger',
    'dynamodb:UpdateItem on DIRECTORY#CIRCUIT#',
  ]);
});

test('the control API of one dependency touches no other circuit', () => {
  const { stack, table } = rig();
  new ControlApi(stack, 'Recovered', { table, role: 'operator', circuits: ['ledger'] });
  expect(allowed(templateOf(stack))).toEqual([
    'dynamodb:BatchGetItem on CIRCUIT#ledger',
    'dynamodb:Query on CIRCUIT#ledger',
    'dynamodb:Query on DIRECTORY#CIRCUIT#',
    'dynamodb:UpdateItem on CIRCUIT#ledger',
    'dynamodb:UpdateItem on DIRECTORY#CIRCUIT#',
  ]);
});

test('a pipe may read the stream, also of a table under a key of its own, and leave what it cannot deliver', () => {
  const stack = newStack();
  const existing = new Table(stack, 'Existing', {
    partitionKey: { name: 'PK', type: AttributeType.STRING },
    sortKey: { name: 'SK', type: AttributeType.STRING },
    stream: StreamViewType.NEW_AND_OLD_IMAGES,
    encryptionKey: new Key(stack, 'Key'),
  }) as ITable;
  new CircuitNotifications(stack, 'Notices', {
    table: new CircuitBreakerTable(stack, 'Circuits', { table: existing }),
  });
  const template = templateOf(stack);
  const rights = ['dynamodb', 'sqs', 'kms'].flatMap((service) => allowed(template, service));
  expect(rights.map((right) => right.replace(/ on .*/, ''))).toEqual([
    'dynamodb:DescribeStream',
    'dynamodb:GetRecords',
    'dynamodb:GetShardIterator',
    'dynamodb:ListStreams',
    'sqs:SendMessage',
    'kms:Decrypt',
  ]);
});

describe('what could only fail later is refused when the stack is synthesised', () => {
  const check = { url: 'https://ledger.example/health' };

  test.each<[string, (scope: Stack, table: CircuitBreakerTable) => unknown, RegExp]>([
    [
      'a grant for no circuit',
      (scope, table) => table.grantUse(newFunction(scope, 'F'), { circuits: [] }),
      /empty/,
    ],
    [
      'protect',
      (scope, table) => protect(newFunction(scope, 'F'), table, { circuits: ['a', ''] }),
      /"": no such name/,
    ],
    [
      'a health check',
      (scope, table) => new HealthCheck(scope, 'H', { table, circuit: '', check }),
      /"": no such name/,
    ],
    [
      'a health check whose metrics CloudWatch would drop',
      (scope, table) => new HealthCheck(scope, 'H', { table, circuit: 'größe', check }),
      /"größe": no such name; .* ASCII/,
    ],
    [
      'a grant that IAM would refuse',
      (scope, table) => table.grantUse(newFunction(scope, 'F'), { circuits: ['платежи', 'a\tb', ' '] }),
      /"платежи".*\n.*"a\\tb".*\n.*" "/,
    ],
    [
      'the control API',
      (scope, table) => new ControlApi(scope, 'C', { table, circuits: ['x'.repeat(256)] }),
      /"x+": no such name; allowed: 1 to 255/,
    ],
    [
      'a dashboard of nothing',
      (scope, table) => new CircuitDashboard(scope, 'D', { table, circuits: [] }),
      /empty/,
    ],
    [
      'a dashboard that would search for something else',
      (scope, table) => new CircuitDashboard(scope, 'D', { table, circuits: ['a" OR "'] }),
      /cannot search for a" OR "/,
    ],
  ])('%s', (_, build, refusal) => {
    const { stack, table } = rig();
    expect(() => build(stack, table)).toThrow(refusal);
  });
});

test('the longest name of a circuit, tested once a week: Lambda and EventBridge take it', () => {
  const { stack, table } = rig();
  const circuit = 'x'.repeat(255);
  const check = { url: 'https://ledger.example/health' };
  new HealthCheck(stack, 'Health', { table, circuit, check, interval: Duration.days(7) });
  const template = templateOf(stack);
  for (const { Properties } of Object.values(template.findResources('AWS::Lambda::Function')))
    expect(Properties.Description.length).toBeLessThanOrEqual(256);
  template.hasResourceProperties('AWS::Events::Rule', {
    ScheduleExpression: 'rate(7 days)',
    Targets: [
      Match.objectLike({ RetryPolicy: { MaximumEventAgeInSeconds: 86_400, MaximumRetryAttempts: 0 } }),
    ],
  });
});

describe('a table elsewhere', () => {
  const from = (stack: Stack) =>
    new CircuitBreakerTable(stack, 'Circuits', {
      table: Table.fromTableArn(stack, 'Existing', 'arn:aws:dynamodb:us-east-1:111111111111:table/orders'),
    });

  test('in another region: the library is told', () => {
    const stack = newStack({ region: 'eu-central-1', account: '111111111111' });
    protect(newFunction(stack, 'Order'), from(stack));
    const SWITCHGEAR_STORE = 'dynamodb://orders?region=us-east-1';
    templateOf(stack).hasResourceProperties('AWS::Lambda::Function', {
      Environment: { Variables: Match.objectLike({ SWITCHGEAR_STORE }) },
    });
  });

  test('in another region: a workflow cannot reach it', () => {
    const stack = newStack({ region: 'eu-central-1', account: '111111111111' });
    expect(() => new CircuitBreakerWorkflow(stack, 'Breaker', { table: from(stack) })).toThrow(
      'the table is in us-east-1',
    );
  });

  test('under a key of its own: who only looks encrypts nothing', () => {
    const actions = (['grantRead', 'grantUse'] as const).map((grant) => {
      const stack = newStack();
      const existing = new Table(stack, 'Existing', {
        partitionKey: { name: 'PK', type: AttributeType.STRING },
        sortKey: { name: 'SK', type: AttributeType.STRING },
        encryptionKey: new Key(stack, 'Key'),
      }) as ITable;
      new CircuitBreakerTable(stack, 'Circuits', { table: existing })[grant](newFunction(stack, 'Order'));
      return allowed(templateOf(stack), 'kms').map((right) => right.replace(/ on .*/, ''));
    });
    expect(actions).toEqual([
      ['kms:Decrypt'],
      ['kms:Decrypt', 'kms:Encrypt', 'kms:GenerateDataKey*', 'kms:ReEncrypt*'],
    ]);
  });
});

test('the dashboard has alarms for what does not mend itself', () => {
  const { stack, table } = rig();
  const dashboard = new CircuitDashboard(stack, 'Dashboard', { table, circuits: ['ledger', 'payments'] });
  expect(dashboard.open).toHaveLength(2);
  const template = templateOf(stack);
  template.hasResourceProperties('AWS::CloudWatch::Alarm', {
    Metrics: [
      Match.objectLike({
        MetricStat: Match.objectLike({
          Metric: {
            MetricName: 'CircuitOpenness',
            Namespace: 'Switchgear',
            Dimensions: [{ Name: 'circuit', Value: 'payments' }],
          },
        }),
      }),
    ],
    Threshold: 1,
    EvaluationPeriods: 15,
    TreatMissingData: 'ignore',
  });
  template.hasResourceProperties('AWS::CloudWatch::Alarm', {
    AlarmDescription: 'The table of the circuits throttles',
    EvaluationPeriods: 3,
  });
});

test('the dashboard asks for metrics that the library tells', () => {
  const { stack, table } = rig();
  new CircuitDashboard(stack, 'Dashboard', { table, circuits: ['ledger'] });
  const body = JSON.stringify(templateOf(stack).toJSON());
  const asked = [...body.matchAll(/MetricName=\W+(\w+)/g)].map(([, name]) => name);
  const lines: string[] = [];
  const gear = new Switchgear({ store: new MemoryStore() });
  const metrics = emfMetrics(gear, { service: 's', write: (line) => lines.push(line) });
  gear.breaker('ledger');
  metrics.stop();
  expect([...new Set(asked)].sort()).toEqual(['HalfOpens', 'Open', 'Rejected', 'Trips']);
  expect(JSON.parse(lines[0] as string)).toMatchObject({
    HalfOpens: 0,
    Open: 0,
    Rejected: 0,
    Trips: 0,
    circuit: 'ledger',
  });
});
