import { RemovalPolicy } from 'aws-cdk-lib';
import { Match } from 'aws-cdk-lib/assertions';
import { Table } from 'aws-cdk-lib/aws-dynamodb';
import { describe, expect, test } from 'vitest';
import { CircuitBreakerTable } from '../src/index.ts';
import { allowed, newFunction, newStack, templateOf } from './stack.ts';

test('a table of its own: on demand, encrypted, TTL, point-in-time recovery, a stream; it outlives its stack', () => {
  const stack = newStack();
  new CircuitBreakerTable(stack, 'Circuits');
  templateOf(stack).hasResource('AWS::DynamoDB::GlobalTable', {
    DeletionPolicy: 'Retain',
    Properties: {
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: [
        { AttributeName: 'PK', KeyType: 'HASH' },
        { AttributeName: 'SK', KeyType: 'RANGE' },
      ],
      TimeToLiveSpecification: { AttributeName: 'ttl', Enabled: true },
      StreamSpecification: { StreamViewType: 'NEW_AND_OLD_IMAGES' },
      SSESpecification: { SSEEnabled: false },
      Replicas: [
        Match.objectLike({ PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true } }),
      ],
    },
  });
});

// biome-ignore-start lint/suspicious/noTemplateCurlyInString: how IAM writes a star that is none
test('its names are those of the store, a table without a sort key too', () => {
  const stack = newStack();
  const table = new CircuitBreakerTable(stack, 'Circuits', {
    partitionKey: 'id',
    sortKey: null,
    keyPrefix: 'cb/',
    ttlAttribute: 'expires-at',
    removalPolicy: RemovalPolicy.DESTROY,
  });
  table.grantUse(newFunction(stack, 'Order'), { circuits: ['payments', 'what*'] });
  const template = templateOf(stack);
  template.hasResourceProperties('AWS::DynamoDB::GlobalTable', {
    KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
    TimeToLiveSpecification: { AttributeName: 'expires-at', Enabled: true },
  });
  expect(allowed(template)).toEqual([
    'dynamodb:BatchGetItem on HISTORY#cb/payments#*',
    'dynamodb:BatchGetItem on HISTORY#cb/what${*}#*',
    'dynamodb:BatchGetItem on cb/payments',
    'dynamodb:BatchGetItem on cb/what${*}',
    'dynamodb:UpdateItem on DIRECTORY#cb/',
    'dynamodb:UpdateItem on HISTORY#cb/payments#*',
    'dynamodb:UpdateItem on HISTORY#cb/what${*}#*',
    'dynamodb:UpdateItem on cb/payments',
    'dynamodb:UpdateItem on cb/what${*}',
  ]);
});

// biome-ignore-end lint/suspicious/noTemplateCurlyInString: how IAM writes a star that is none
describe('an existing table', () => {
  test('is left as it is; rights are to circuits only', () => {
    const stack = newStack();
    const existing = Table.fromTableName(stack, 'Existing', 'orders');
    const circuits = new CircuitBreakerTable(stack, 'Circuits', { table: existing });
    circuits.grantUse(newFunction(stack, 'Order'));
    const template = templateOf(stack);
    template.resourceCountIs('AWS::DynamoDB::GlobalTable', 0);
    expect(allowed(template)).toEqual([
      'dynamodb:BatchGetItem on CIRCUIT#*',
      'dynamodb:UpdateItem on CIRCUIT#*',
      'dynamodb:UpdateItem on DIRECTORY#CIRCUIT#',
    ]);
    for (const { Properties } of Object.values(template.findResources('AWS::IAM::Policy')))
      for (const { Resource } of Properties.PolicyDocument.Statement)
        expect(JSON.stringify(Resource)).toMatch(/:table\/orders"/);
  });
});
