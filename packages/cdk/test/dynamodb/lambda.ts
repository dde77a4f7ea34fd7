/** A Lambda function in a Node process of its own. */

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Template } from 'aws-cdk-lib/assertions';

const RUNTIME = fileURLToPath(new URL('lambda-process.mjs', import.meta.url));
const SDK = fileURLToPath(new URL('../../../../node_modules/@aws-sdk', import.meta.url));

/** How long the first synthesis of a process may take, with its bundling, on a machine that is busy. */
export const SYNTHESIS_MS = 240_000;

/** A folder for assets, next to all that Lambda's runtime brings. */
export function assetFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'switchgear-functions-'));
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(SDK, join(folder, 'node_modules/@aws-sdk'));
  return folder;
}

export interface LambdaFunction {
  /** Rejects with what the handler rejects with: its name and message. */
  invoke(event: unknown): Promise<unknown>;
  readonly process: ChildProcess;
}

/** The function of a template whose assets lie in `folder`, with the environment that the template gives it and `more`. */
export async function startFunction(
  template: Template,
  folder: string,
  dynamodbEndpoint: string,
  more: Readonly<Record<string, string>> = {},
): Promise<LambdaFunction> {
  const [resource] = Object.values(template.findResources('AWS::Lambda::Function'));
  const { Code, Environment, Handler } = resource?.Properties ?? {};
  if (Handler !== 'index.handler') throw new Error(`the handler is ${Handler}`);
  const bundle = join(folder, `asset.${Code.S3Key.replace('.zip', '')}`, 'index.mjs');
  const child = fork(RUNTIME, [bundle], {
    env: {
      ...Environment.Variables,
      ...{ AWS_REGION: 'eu-central-1', AWS_ENDPOINT_URL_DYNAMODB: dynamodbEndpoint },
      ...{ AWS_ACCESS_KEY_ID: 'local', AWS_SECRET_ACCESS_KEY: 'local', AWS_LAMBDA_FUNCTION_NAME: 'test' },
      NODE_NO_WARNINGS: '1',
      ...more,
    },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`the function's process ended with ${code}`);
  });
  ended.catch(() => {});
  const message = () => Promise.race([once(child, 'message'), ended]);
  await message();
  return {
    process: child,
    invoke: async (event) => {
      child.send({ event, context: { awsRequestId: 'request', getRemainingTimeInMillis: 10_000 } });
      const [{ result, error }] = await message();
      if (error) throw new Error(error);
      return result;
    },
  };
}
