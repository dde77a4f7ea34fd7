import { expect, test } from 'vitest';
import { MemoryStore } from '../../src/store/memory/memory-store.ts';
import { FaultyStore } from '../../src/testing/index.ts';

test('a store that fails on command looks at itself as the wrapped one does, and not where that cannot', async () => {
  const problem = { severity: 'warning', what: 'it is slow', mend: 'wait' } as const;
  const looking = Object.assign(new MemoryStore(), { check: async () => [problem] });
  expect(await new FaultyStore(looking).check?.()).toEqual([problem]);
  expect(new FaultyStore(new MemoryStore()).check).toBeUndefined();
});
