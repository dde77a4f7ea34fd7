import type { OperatorStore, Switchgear } from 'switchgear';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startRedis } from '../../../../scripts/services.mjs';
import { acts, fleet, follows, looks, policies } from '../command/operations.ts';
import { commandWith } from '../command/run.ts';

const TOKEN = 'operator-token-of-32-characters!';
let redis: Awaited<ReturnType<typeof startRedis>>;
let command: ReturnType<typeof commandWith>;
let gear: Switchgear;
let store: OperatorStore;
let close: () => Promise<void>;

beforeAll(async () => {
  redis = await startRedis();
  const address = `redis://127.0.0.1:${redis.port}?prefix=cli`;
  command = commandWith({ SWITCHGEAR_STORE: address });
  ({ gear, store, close } = await fleet(address));
});
afterAll(async () => {
  await close();
  await redis.stop();
});

test('circuits are shown', () => looks(command));

test('overrides are set, asked for and obeyed', () => acts(command, gear));

test('policies are set, merged and removed', () => policies(command));

test('a tail hears what the store pushes, once', () => follows(command, store));

test('in a terminal it is coloured, and asks before it touches more than one', async () => {
  const because = ['--reason', 'drill'];
  const [no, looked] = await Promise.all([
    command.inTerminal('n', ['open', 'mail*', ...because]),
    command.inTerminal('', ['status', 'payments']),
  ]);
  expect(no.code).toBe(3);
  expect(no.out).toMatch(
    /open 2 circuits: all calls will be rejected\.\s+mail {2}disabled: third \(ann\)\s+mailbox {2}closed\s.*Go on\? \[y\/N\].*nothing was done/s,
  );
  expect(looked.out).toContain('\u001b[1mCIRCUIT\u001b[22m');
  const yes = await command.inTerminal('y', ['open', 'mail*', ...because]);
  expect([yes.code, yes.out.match(/forced-open/g)?.length]).toEqual([0, 2]);
});

test('a yes is for what was shown: an operator who came in between is not overruled', async () => {
  await store.clear(['mail', 'mailbox'], { by: 'ann', reason: 'as new' });
  const between = () => store.override('mail', { mode: 'forced-open', by: 'ben', reason: 'leave it' });
  const late = await command.inTerminal('y', ['close', 'mail*', '--reason', 'drill'], between);
  expect(late.code).toBe(3);
  expect(late.out).toMatch(/another than you saw, by ben: leave it\s+look again, then repeat the command/);
  const { circuits } = JSON.parse((await command.run('status', 'mail*', '--json')).out);
  expect(circuits.map(({ state }: { state: string }) => state)).toEqual(['forced-open', 'forced-closed']);
  const { acts } = JSON.parse((await command.run('history', 'mail', '--json')).out);
  expect(acts[0]).toMatchObject({ kind: 'override', by: 'ben', reason: 'leave it' });
});

test('a watch ends with Ctrl-C, and with the reader of its output', async () => {
  const watch = command.start('status', '--watch', '--json');
  await watch.says(/"circuits".*\n/);
  expect(await watch.interrupt()).toMatchObject({ code: 0, err: '' });

  const cut = command.start('status', '--watch');
  await cut.says(/CIRCUIT/);
  cut.child.stdout?.destroy();
  expect((await cut.ended).code).toBe(0);
});

test('a watch outlives a store that goes', async () => {
  const own = await startRedis();
  const watch = command.start('status', '--watch', '--json', '--store', `redis://127.0.0.1:${own.port}`);
  await watch.says(/"circuits"/);
  await own.stop();
  await watch.says(/going on/);
  expect((await watch.interrupt()).code).toBe(0);
});

test('serve: an override through HTTP reaches a process, with a line in the audit log', async () => {
  const server = command.start('serve', '--port', '0', '--by', 'rota');
  const url = (await server.says(/http:\/\/127\.0\.0\.1:\d+/)) as string;
  const forced = await fetch(`${url}/v1/circuits/payments/override`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ mode: 'forced-open', reason: 'drill' }),
  });
  expect(await forced.json()).toMatchObject({ state: 'forced-open', override: { by: 'rota' } });
  await gear.warm(['payments']);
  await expect(gear.breaker('payments').execute(async () => 'called')).rejects.toMatchObject({
    state: 'forced-open',
  });
  const events = await fetch(`${url}/v1/events`);
  const { code, err } = await server.interrupt();
  expect(code).toBe(0);
  expect(JSON.parse(err.split('\n').find((line) => line.includes('"audit"')) ?? '')).toMatchObject({
    switchgear: 'audit',
    act: 'override',
    circuit: 'payments',
    by: 'rota',
    reason: 'drill',
    outcome: 'done',
  });
  await events.text();
});

test('serve: a token is asked for, and stands in no output', async () => {
  const guarded = commandWith({
    SWITCHGEAR_STORE: `redis://127.0.0.1:${redis.port}?prefix=cli`,
    SWITCHGEAR_TOKEN: TOKEN,
  });
  const server = guarded.start('serve', '--port', '0', '--host', '0.0.0.0');
  const url = (await server.says(/http:\/\/0\.0\.0\.0:\d+/)).replace('0.0.0.0', '127.0.0.1');
  expect((await fetch(`${url}/v1/circuits`)).status).toBe(401);
  expect((await fetch(`${url}/v1/circuits`, { headers: { authorization: `Bearer ${TOKEN}` } })).status).toBe(
    200,
  );
  const { out, err } = await server.interrupt();
  expect(out + err).not.toContain(TOKEN);
});

test('serve: a port that is taken, and an open address without token, end it with their mend', async () => {
  const [taken, open] = await Promise.all([
    command.run('serve', '--port', String(redis.port)),
    command.run('serve', '--host', '0.0.0.0', '--port', '0'),
  ]);
  expect(taken).toMatchObject({ code: 1, err: expect.stringContaining('is taken; give another --port') });
  expect(open).toMatchObject({ code: 2, err: expect.stringContaining('set SWITCHGEAR_TOKEN') });
});
