/** What the documentation says about the code, held against the code. */

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { BREAKER_OPTIONS, GEAR_OPTIONS, optionsFromEnv } from '../../src/config/index.ts';
import { blocksOf, pages, ROOT, read } from './pages.ts';

test('generated parts are fresh', { timeout: 60_000 }, async () => {
  const check = promisify(execFile)(process.execPath, [join(ROOT, 'scripts/docs.mjs'), '--check']);
  await expect(check).resolves.toMatchObject({ stderr: '' });
});

test.each(pages().map((page) => [page.path, page] as const))(
  '%s: relative links lead somewhere',
  (path, { text }) => {
    const targets = [...text.matchAll(/\]\(([^)#]*)(?:#[^)]*)?\)/g)].map(([, target = '']) => target);
    const dead = targets.filter(
      (target) => target && !/^https?:/.test(target) && !existsSync(join(ROOT, dirname(path), target)),
    );
    expect(dead).toEqual([]);
  },
);

test('the variables of the options page are variables', () => {
  const rows = read('docs/options.md').matchAll(/^\| `(\w+)` \|.*\| `([A-Z_]+)` \|/gm);
  const variables = new Map([...rows].map(([, key = '', variable = '']) => [key, variable]));
  const settable = Object.entries({ ...BREAKER_OPTIONS, ...GEAR_OPTIONS }).filter(
    ([, { kind }]) => kind !== 'function',
  );
  expect([...variables.keys()]).toEqual(settable.map(([key]) => key));
  const valid: Record<string, string> = {
    choice: 'shadow',
    names: 'quorum',
    boolean: 'true',
    text: 'order-1',
  };
  for (const [key, { kind }] of settable) {
    const variable = `SWITCHGEAR_${variables.get(key)}`;
    const value = valid[kind] ?? (kind === 'duration' ? '5s' : '1');
    const { options } = optionsFromEnv({ [variable]: value });
    expect({ ...options.defaults, ...options }).toHaveProperty(key);
  }
});

test('the permissions of the README are the commands that the store sends', () => {
  const [using, creating] = pages()
    .filter(({ path }) => path === 'README.md')
    .flatMap(blocksOf)
    .filter(({ info }) => info === 'json')
    .map(({ code }) => JSON.parse(code).Statement[0].Action as string[]);
  expect(using?.sort()).toEqual(actionsOf('sdk-transport.ts'));
  // The waiter for the new table asks with DescribeTable.
  expect(creating?.sort()).toEqual([...actionsOf('create-table.ts'), 'dynamodb:DescribeTable'].sort());
});

function actionsOf(file: string): string[] {
  const source = read(`packages/switchgear/src/store/dynamodb/${file}`);
  const names = [...source.matchAll(/\b([A-Z]\w+)Command\b/g)].map(([, name]) => `dynamodb:${name}`);
  return [...new Set(names)].sort();
}

test('each law has a page of its own words, and a file of tests that name it', () => {
  const sections = read('docs/guarantees.md').split(/^## /m).slice(1);
  expect(sections.map((section) => /^L\d+/.exec(section)?.[0])).toEqual(
    Array.from({ length: 14 }, (_, i) => `L${i + 1}`),
  );
  for (const section of sections) {
    const law = /^L\d+/.exec(section)?.[0];
    const file = /\]\(\.\.\/(packages\/switchgear\/test\/laws\/[\w-]+\.test\.ts)\)/.exec(section)?.[1];
    expect(read(file ?? `no test for ${law}`)).toMatch(new RegExp(`test\\([\`']${law}\\b`));
    expect(section).toMatch('- **Not**: ');
  }
});

test('every peers’ bug that the guarantees name has a test that names it', () => {
  const named = [...read('docs/guarantees.md').matchAll(/\(([A-Z]\d(?:, [A-Z]\d)*)\)/g)].flatMap(
    ([, all = '']) => all.split(', '),
  );
  expect(named).toContain('C1');
  const laws = [...read('docs/guarantees.md').matchAll(/test\/laws\/[\w-]+\.test\.ts(?=\))/g)].map(([path]) =>
    read(`packages/switchgear/${path}`),
  );
  const cases = ['evidence', 'leases', 'transitions', 'heads', 'operators'].map((name) =>
    read(`packages/switchgear/src/testing/conformance/${name}.ts`),
  );
  const tests = [...laws, ...cases].join('\n');
  const names = [...tests.matchAll(/peers ((?:[A-Z]\d[, ]*)+)/g)].flatMap(([, all = '']) =>
    all.split(/[, ]+/),
  );
  expect(named.filter((bug) => !names.includes(bug))).toEqual([]);
});
