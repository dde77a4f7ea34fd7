/** The control API of `@switchgear/cli` behind a function URL that IAM guards. */

import { type Caller, createControlApi } from '@switchgear/cli/control-api';
import { handle } from 'hono/aws-lambda';
import { required, storeFromEnv } from './environment.ts';

/** Who IAM says it is: the role's session, or the user. */
export function callerOf(env: unknown, role: Caller['role']): Caller | undefined {
  const { event } = Object(env) as { event?: unknown };
  const { requestContext } = Object(event) as { requestContext?: unknown };
  const { authorizer } = Object(requestContext) as { authorizer?: unknown };
  const { iam } = Object(authorizer) as { iam?: unknown };
  const { userArn } = Object(iam) as { userArn?: unknown };
  if (typeof userArn !== 'string') return undefined;
  const by = userArn
    .split(':')
    .at(-1)
    ?.replace(/^(assumed-role|user)\//, '')
    .slice(0, 64);
  return by ? { role, by } : undefined;
}

type Handler = ReturnType<typeof handle>;
let app: Promise<Handler> | undefined;

async function start(): Promise<Handler> {
  const role = required('ROLE') === 'viewer' ? 'viewer' : 'operator';
  const api = createControlApi({
    store: await storeFromEnv(),
    auth: (_, env) => callerOf(env, role),
    // The address of a function URL is known when it is deployed; IAM has checked who asks.
    hosts: 'any',
    live: false,
  });
  return handle(api.app);
}

export const handler: Handler = async (event, context) => {
  app ??= start();
  return (await app)(event, context);
};
