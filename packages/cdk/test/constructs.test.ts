/** What constructs grant, ask for and refuse. */

import { Duration } from 'aws-cdk-lib';
import { AttributeType, type ITable, StreamViewType, Table } from 'aws-cdk-lib/aws-dynamodb';
import { Key } from 'aws-cdk-lib/aws-kms';
import { MemoryStore, Switchgear } from 'switchgear';
import { emfMetrics } from 'switchgear/telemetry';
import { describe, expect, test } from 'vitest';
import {
  AlarmTrip,
  CircuitBreakerTable,
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
  expect([...new Set(asked)].sort()).toEqual(['Open', 'Rejected', 'Trips']);
  expect(JSON.parse(lines[0] as string)).toMatchObject({ Open: 0, Rejected: 0, Trips: 0, circuit: 'ledger' });
});
