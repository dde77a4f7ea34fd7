import { expect, test } from 'vitest';
import { iamPolicy, ROLES } from '../src/table/iam.ts';
import { type Layout, layoutOf } from '../src/table/layout.ts';
import { template } from '../src/table/templates.ts';

const layout = layoutOf('dynamodb://orders?region=eu-west-1&partitionKey=pk&keyPrefix=CB%23') as Layout;
const bare = layoutOf('dynamodb://orders?sortKey=') as Layout;

test('an address names keys and prefix, or leaves the defaults', () => {
  expect(layout).toEqual({
    tableName: 'orders',
    partitionKey: 'pk',
    sortKey: 'SK',
    keyPrefix: 'CB#',
    ttlAttribute: 'ttl',
  });
  expect(bare).toEqual({
    tableName: 'orders',
    partitionKey: 'PK',
    sortKey: null,
    keyPrefix: 'CIRCUIT#',
    ttlAttribute: 'ttl',
  });
  expect(layoutOf('redis://cache')).toBeUndefined();
});

test('CloudFormation has the table, kept when the stack goes, and a policy per role', () => {
  const { Resources } = JSON.parse(template('cloudformation', layout, 'use'));
  expect(Resources.Circuits).toMatchObject({
    Type: 'AWS::DynamoDB::Table',
    DeletionPolicy: 'Retain',
    Properties: {
      TableName: 'orders',
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'SK', KeyType: 'RANGE' },
      ],
      TimeToLiveSpecification: { AttributeName: 'ttl', Enabled: true },
    },
  });
  for (const name of ['UsePolicy', 'ReadPolicy', 'OperatePolicy'])
    for (const { Resource } of Resources[name].Properties.PolicyDocument.Statement)
      expect(Resource).toEqual({ 'Fn::GetAtt': ['Circuits', 'Arn'] });
  expect(
    JSON.parse(template('cloudformation', bare, 'use')).Resources.Circuits.Properties.KeySchema,
  ).toHaveLength(1);
});

test('who looks cannot write, nobody deletes or scans, and all keep to the circuits', () => {
  for (const role of ROLES)
    for (const each of [layout, bare]) {
      const { Statement } = iamPolicy(role, each, 'arn');
      const actions = Statement.flatMap(({ Action }) => Action);
      expect(actions.includes('dynamodb:UpdateItem')).toBe(role !== 'read');
      expect(actions.join()).not.toMatch(/Delete|Scan|Put|\*/);
      expect(JSON.stringify(Statement[0]?.Condition)).toContain(`"${each.keyPrefix}*"`);
    }
});

test('Terraform gets no template of its own out of a name', () => {
  const odd = { ...layout, partitionKey: '$' + '{var.x}%{if}"' };
  const text = template('terraform', odd, 'use');
  expect(text).toContain('hash_key     = "$$' + '{var.x}%%{if}\\""');
  expect(text.split('{').length).toBe(text.split('}').length);
});

test('IAM alone is for one role, on the table in any account', () => {
  expect(JSON.parse(template('iam', layout, 'read'))).toEqual(
    iamPolicy('read', layout, 'arn:aws:dynamodb:*:*:table/orders'),
  );
});
