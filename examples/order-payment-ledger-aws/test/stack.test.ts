import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { beforeAll, expect, test } from 'vitest';
import { OrderPaymentLedgerStack } from '../src/stack.ts';

/** Findings that stay, each with its reason. */
const ACKNOWLEDGED = {
  'IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole]':
    'The managed policy of Lambda allows to write logs and nothing else.',
  'IAM5[Resource::<ledger28D1CA40.Arn>:*]': 'The versions of one function: how CDK grants its invocation.',
  'IAM5[Resource::<payment5ECADA82.Arn>:*]': 'The versions of one function: how CDK grants its invocation.',
  'IAM5[Resource::*]':
    'Delivery of logs and X-Ray know no resources; rights to circuits and functions are by name.',
  SQS3: 'This queue is the dead-letter queue, of a pipe, where the rule does not look for it.',
};

interface Resource {
  readonly Type: string;
  readonly Properties: Readonly<Record<string, unknown>>;
}

let resources: Readonly<Record<string, Resource>>;

// Once for all: most of it is cdk-nag. With findings that are not explained, `synth` throws.
beforeAll(() => {
  const app = new App({ context: { 'aws:cdk:bundling-stacks': [] }, analyticsReporting: false });
  const stack = new OrderPaymentLedgerStack(app, 'Example');
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  for (const [id, reason] of Object.entries(ACKNOWLEDGED))
    Validations.of(stack).acknowledge({ id: `AwsSolutions::AwsSolutions-${id}`, reason });
  resources = (app.synth().getStackByName('Example').template as { Resources: typeof resources }).Resources;
}, 60_000);

test('cdk-nag has nothing to say that is not explained; in short: what there is, and who may do what', () => {
  const counts = new Map<string, number>();
  for (const { Type } of Object.values(resources)) counts.set(Type, (counts.get(Type) ?? 0) + 1);
  const rights = Object.entries(resources)
    .filter(([, { Type }]) => Type === 'AWS::IAM::Policy')
    .flatMap(([id, { Properties }]) =>
      (Properties.PolicyDocument as { Statement: Statement[] }).Statement.map(
        ({ Action, Condition }) =>
          `${id.replace(/(ServiceRole)?(Default)?Policy.*/, '')}: ${[Action].flat().join(' ')}${keysOf(Condition)}`,
      ),
    );
  expect({
    resources: [...counts].map(([type, count]) => `${count} ${type}`).sort(),
    rights: rights.sort(),
  }).toMatchSnapshot();
});

interface Statement {
  readonly Action: string | string[];
  readonly Condition?: Record<string, Record<string, string | string[]>>;
}

function keysOf(condition: Statement['Condition']): string {
  const keys = condition?.['ForAllValues:StringLike']?.['dynamodb:LeadingKeys'];
  return keys === undefined ? '' : ` on ${[keys].flat().join(' ')}`;
}

test('one line is what the library needs', () => {
  const payment = Object.entries(resources).find(
    ([id, { Type }]) => id.startsWith('payment') && Type === 'AWS::Lambda::Function',
  );
  expect(payment?.[1].Properties.Environment).toMatchObject({
    Variables: {
      SWITCHGEAR_STORE: {
        'Fn::Join': ['', ['dynamodb://', { Ref: expect.stringMatching(/^CircuitsTable/) }]],
      },
      SWITCHGEAR_TIMEOUT: '9s',
      SWITCHGEAR_FAILURE_THRESHOLD: '5',
      SWITCHGEAR_RESET_TIMEOUT: '30s',
      SWITCHGEAR_HEALTH_CHECK_GRACE: '60s',
    },
  });
});
