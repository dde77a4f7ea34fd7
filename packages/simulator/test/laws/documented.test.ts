import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { FIGURES } from '../../src/index.ts';
import { MUTATIONS } from './mutations.ts';

test('docs/simulator.md has every deliberate bug and every figure; else: node scripts/simulator-docs.mjs', () => {
  const text = readFileSync(new URL('../../../../docs/simulator.md', import.meta.url), 'utf8');
  const firstCells = text.split('\n').map((line) => line.split(' | ')[0]);
  for (const { name } of MUTATIONS) expect(firstCells).toContain(`| ${name}`);
  for (const { title } of Object.values(FIGURES)) expect(firstCells).toContain(`| ${title}`);
});
