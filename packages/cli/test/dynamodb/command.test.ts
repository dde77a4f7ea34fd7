import type { OperatorStore } from 'switchgear';
import { afterAll, beforeAll, expect, inject, test, vi } from 'vitest';
import { fleet, follows, looks } from '../command/operations.ts';
import { commandWith } from '../command/run.ts';

const CREDENTIALS = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' };
const address = `dynamodb://cli-test?region=eu-west-1&endpoint=${encodeURIComponent(inject('dynamodbEndpoint'))}`;
const command = commandWith({ ...CREDENTIALS, SWITCHGEAR_STORE: address });
let store: OperatorStore;
let close: () => Promise<void>;

beforeAll(async () => {
  for (const [name, value] of Object.entries(CREDENTIALS)) vi.stubEnv(name, value);
  const missing = await command.run('doctor');
  expect(missing).toMatchObject({ code: 1, out: expect.stringContaining('mend:') });
  const created = await command.run('table', 'create');
  expect(created).toMatchObject({ code: 0, err: expect.stringContaining('cli-test is there') });
  ({ store, close } = await fleet(address));
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await close();
});

test('a table that it made passes its own doctor, and is shown', async () => {
  const doctor = await command.run('doctor', '--json');
  expect([
    doctor.code,
    JSON.parse(doctor.out).problems.filter((each: { severity: string }) => each.severity === 'error'),
  ]).toEqual([0, []]);
  await looks(command);
});

test('a tail misses nothing between two readings', () => follows(command, store));

test('an override is forced until a time and released', async () => {
  const because = ['--reason', 'drill', '--json'];
  const forced = JSON.parse((await command.run('open', 'mailbox', '--for', '15m', ...because)).out);
  const [{ state, override }] = forced.circuits;
  expect([state, override.untilMs - override.atMs]).toEqual(['forced-open', 900_000]);
  expect(JSON.parse((await command.run('release', 'mailbox', ...because)).out).circuits).toMatchObject([
    { state: 'half-open', retryAfterMs: 0, ended: { mode: 'forced-open' } },
  ]);
});
