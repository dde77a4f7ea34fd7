/** The control API of `@switchgear/cli` behind a function URL that IAM guards. */

import { type Caller, createControlApi } from '@switchgear/cli/control-api';
import { handle } from 'hono/aws-lambda';
import { required, storeFromEnv } from './environment.ts';

const LONGEST_BY = 64;

/** Who IAM says it is: the role and its session, or the user. Of names that are too long together, the session's: that is a person's. */
export function callerOf(env: unknown, role: Caller['role']): Caller | undefined {
  const { event } = Object(env) as { event?: unknown };
  const { requestContext } = Object(event) as { requestContext?: unknown };
  const { authorizer } = Object(requestContext) as { authorizer?: unknown };
  const { iam } = Object(authorizer) as { iam?: unknown };
  const { userArn } = Object(iam) as { userArn?: unknown };
  if (typeof userArn !== 'string') return undefined;
  const name = userArn.slice(userArn.lastIndexOf(':') + 1).replace(/^(assumed-role|user)\//, '');
  const by = name.length > LONGEST_BY ? name.slice(name.lastIndexOf('/') + 1).slice(0, LONGEST_BY) : name;
  return by ? { role, by } : undefined;
}

type Handler = ReturnType<typeof handle>;
let app: Promise<Handler> | undefined;

async function start(): Promise<Handler> {
  const role = required('ROLE') === 'operator' ? 'operator' : 'viewer';
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
