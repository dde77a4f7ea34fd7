/** The table in the languages that teams keep their infrastructure in. */

import { iamPolicy, ROLES, type Role } from './iam.ts';
import type { Layout } from './layout.ts';

export const FORMATS = ['cloudformation', 'terraform', 'iam'] as const;
export type Format = (typeof FORMATS)[number];

/** @param role whose rights `iam` prints; the others have a policy for each. */
export function template(format: Format, layout: Layout, role: Role): string {
  switch (format) {
    case 'cloudformation':
      return `${JSON.stringify(cloudFormation(layout), null, 2)}\n`;
    case 'terraform':
      return terraform(layout);
    case 'iam':
      return `${JSON.stringify(iamPolicy(role, layout, `arn:aws:dynamodb:*:*:table/${layout.tableName}`), null, 2)}\n`;
  }
}

function keysOf({ partitionKey, sortKey }: Layout): string[] {
  return sortKey === null ? [partitionKey] : [partitionKey, sortKey];
}

function cloudFormation(layout: Layout) {
  const keys = keysOf(layout);
  const policies = ROLES.map((role) => [
    `${capital(role)}Policy`,
    {
      Type: 'AWS::IAM::ManagedPolicy',
      Properties: {
        Description: `Switchgear: ${role} the circuits of ${layout.tableName}`,
        PolicyDocument: withArn(iamPolicy(role, layout, ARN), { 'Fn::GetAtt': ['Circuits', 'Arn'] }),
      },
    },
  ]);
  return {
    AWSTemplateFormatVersion: '2010-09-09',
    Description: 'The table of the circuits that a fleet shares (Switchgear)',
    Resources: {
      Circuits: {
        Type: 'AWS::DynamoDB::Table',
        DeletionPolicy: 'Retain',
        UpdateReplacePolicy: 'Retain',
        Properties: {
          TableName: layout.tableName,
          BillingMode: 'PAY_PER_REQUEST',
          AttributeDefinitions: keys.map((name) => ({ AttributeName: name, AttributeType: 'S' })),
          KeySchema: keys.map((name, at) => ({ AttributeName: name, KeyType: at === 0 ? 'HASH' : 'RANGE' })),
          TimeToLiveSpecification: { AttributeName: layout.ttlAttribute, Enabled: true },
        },
      },
      ...Object.fromEntries(policies),
    },
    Outputs: { TableArn: { Value: { 'Fn::GetAtt': ['Circuits', 'Arn'] } } },
  };
}

/** Stands for the table in a policy until the template's language has a word for it. */
const ARN = '<table>';

function withArn(policy: ReturnType<typeof iamPolicy>, arn: object) {
  return { ...policy, Statement: policy.Statement.map((statement) => ({ ...statement, Resource: arn })) };
}

function terraform(layout: Layout): string {
  const { tableName, partitionKey, sortKey, ttlAttribute } = layout;
  const attributes = keysOf(layout).map(
    (name) => `  attribute {\n    name = ${hcl(name)}\n    type = "S"\n  }\n`,
  );
  const table = `resource "aws_dynamodb_table" "circuits" {
  name         = ${hcl(tableName)}
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = ${hcl(partitionKey)}
${sortKey === null ? '' : `  range_key    = ${hcl(sortKey)}\n`}
${attributes.join('')}
  ttl {
    attribute_name = ${hcl(ttlAttribute)}
    enabled        = true
  }

  lifecycle {
    prevent_destroy = true
  }
}
`;
  const policies = ROLES.map(
    (role) => `
resource "aws_iam_policy" "circuits_${role}" {
  description = ${hcl(`Switchgear: ${role} the circuits of ${tableName}`)}
  policy = jsonencode(${hclValue(iamPolicy(role, layout, ARN), '  ')})
}
`,
  );
  return table + policies.join('');
}

/** A value of JSON in Terraform's language; the table's place holder becomes its attribute. */
function hclValue(value: unknown, indent: string): string {
  if (value === ARN) return 'aws_dynamodb_table.circuits.arn';
  if (Array.isArray(value)) return `[${value.map((each) => hclValue(each, indent)).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return hcl(value);
  const lines = Object.entries(value).map(
    ([key, each]) => `${indent}  ${hcl(key)} = ${hclValue(each, `${indent}  `)}\n`,
  );
  return `{\n${lines.join('')}${indent}}`;
}

/** A text or number; `\${` and `%{` begin templates there. */
function hcl(value: unknown): string {
  return JSON.stringify(value).replace(/([$%])\{/g, '$1$1{');
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
