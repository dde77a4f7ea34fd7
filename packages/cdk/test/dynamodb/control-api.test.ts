/** The control API's function, as a function URL calls it. */

import { afterAll, beforeAll, beforeEach, expect, inject, test, vi } from 'vitest';
import { readEvent } from '../events/read-event.ts';
import { Bench, fails } from './bench.ts';

type Answer = { readonly statusCode: number; readonly body: string };
type Handler = (event: object, context: object) => Promise<Answer>;

const EVENT = readEvent('function-url') as {
  requestContext: { authorizer?: object; http: object };
  headers: object;
};

let bench: Bench;
beforeAll(async () => {
  bench = await Bench.start(Date.now);
  for (let i = 0; i < 3; i++) await bench.run(bench.machine(), { circuit: 'payments' }, fails);
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'local');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'local');
  const endpoint = encodeURIComponent(inject('dynamodbEndpoint'));
  vi.stubEnv('SWITCHGEAR_STORE', `dynamodb://${bench.tableName}?region=eu-central-1&endpoint=${endpoint}`);
});
beforeEach(() => vi.resetModules());
afterAll(() => {
  vi.unstubAllEnvs();
  bench.close();
});

/** A new environment of the function. */
async function start(role: 'viewer' | 'operator') {
  vi.stubEnv('ROLE', role);
  const { handler } = (await import('../../src/lambda/control-api.ts')) as unknown as { handler: Handler };
  return (method: string, rawPath: string, body?: object, requestContext: object = {}) => {
    const http = { ...EVENT.requestContext.http, method, path: rawPath };
    return handler(
      {
        ...EVENT,
        rawPath,
        requestContext: { ...EVENT.requestContext, http, ...requestContext },
        ...(body && { body: JSON.stringify(body) }),
      },
      {},
    );
  };
}

const FORCED = { mode: 'forced-closed', reason: 'the ledger is well' };

test('an operator sees and overrides, under the name that IAM has checked', async () => {
  const ask = await start('operator');
  const shown = await ask('GET', '/v1/circuits/payments');
  expect([shown.statusCode, JSON.parse(shown.body)]).toMatchObject([
    200,
    { name: 'payments', state: 'open' },
  ]);
  const forced = await ask('PUT', '/v1/circuits/payments/override', FORCED);
  expect(forced.statusCode, forced.body).toBe(200);
  expect(await bench.record('payments')).toMatchObject({
    override: { mode: 'forced-closed', by: 'OnCall/ana' },
  });
});

test('the callee itself says that it is well again', async () => {
  const ask = await start('operator');
  await ask('PUT', '/v1/circuits/payments/override', { mode: 'forced-open', reason: 'maintenance' });
  const recovered = await ask('POST', '/v1/circuits/payments/recovered', { reason: 'done' });
  expect(recovered.statusCode, recovered.body).toBe(200);
});

test('a viewer sees, and changes nothing', async () => {
  const ask = await start('viewer');
  expect((await ask('GET', '/v1/circuits')).statusCode).toBe(200);
  expect((await ask('PUT', '/v1/circuits/payments/override', FORCED)).statusCode).toBe(403);
});

test('a role that nobody knows may look', async () => {
  const ask = await start('Operator' as 'operator');
  expect((await ask('PUT', '/v1/circuits/payments/override', FORCED)).statusCode).toBe(403);
});

test.each([
  ['arn:aws:sts::1:assumed-role/OnCall/ana', 'OnCall/ana'],
  ['arn:aws:iam::1:user/teams/payments/ana', 'teams/payments/ana'],
  ['arn:aws:iam::1:root', 'root'],
  [
    'arn:aws:sts::1:assumed-role/AWSReservedSSO_AdministratorAccess_0123456789abcdef/ana.example@example.com',
    'ana.example@example.com',
  ],
])('%s signs as %s', async (userArn, by) => {
  const { callerOf } = await import('../../src/lambda/control-api.ts');
  const event = { requestContext: { authorizer: { iam: { userArn } } } };
  expect(callerOf({ event }, 'viewer')).toEqual({ role: 'viewer', by });
});

test('whom IAM does not name is nobody', async () => {
  const ask = await start('operator');
  expect((await ask('GET', '/v1/circuits', undefined, { authorizer: undefined })).statusCode).toBe(401);
});
