/** Completion in the real shells, behind a terminal: keys go in, and the words that the shell makes of a line come out. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createStore } from 'switchgear/config';
import { afterAll, beforeAll, type TestContext, test, vi } from 'vitest';
import { startRedis } from '../../../../scripts/services.mjs';
import { commandWith, Running } from '../command/run.ts';

const BIN = fileURLToPath(new URL('../../bin/switchgear.js', import.meta.url));
/** A shell without the settings of whoever runs the test, and the line by which it takes its completion script. */
const SHELLS = {
  bash: ['bash --norc --noprofile', 'eval "$(switchgear completion bash)"'],
  zsh: ['zsh --no-rcs', 'autoload -U compinit; compinit -D -u; eval "$(switchgear completion zsh)"'],
  fish: ['fish --no-config', 'switchgear completion fish | source'],
} as const;

let redis: Awaited<ReturnType<typeof startRedis>>;
let address: string;
let folder: string;

beforeAll(async () => {
  redis = await startRedis();
  address = `redis://127.0.0.1:${redis.port}`;
  folder = await mkdtemp(join(tmpdir(), 'switchgear-shell-'));
  // The real command where it is asked for completion; any other line only shows its words.
  const command = `#!/bin/sh
case "$1" in comp*) exec '${process.execPath}' '${BIN}' "$@" ;; esac
printf 'ran:'; printf '[%s]' "$@"; echo
`;
  await writeFile(join(folder, 'switchgear'), command, { mode: 0o755 });
  const store = await createStore(address);
  await store.clear(['payments', 'orders:eu', 'x$(touch owned)'], { by: 'test', reason: 'there' });
  await store.close?.();
});
afterAll(async () => {
  await redis.stop();
  await rm(folder, { recursive: true });
});

/** A shell that has its completion, behind a terminal. */
async function terminal(shell: keyof typeof SHELLS, { onTestFinished }: TestContext) {
  const [program, setUp] = SHELLS[shell];
  const running = new Running(
    spawn('script', ['--quiet', '--return', '--flush', '--command', program, '/dev/null'], {
      cwd: folder,
      env: {
        PATH: `${folder}:${process.env.PATH}`,
        HOME: folder,
        TERM: 'dumb',
        PS1: '$ ',
        SHELL: '/bin/sh',
        SWITCHGEAR_STORE: address,
      },
    }),
  );
  onTestFinished(() => void running.child.kill('SIGKILL'));
  const type = (keys: string) => running.child.stdin?.write(keys);
  type(`${setUp}; echo rea""dy\n`);
  await running.says(/ready/);
  /** Types a line, a Tab within it, and Enter. Returns its words. */
  return async (begun: string, rest = '') => {
    type(`${begun}\t${rest}\n`);
    const ran = await running.says(/ran:.*?\](?=\r?\n)/);
    running.forget();
    return ran;
  };
}

for (const shell of ['bash', 'zsh', 'fish'] as const)
  test.concurrent(`${shell}: verbs, flags, settings and names of circuits`, async (context) => {
    const { expect } = context;
    const words = await terminal(shell, context);
    // Names that are late are left out, so that on a busy machine a Tab may have to be pressed again.
    const becomes = (begun: string, all: string, rest = '') =>
      vi.waitFor(async () => expect(await words(begun, rest)).toBe(`ran:${all}`), 30_000);
    await becomes('switchgear hist', '[history][mail]', 'mail');
    await becomes('switchgear open pay', '[open][payments]');
    await becomes('switchgear reset orders:e', '[reset][orders:eu][--yes]', '--yes');
    await becomes('switchgear close mail --rea', '[close][mail][--reason][drill]', 'drill');
    await becomes('switchgear policy set mail resetT', '[policy][set][mail][resetTimeout=1m]', '1m');
    // A name is a word and nothing else, whatever it looks like.
    await becomes('switchgear disable x', '[disable][x$(touch owned)]');
    await expect(access(join(folder, 'owned'))).rejects.toMatchObject({ code: 'ENOENT' });
    // What only files can be is left to the shell.
    await becomes('switchgear status --config ./swi', '[status][--config][./switchgear]');
  });

test.concurrent('a store that is not there, or hangs, is passed over in silence', async ({ expect }) => {
  const { run } = commandWith({});
  expect(await run('complete', '--', 'open', 'p')).toEqual({ code: 0, out: '', err: '' });
  const gone = commandWith({ SWITCHGEAR_STORE: 'redis://127.0.0.1:1' });
  expect(await gone.run('complete', '--', 'open', 'p')).toEqual({ code: 0, out: '', err: '' });
  const silent = createServer(() => {}).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const { port } = silent.address() as AddressInfo;
  const hanging = commandWith({ SWITCHGEAR_STORE: `redis://127.0.0.1:${port}` });
  expect(await hanging.run('complete', '--', 'open', 'p')).toEqual({ code: 0, out: '', err: '' });
  silent.close();
});
