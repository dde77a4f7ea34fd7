import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StoreError } from 'switchgear';
import { afterAll, expect, test } from 'vitest';
import { CommandError, endOf } from '../../src/command/exit.ts';
import { parseSettings } from '../../src/command/policy.ts';
import { select } from '../../src/command/select.ts';
import { accessFrom } from '../../src/command/serve.ts';
import { settingsFrom } from '../../src/command/settings.ts';
import { isLoopback } from '../../src/serve/address.ts';

const folder = mkdtempSync(join(tmpdir(), 'switchgear-cli-'));
afterAll(() => rmSync(folder, { recursive: true }));
const file = (content: string) => {
  const path = join(folder, `${Math.abs(content.length)}-${content.replace(/\W/g, '')}.json`);
  writeFileSync(path, content);
  return path;
};
const TOKEN = 'a-token-of-sufficient-length';

test('flags before environment before file', () => {
  const config = file('{"store":"redis://file","by":"file"}');
  const env = { SWITCHGEAR_STORE: 'redis://env', SWITCHGEAR_BY: 'env' };
  expect(settingsFrom({ store: 'redis://flag', by: 'flag', config }, env)).toEqual({
    store: 'redis://flag',
    by: 'flag',
  });
  expect(settingsFrom({ config }, env)).toEqual({ store: 'redis://env', by: 'env' });
  expect(settingsFrom({ config }, { SWITCHGEAR_STORE: ' ' })).toEqual({ store: 'redis://file', by: 'file' });
  expect(settingsFrom({ store: 'redis://x' }, {}).by).toMatch(/^.+@.+$/);
});

test.each([
  [{}, {}, /no store: give --store <address>, set SWITCHGEAR_STORE, or write .* into switchgear.json/],
  [{ store: 'memory:' }, {}, /memory: lies within one process.*dynamodb:/],
  [{ config: join(folder, 'none.json') }, {}, /there is no file .*none.json/],
  [{ config: file('{') }, {}, /is no JSON/],
  [{ config: file('{"sotre":"x"}') }, {}, /sotre.*allowed: store, by/s],
  [{ config: file('{"store":1}') }, {}, /store is not a text\nallowed: store, by/],
  [{ config: file('[]') }, {}, /it is no JSON object/],
  [{ config: file('null') }, {}, /it is no JSON object/],
  [{ store: 'redis://x', by: 'x'.repeat(65) }, {}, /--by is not usable; allowed: 1 to 64/],
])('%j is refused with its mend', (flags, env, message) => {
  expect(() => settingsFrom(flags, env)).toThrow(CommandError);
  expect(() => settingsFrom(flags, env)).toThrow(message);
});

test('patterns choose among the circuits there are, names stand for themselves', () => {
  const known = ['pay', 'payments', 'payouts', 'ledger', 'a.b', 'a+b', 'multi\nline'];
  const names = (...asked: string[]) => select(asked, known).names;
  expect(names('pay*')).toEqual(['pay', 'payments', 'payouts']);
  expect(names('*ay*s')).toEqual(['payments', 'payouts']);
  expect(names('pay*', 'payments', 'ledger')).toEqual(['ledger', 'pay', 'payments', 'payouts']);
  expect(names('*')).toEqual([...known].sort());
  expect(names('*pay*')).toEqual(['pay', 'payments', 'payouts']);
  expect(() => names('pay*pay')).toThrow('no circuit matches');
  expect(() => names('*ay*y')).toThrow('no circuit matches');
  expect(names('a.*')).toEqual(['a.b']);
  expect(names('a+*')).toEqual(['a+b']);
  expect(select(['paymnets'], known)).toEqual({ names: ['paymnets'], unknown: ['paymnets'] });
  expect(() => select(['x*'], known)).toThrow(/no circuit matches x\*; switchgear status lists the 7/);
});

test('a pattern of many stars is decided at once', () => {
  const startMs = performance.now();
  expect(() => select([`${'*a'.repeat(20)}*b`], ['a'.repeat(255)])).toThrow('no circuit matches');
  expect(performance.now() - startMs).toBeLessThan(1_000);
});

test('settings of a policy are taken apart, not judged', () => {
  expect(parseSettings(['failureThreshold=5', 'resetTimeout=30s', 'slowCallDuration=off', 'x=a=b'])).toEqual({
    failureThreshold: 5,
    resetTimeout: '30s',
    slowCallDuration: 'off',
    x: 'a=b',
  });
  for (const wrong of ['failureThreshold', '=5', 'failureThreshold='])
    expect(() => parseSettings([wrong])).toThrow(/is no setting; allowed: name=value/);
});

test('anything but loopback needs a token', () => {
  for (const host of ['127.0.0.1', '127.9.9.9', 'localhost', '::1']) {
    expect(isLoopback(host)).toBe(true);
    const own = host === '127.9.9.9' ? [host] : [];
    expect(accessFrom({ host }, {})).toEqual({ hosts: ['localhost', '127.0.0.1', '[::1]', ...own] });
  }
  for (const host of [
    '0.0.0.0',
    '::',
    '10.0.0.1',
    '127.0.0.1.evil.example',
    '128.0.0.1',
    '',
    'localhost.evil.example',
  ]) {
    expect(isLoopback(host)).toBe(false);
    expect(() => accessFrom({ host }, {})).toThrow(/set SWITCHGEAR_TOKEN/);
    expect(() => accessFrom({ host }, { SWITCHGEAR_TOKEN: '' })).toThrow(/set SWITCHGEAR_TOKEN/);
    expect(accessFrom({ host }, { SWITCHGEAR_VIEWER_TOKEN: TOKEN }).auth).toBeTypeOf('function');
  }
});

test('tokens that are no use are refused when the server starts', () => {
  const host = '127.0.0.1';
  expect(() => accessFrom({ host }, { SWITCHGEAR_TOKEN: 'short' })).toThrow(/too short; allowed: 16/);
  expect(() => accessFrom({ host }, { SWITCHGEAR_TOKEN: TOKEN, SWITCHGEAR_VIEWER_TOKEN: TOKEN })).toThrow(
    /the same/,
  );
  expect(() => accessFrom({ host }, { SWITCHGEAR_TOKEN: TOKEN, SWITCHGEAR_REPORTER_TOKEN: TOKEN })).toThrow(
    /the same/,
  );
});

test('an address elsewhere is asked for under any name, unless names are given', () => {
  const env = { SWITCHGEAR_TOKEN: TOKEN };
  expect(accessFrom({ host: '0.0.0.0' }, env).hosts).toBe('any');
  expect(accessFrom({ host: '0.0.0.0', allowHost: ['switchboard.internal'] }, env).hosts).toContain(
    'switchboard.internal',
  );
});

test('errors end in their exit code, and what nobody foresaw keeps its stack', () => {
  expect(endOf(new CommandError(3, 'no'))).toMatchObject({ exitCode: 3, message: 'no' });
  expect(endOf(new StoreError('gone', 'refused'))).toMatchObject({
    exitCode: 1,
    message: expect.stringContaining('doctor'),
  });
  expect(endOf(new TypeError('bug')).message).toContain('parsing.test.ts');
});
