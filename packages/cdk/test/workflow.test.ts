import { readFileSync } from 'node:fs';
import validate from 'asl-validator';
import { Match } from 'aws-cdk-lib/assertions';
import { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { describe, expect, test } from 'vitest';
import {
  CircuitBreakerTable,
  CircuitBreakerWorkflow,
  templateFiles,
  type WorkflowDefinitionProps,
  workflowDefinition,
} from '../src/index.ts';
import { allowed, newFunction, newStack, templateOf } from './stack.ts';

const definition = workflowDefinition({ tableName: 'circuits', retry: { maxAttempts: 2 } });

describe('the definition', () => {
  test('is valid', () => {
    const { isValid, errorsText } = validate(structuredClone(definition));
    expect(isValid, errorsText()).toBe(true);
  });

  test('no state is without a way out: every Task catches everything, every Choice has a default', () => {
    for (const [name, state] of Object.entries(definition.States))
      if (state.Type === 'Task') expect(state.Catch.at(-1)?.ErrorEquals, name).toEqual(['States.ALL']);
      else if (state.Type === 'Choice') expect(state.Default, name).toBeDefined();
  });

  test('nothing that writes is tried again blindly; neither is a probe', () => {
    for (const [name, state] of Object.entries(definition.States))
      if (state.Type === 'Task') expect(Boolean(state.Retry), name).toBe(name === 'Call');
    const call = definition.States.Call;
    expect(call?.Type === 'Task' && call.Retry).toEqual([
      expect.objectContaining({ MaxAttempts: 2, BackoffRate: 2, JitterStrategy: 'FULL' }),
    ]);
  });

  test('settings that cannot be are refused together', () => {
    expect(() =>
      workflowDefinition({
        tableName: 't',
        policy: { failureThreshold: 0, timeout: 999, jitter: Number.NaN },
      }),
    ).toThrow(/failureThreshold is 0.*\n.*jitter is NaN.*\n.*timeout is 999.*from 1000 to 240000/);
  });

  test('settings that cannot go together are refused', () => {
    const of = (props: Partial<WorkflowDefinitionProps>) => () =>
      workflowDefinition({ tableName: 't', ...props });
    expect(of({ policy: { resetTimeout: 600_000 } })).toThrow(/maxResetTimeout is 300000; allowed: at least/);
    expect(of({ retry: { maxAttempts: 1, errors: ['Late', 'States.ALL'] } })).toThrow(
      /States.ALL beside others/,
    );
    expect(of({ ignoredErrors: ['Late', 'States.ALL'] })).toThrow(/ignoredErrors has States.ALL/);
    expect(of({ retry: { maxAttempts: 11, intervalSeconds: 0.5, maxDelaySeconds: 90, errors: [] } })).toThrow(
      /maxAttempts is 11.*\n.*intervalSeconds is 0.5.*\n.*maxDelaySeconds is 90.*\n.*errors is empty/,
    );
  });

  test('all tries and the waits between them end before the execution does, so that the failure counts', () => {
    const retry = { maxAttempts: 3, intervalSeconds: 2, maxDelaySeconds: 5 };
    // 240 s less waits of 2, 4 and 5 s, for four calls.
    expect(() => workflowDefinition({ tableName: 't', retry, policy: { timeout: 58_000 } })).toThrow(
      /timeout is 58000; allowed: a whole number from 1000 to 57000/,
    );
    expect(() => workflowDefinition({ tableName: 't', retry: { maxAttempts: 10 } })).toThrow(
      /timeout is 30000/,
    );
    const { States } = workflowDefinition({ tableName: 't', retry });
    expect(JSON.stringify(States['Check the input'])).toContain(
      '"timeout\\":{\\"min\\":1000,\\"max\\":57000',
    );
  });

  test('fits into the service: a document of 1 MB at most', () => {
    expect(JSON.stringify(definition).length).toBeLessThan(1_000_000);
  });
});

describe('the construct', () => {
  const stack = newStack();
  const table = new CircuitBreakerTable(stack, 'Circuits');
  const target = newFunction(stack, 'Payment');
  const workflow = new CircuitBreakerWorkflow(stack, 'Breaker', { table, targets: [target] });
  const caller = newFunction(stack, 'Order');
  workflow.grantStart(caller);
  const template = templateOf(stack);

  test('is the definition, express, traced, and logged without payloads', () => {
    template.hasResourceProperties('AWS::StepFunctions::StateMachine', {
      StateMachineType: 'EXPRESS',
      TracingConfiguration: { Enabled: true },
      LoggingConfiguration: { Level: 'ALL', IncludeExecutionData: false },
    });
    const [machine] = Object.values(template.findResources('AWS::StepFunctions::StateMachine'));
    const parts: unknown[] = machine?.Properties.DefinitionString['Fn::Join'][1];
    const text = parts.map((part) => (typeof part === 'string' ? part : 'circuits')).join('');
    expect(JSON.parse(text)).toEqual(workflowDefinition({ tableName: 'circuits' }));
  });

  test('may do what its states do to circuits, and call its targets, nothing more', () => {
    expect(allowed(template)).toEqual([
      'dynamodb:GetItem on CIRCUIT#*',
      'dynamodb:UpdateItem on CIRCUIT#*',
      'dynamodb:UpdateItem on DIRECTORY#CIRCUIT#',
    ]);
    template.hasResourceProperties('AWS::IAM::Policy', {
      PolicyDocument: {
        Statement: Match.arrayWith([
          {
            Effect: 'Allow',
            Action: 'lambda:InvokeFunction',
            Resource: { 'Fn::GetAtt': [stack.getLogicalId(target.node.defaultChild as never), 'Arn'] },
          },
        ]),
      },
    });
    const apis = Object.values(definition.States).flatMap((state) =>
      state.Type === 'Task' ? state.Resource : [],
    );
    expect([...new Set(apis)].sort()).toEqual([
      'arn:aws:states:::dynamodb:getItem',
      'arn:aws:states:::dynamodb:updateItem',
      'arn:aws:states:::lambda:invoke',
    ]);
    expect(allowed(template, 'states')).toEqual(['states:StartSyncExecution on the table']);
  });

  test('two of one name in one account do not tell of each other', () => {
    const names = ['One', 'Other'].map((id) => {
      const parent = new Construct(stack, id);
      return new CircuitBreakerWorkflow(parent, 'Breaker', { table }).metricRejections().metricName;
    });
    expect(new Set(names).size).toBe(2);
  });

  test('another function can be allowed later', () => {
    const other = newStack();
    const later = new CircuitBreakerWorkflow(other, 'Breaker', {
      table: new CircuitBreakerTable(other, 'Circuits'),
    });
    later.allowTarget(LambdaFunction.fromFunctionName(other, 'Known', 'known'));
    expect(JSON.stringify(templateOf(other).toJSON())).toContain('function:known');
  });
});

test.each(Object.entries(templateFiles()))('%s is as `npm run synth` writes it', (file, content) => {
  expect(readFileSync(new URL(`../templates/${file}`, import.meta.url), 'utf8')).toBe(content);
});

test('the files substitute the name of the table and nothing else', () => {
  const { 'circuit-breaker.asl.json': asl = '' } = templateFiles();
  // biome-ignore lint/suspicious/noTemplateCurlyInString: SAM's own way to say what it fills in
  expect(new Set(asl.match(/\$\{.*?\}/g))).toEqual(new Set(['${TableName}']));
  expect(validate(JSON.parse(asl)).isValid).toBe(true);
});
