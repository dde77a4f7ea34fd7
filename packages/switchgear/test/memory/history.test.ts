import { expect, test } from 'vitest';
import { MemoryStore } from '../../src/store/memory/memory-store.ts';

test('of operators’ acts the last thousand are kept', async () => {
  const store = new MemoryStore();
  for (let i = 0; i < 1_003; i++) await store.policy('payments', { quorum: i }, { by: 'ana', reason: 'x' });
  const acts = await store.acts('payments', 5_000);
  expect([acts.length, acts[0]?.version, acts.at(-1)?.version]).toEqual([1_000, 1_003, 4]);
});

test('the history keeps the last thousand transitions', async () => {
  const store = new MemoryStore();
  for (let i = 0; i < 1_003; i++) await store.clear(['payments'], { by: 'ana', reason: String(i) });
  const entries = await store.history('payments', 5_000);
  expect([entries.length, entries[0]?.note, entries.at(-1)?.note]).toEqual([1_000, '1002', '3']);
});
