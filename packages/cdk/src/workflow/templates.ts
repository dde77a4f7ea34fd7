/** The workflow for those without CDK: files that `npm run synth` writes, and a test keeps in step. */

import { itemRights, onKeys } from '../table/grants.ts';
import { resolveLayout } from '../table/layout.ts';
import { workflowDefinition } from './definition.ts';

const DEFINITION_FILE = 'circuit-breaker.asl.json';

/** Contents by file name: the state machine, and a SAM template with it, its table and its role. */
export function templateFiles(): Readonly<Record<string, string>> {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: SAM's own way to say what it fills in
  const definition = workflowDefinition({ tableName: '${TableName}' });
  return { [DEFINITION_FILE]: json(definition), 'template.json': json(samTemplate()) };
}

/** What Step Functions needs to deliver logs; these actions know no resources. */
const LOG_DELIVERY = [
  ...['CreateLogDelivery', 'GetLogDelivery', 'UpdateLogDelivery', 'DeleteLogDelivery', 'ListLogDeliveries'],
  ...['PutResourcePolicy', 'DescribeResourcePolicies', 'DescribeLogGroups'],
].map((action) => `logs:${action}`);

const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;

function samTemplate() {
  const layout = resolveLayout();
  const { partitionKey, sortKey, ttlAttribute } = layout;
  const keys = [partitionKey, String(sortKey)];
  return {
    AWSTemplateFormatVersion: '2010-09-09',
    Transform: 'AWS::Serverless-2016-10-31',
    Description: 'Switchgear: a circuit breaker workflow, and the table of its circuits',
    Parameters: {
      TargetFunctionArn: {
        Type: 'String',
        Description: 'The function that executions may call; add others to the role',
      },
    },
    Resources: {
      CircuitTable: {
        Type: 'AWS::DynamoDB::Table',
        DeletionPolicy: 'Retain',
        UpdateReplacePolicy: 'Retain',
        Properties: {
          BillingMode: 'PAY_PER_REQUEST',
          KeySchema: keys.map((AttributeName, at) => ({
            AttributeName,
            KeyType: at === 0 ? 'HASH' : 'RANGE',
          })),
          AttributeDefinitions: keys.map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
          TimeToLiveSpecification: { AttributeName: ttlAttribute, Enabled: true },
          PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
          StreamSpecification: { StreamViewType: 'NEW_AND_OLD_IMAGES' },
        },
      },
      Logs: { Type: 'AWS::Logs::LogGroup', Properties: { RetentionInDays: 30 } },
      CircuitBreaker: {
        Type: 'AWS::Serverless::StateMachine',
        Properties: {
          Type: 'EXPRESS',
          DefinitionUri: DEFINITION_FILE,
          DefinitionSubstitutions: { TableName: { Ref: 'CircuitTable' } },
          Tracing: { Enabled: true },
          // An express execution leaves nothing else behind. Of each state, never of payloads.
          Logging: {
            Level: 'ALL',
            IncludeExecutionData: false,
            Destinations: [{ CloudWatchLogsLogGroup: { LogGroupArn: { 'Fn::GetAtt': ['Logs', 'Arn'] } } }],
          },
          Policies: [
            {
              Version: '2012-10-17',
              Statement: [
                ...itemRights('workflow', layout).map((right) => ({
                  Effect: 'Allow',
                  Action: right.actions,
                  Resource: { 'Fn::GetAtt': ['CircuitTable', 'Arn'] },
                  Condition: onKeys(right),
                })),
                { Effect: 'Allow', Action: 'lambda:InvokeFunction', Resource: { Ref: 'TargetFunctionArn' } },
                { Effect: 'Allow', Action: LOG_DELIVERY, Resource: '*' },
              ],
            },
          ],
        },
      },
    },
    Outputs: {
      StateMachineArn: { Value: { Ref: 'CircuitBreaker' } },
      TableName: { Value: { Ref: 'CircuitTable' } },
    },
  };
}
