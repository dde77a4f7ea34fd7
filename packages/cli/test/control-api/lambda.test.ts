import { type ApiGatewayRequestContextV2, handle, type LambdaEvent } from 'hono/aws-lambda';
import { expect, test } from 'vitest';
import { rig } from './rig.ts';

/** A function URL's event, as AWS documents it, for a caller whom IAM has checked. */
function event(method: string, path: string, userArn?: string, body?: unknown) {
  const iam = userArn && { iam: { userArn } };
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath: path,
    rawQueryString: '',
    headers: { host: 'abc123.lambda-url.eu-west-1.on.aws', 'content-type': 'application/json' },
    requestContext: {
      accountId: '123456789012',
      domainName: 'abc123.lambda-url.eu-west-1.on.aws',
      http: { method, path, protocol: 'HTTP/1.1', sourceIp: '192.0.2.1', userAgent: 'test' },
      ...(iam && { authorizer: iam }),
    },
    isBase64Encoded: false,
    ...(body !== undefined && { body: JSON.stringify(body) }),
  } as unknown as LambdaEvent;
}

function behindIam() {
  const all = rig({
    hosts: 'any',
    auth: (_, env) => {
      const { event } = env as { event: { requestContext: ApiGatewayRequestContextV2 } };
      const arn = event.requestContext.authorizer?.iam?.userArn;
      return arn ? { role: 'operator', by: arn.slice(-64) } : undefined;
    },
  });
  return { ...all, invoke: handle(all.app) };
}

test('in a Lambda the author of a change is whom IAM has checked, whatever the request says', async () => {
  const { invoke, audit } = behindIam();
  const asked = event('PUT', '/v1/circuits/payments/override', 'arn:aws:iam::123456789012:user/ann', {
    mode: 'forced-open',
    reason: 'drill',
  });
  Object.assign((asked as { headers: object }).headers, { 'switchgear-by': 'somebody else' });
  const answer = await invoke(asked);
  expect(answer.statusCode).toBe(200);
  expect(JSON.parse(answer.body)).toMatchObject({ override: { by: 'arn:aws:iam::123456789012:user/ann' } });
  expect(audit).toMatchObject([{ by: 'arn:aws:iam::123456789012:user/ann', outcome: 'done' }]);
});

test('in a Lambda whom IAM does not know gets nothing', async () => {
  const { invoke } = behindIam();
  expect((await invoke(event('GET', '/v1/circuits'))).statusCode).toBe(401);
});
