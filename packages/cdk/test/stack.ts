/** Stacks as the tests synthesise them: in this process, offline, without bundling. */

import { App, type Environment, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { vi } from 'vitest';

// The first synthesis of a process loads and compiles half of the CDK.
vi.setConfig({ testTimeout: 60_000 });

export function newStack(env?: Environment): Stack {
  return new Stack(
    new App({ context: { 'aws:cdk:bundling-stacks': [] }, analyticsReporting: false }),
    'Test',
    env && { env },
  );
}

export function newFunction(scope: Construct, id: string): LambdaFunction {
  return new LambdaFunction(scope, id, {
    runtime: Runtime.NODEJS_24_X,
    handler: 'index.handler',
    code: Code.fromInline('exports.handler = async () => {}'),
  });
}

interface Statement {
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
  readonly Condition?: {
    readonly 'ForAllValues:StringLike'?: { readonly 'dynamodb:LeadingKeys': string | readonly string[] };
  };
}

/** What the policies of a template allow, one line per action and leading key. */
export function allowed(template: Template, service = 'dynamodb'): string[] {
  const policies = Object.values(template.findResources('AWS::IAM::Policy'));
  const lines = policies.flatMap(({ Properties }) =>
    (Properties.PolicyDocument.Statement as Statement[]).flatMap(({ Action, Condition }) =>
      [Action].flat().flatMap((action) => {
        const keys = [Condition?.['ForAllValues:StringLike']?.['dynamodb:LeadingKeys'] ?? 'the table'].flat();
        return keys.map((key) => `${action} on ${key}`);
      }),
    ),
  );
  return [...new Set(lines.filter((line) => line.startsWith(`${service}:`)))].sort();
}

export const templateOf = (stack: Stack) => Template.fromStack(stack);
