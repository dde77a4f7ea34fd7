import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { programFor } from '../src/command/program.ts';
import { completionScript, SHELLS } from '../src/completion/script.ts';

const run = promisify(execFile);

/** What a real bash offers behind `line`. */
async function offered(line: string): Promise<string[]> {
  const words = line.split(' ');
  const script = `${completionScript('bash', programFor())}
COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}; _switchgear; printf '%s\\n' "\${COMPREPLY[@]}"`;
  return (await run('bash', ['-c', script])).stdout.trim().split('\n');
}

test('bash completes commands, commands of commands and flags', async () => {
  expect(await offered('switchgear st')).toEqual(['status']);
  expect(await offered('switchgear policy ')).toEqual(['get', 'set', 'unset', '--help']);
  expect(await offered('switchgear policy set payments --re')).toEqual(['--reason']);
  expect(await offered('switchgear open payments --f')).toEqual(['--for']);
  expect(await offered('switchgear release payments --f')).toEqual(['']);
});

test('every shell knows every command', () => {
  const commands = programFor().commands.map((command) => command.name());
  expect(commands).toContain('status');
  for (const shell of SHELLS)
    for (const name of commands) expect(completionScript(shell, programFor())).toContain(name);
});
