import type { Command } from 'commander';
import { expect, test } from 'vitest';
import { programFor } from '../../src/command/program.ts';
import { printableLines } from '../../src/render/printable.ts';
import { commandWith } from './run.ts';

const { run } = commandWith({});

test('what is mistyped ends with its mend, and nothing on stdout', async () => {
  const [unknown, flag, reason, store, shell, limit] = await Promise.all([
    run('stats'),
    run('status', '--wtach'),
    run('open', 'payments', '--store', 'redis://x'),
    run('status'),
    run('completion', 'csh'),
    run('history', 'payments', '--limit', '0', '--store', 'redis://x'),
  ]);
  for (const { code, out } of [unknown, flag, reason, store, shell, limit])
    expect([code, out]).toEqual([2, '']);
  expect(unknown.err).toContain('Did you mean status?');
  expect(flag.err).toContain('Did you mean --watch?');
  expect(reason.err).toContain("required option '--reason <text>'");
  expect(store.err).toContain('set SWITCHGEAR_STORE');
  expect(shell.err).toContain('Allowed choices are bash, zsh, fish');
  expect(limit.err).toContain('allowed: a whole number from 1 to 1000');
});

test('an address with a password is refused without repeating it', async () => {
  const { code, err } = await run('status', '--store', 'dynamodb://user:hunter2@circuits');
  expect(code).toBe(2);
  expect(err).toContain('an address holds no credentials');
  expect(err).not.toContain('hunter2');
});

test('what a command says of its arguments moves no cursor', async () => {
  const { code, err } = await run(
    'open',
    'a\u001b[2J*',
    '--reason',
    'x',
    '--store',
    '\u001b]0;owned\u0007://x',
  );
  expect(code).toBe(2);
  const { err: unknown } = await run('sta\u001b[2Jtus');
  for (const each of [err, unknown]) expect(printableLines(each)).toBe(each);
});

test('a table that cannot be created: the mend, and no stack', async () => {
  const { code, err } = await run('table', 'create', '--store', 'dynamodb://circuits');
  expect(code).toBe(1);
  expect(err).toMatch(/cannot create the table circuits: .*egion/);
  expect(err).not.toContain(' at ');
});

test('simulate hands its arguments on as they are, and its exit code back', async () => {
  const [help, wrong] = await Promise.all([
    run('simulate', '--help'),
    run('simulate', '--preset', 'nonsense'),
  ]);
  expect([help.code, help.out.split('\n')[0]]).toEqual([0, 'switchgear simulate [options]']);
  expect([wrong.code, wrong.err]).toEqual([2, expect.stringContaining("--preset is 'nonsense'")]);
});

test('every command says what it does, and every flag what it means', () => {
  const all = (command: Command): Command[] => [command, ...command.commands.flatMap(all)];
  for (const command of all(programFor())) {
    expect(command.description().length).toBeGreaterThan(10);
    for (const { flags, description } of command.options)
      expect([flags, description.length > 3]).toEqual([flags, true]);
    for (const argument of command.registeredArguments)
      if (command.name() !== 'simulate')
        expect([argument.name(), argument.description.length > 3]).toEqual([argument.name(), true]);
  }
});
