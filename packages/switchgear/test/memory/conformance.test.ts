import { describe, test } from 'vitest';
import { MemoryStore } from '../../src/store/memory/memory-store.ts';
import { conformance, FakeClock } from '../../src/testing/index.ts';

function rig() {
  const clock = new FakeClock();
  return {
    store: new MemoryStore({ clock }),
    advance: (ms: number) => clock.advance(ms),
    close: () => {},
  };
}

describe('the memory store keeps the contract', () => {
  for (const { name, law, run } of conformance(rig, { pushes: true })) test(`${name} (${law})`, run);
});
