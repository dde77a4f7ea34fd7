import { expect, test } from 'vitest';
import { programFor } from '../../src/command/program.ts';
import { complete } from '../../src/completion/complete.ts';

const CIRCUITS = ['mail', 'orders:eu', 'payments', 'pay\tments', 'pay\u001b[2J', '$(id)'];

/** What is offered at the end of `line`, and the flags by which names were asked for. */
async function offered(line: string) {
  const asked: unknown[] = [];
  const candidates = await complete(programFor(), line.split(' '), async (flags) => {
    asked.push(flags);
    return CIRCUITS;
  });
  return { words: candidates.map(({ word }) => word), asked };
}

test('verbs, verbs of verbs and flags, without a store', async () => {
  for (const [line, words] of [
    ['st', ['status']],
    ['comp', ['completion']],
    ['policy ', ['get', 'set', 'unset']],
    ['policy set payments --re', ['--reason']],
    ['open payments --f', ['--for']],
    ['release payments --f', []],
    ['table template ', ['cloudformation', 'terraform', 'iam']],
    ['table template iam --role ', ['use', 'read', 'operate']],
    ['completion z', ['zsh']],
    ['doctor ', ['--store', '--config', '--json', '--help']],
  ] as const)
    expect(await offered(line)).toEqual({ words, asked: [] });
});

test('names of circuits where circuits may stand, of the store that the line names', async () => {
  expect(await offered('status p')).toEqual({ words: ['payments'], asked: [{}] });
  expect(await offered('open mail payments --store redis://x ')).toEqual({
    words: ['orders:eu', '$(id)'],
    asked: [{ store: 'redis://x' }],
  });
  expect((await offered('open --reason down --config=a.json pay')).asked).toEqual([
    { reason: 'down', config: 'a.json' },
  ]);
  expect((await offered('history mail ')).asked).toEqual([]);
});

test('what only its writer knows, and files, are left to him and the shell', async () => {
  for (const line of ['open mail --reason ', 'status --config ', 'status --store redis'])
    expect(await offered(line)).toEqual({ words: [], asked: [] });
});

test('settings, ready for their values', async () => {
  expect((await offered('policy set mail resetT')).words).toEqual(['resetTimeout=']);
  expect((await offered('policy set mail resetTimeout=1m jit')).words).toEqual(['jitter=']);
  expect((await offered('policy unset mail resetT')).words).toEqual(['resetTimeout']);
});
