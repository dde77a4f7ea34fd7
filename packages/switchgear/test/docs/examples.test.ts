/**
 * Every block of the documentation that begins with ```ts compiles against the built package; one that begins with
 * ```ts run also runs, and prints what its comments `// → …` say, in their order.
 */

import { execFile } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, expect, test } from 'vitest';
import { type Block, blocksOf, pages, ROOT } from './pages.ts';

const run = promisify(execFile);
/** Below the root, so that `switchgear` is found as a user finds it; ignored by git. */
const FOLDER = join(ROOT, '.cache/docs-examples');
const BLOCKS = pages()
  .flatMap(blocksOf)
  .filter(({ info }) => /^ts( |$)/.test(info));

const fileOf = ({ page, line }: Block) => `${page.replaceAll('/', '-')}-${line}`;

const CONFIG = {
  extends: '../../tsconfig.base.json',
  compilerOptions: { composite: false, declaration: false, sourceMap: false, rootDir: '.', outDir: 'out' },
  include: ['*.ts'],
};

beforeAll(async () => {
  await rm(FOLDER, { recursive: true, force: true });
  await mkdir(FOLDER, { recursive: true });
  await writeFile(join(FOLDER, 'tsconfig.json'), JSON.stringify(CONFIG));
  // A line of the file is the line of the page: the compiler's complaints then point at it.
  for (const block of BLOCKS)
    await writeFile(join(FOLDER, `${fileOf(block)}.ts`), '\n'.repeat(block.line) + block.code);
});

test('there are examples', () => {
  expect(BLOCKS.map(({ page }) => page)).toContain('README.md');
});

test('all examples compile against the built package', { timeout: 60_000 }, async () => {
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
  const complaints = await run(process.execPath, [tsc, '-p', FOLDER]).then(
    () => '',
    ({ stdout }) => stdout,
  );
  expect(complaints).toBe('');
});

test.each(BLOCKS.filter(({ info }) => info === 'ts run').map((block) => [fileOf(block), block] as const))(
  '%s prints what it says',
  { timeout: 30_000 },
  async (file, { code }) => {
    const { stdout } = await run(process.execPath, [join(FOLDER, 'out', `${file}.js`)]);
    const said = [...code.matchAll(/\/\/ → (.*)$/gm)].map(([, text]) => text);
    expect(stdout.trimEnd().split('\n')).toEqual(said);
  },
);
