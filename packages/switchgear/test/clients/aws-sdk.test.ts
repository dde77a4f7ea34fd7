import { Readable } from 'node:stream';
import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { GetEmailIdentityCommand, SESv2Client } from '@aws-sdk/client-sesv2';
import { describe, expect, test } from 'vitest';
import { switchgearPlugin } from '../../src/aws-sdk/index.ts';
import type { Breaker } from '../../src/breaker.ts';
import { retry } from '../../src/guard/index.ts';
import { type Client, caught, clientCases, rig } from './cases.ts';

const ACCESS = { region: 'eu-west-1', credentials: { accessKeyId: 'test', secretAccessKey: 'test' } };

function ses(url: string, breaker?: Breaker, maxAttempts = 1): SESv2Client {
  const client = new SESv2Client({ ...ACCESS, endpoint: url, maxAttempts });
  if (breaker) client.middlewareStack.use(switchgearPlugin(breaker));
  return client;
}

function client(url: string, breaker?: Breaker): Client {
  const mail = ses(url, breaker);
  return {
    send: (signal) =>
      mail
        .send(
          new GetEmailIdentityCommand({ EmailIdentity: 'a@b.example' }),
          signal && { abortSignal: signal },
        )
        .then(
          ({ $metadata }) => $metadata.httpStatusCode ?? 0,
          (error) => {
            const status = error.$metadata?.httpStatusCode;
            if (status) return status;
            throw error;
          },
        ),
    close: () => mail.destroy(),
  };
}

describe('switchgearPlugin', () => {
  clientCases(client, { aborts: false, readsBody: true });

  const r = rig();

  test('what the SDK repeats is one outcome', async () => {
    const { breaker } = r.breaker({ failureThreshold: 100 });
    const mail = ses(r.server.url, breaker, 3);
    r.server.health = 'failing';
    const error = await caught(mail.send(new GetEmailIdentityCommand({ EmailIdentity: 'a@b.example' })));
    expect(error).toMatchObject({ $metadata: { httpStatusCode: 500, attempts: 3 } });
    expect(r.server.requests.length).toBe(3);
    expect(breaker.state.evidence.failures).toBe(1);
    mail.destroy();
  });

  test('a command with a stream in its input is sent once, whatever retry the guard has', async () => {
    const { gear, clock } = r.breaker();
    const again = gear.breaker('uploads', { guards: [retry({ clock, random: () => 0, maxDelay: '100s' })] });
    const mail = ses(r.server.url, again);
    // As the commands of S3 do it.
    mail.middlewareStack.add(
      (next) => (args) => {
        const { Body } = args.input as { Body?: Readable };
        return next({
          ...args,
          request: Object.assign(args.request as object, { method: 'POST', body: Body }),
        });
      },
      { step: 'build', priority: 'low' },
    );
    r.server.health = 'unavailable';
    const input = { EmailIdentity: 'a@b.example', Body: Readable.from(['order']) };
    const error = await caught(mail.send(new GetEmailIdentityCommand(input)));
    expect(error).toMatchObject({ $metadata: { httpStatusCode: 503 } });
    expect(r.server.requests).toEqual(['order']);
    mail.destroy();
  });

  test('after the breaker’s timeout the SDK makes no further attempt', async () => {
    const { breaker, clock } = r.breaker({ timeout: '2s' });
    const mail = new SESv2Client({
      ...ACCESS,
      endpoint: r.server.url,
      maxAttempts: 3,
      requestHandler: { requestTimeout: 50, throwOnRequestTimeout: true },
    });
    mail.middlewareStack.use(switchgearPlugin(breaker));
    let inside: Promise<unknown> = Promise.resolve();
    mail.middlewareStack.add(
      (next) => (args) => {
        const ends = next(args);
        inside = caught(ends);
        return ends;
      },
      { step: 'initialize' },
    );
    r.server.health = 'silent';
    const arrival = r.server.arrival();
    const call = caught(mail.send(new GetEmailIdentityCommand({ EmailIdentity: 'a@b.example' })));
    await arrival;
    await clock.advance(2_000);
    expect(await call).toMatchObject({ code: 'CALL_TIMEOUT' });
    await inside;
    expect(r.server.requests.length).toBe(1);
    mail.destroy();
  });

  test('any client, and commands with a stack of their own, at the same time', async () => {
    const { breaker } = r.breaker();
    const table = new DynamoDBClient({ ...ACCESS, endpoint: r.server.url, maxAttempts: 1 });
    table.middlewareStack.use(switchgearPlugin(breaker));
    const get = () => table.send(new GetItemCommand({ TableName: 't', Key: { PK: { S: 'a' } } }));
    await Promise.all([get(), get(), get()]);
    r.server.health = 'unavailable';
    await Promise.all([caught(get()), caught(get())]);
    expect(await caught(get())).toMatchObject({ code: 'CIRCUIT_OPEN' });
    table.destroy();
  });
});
