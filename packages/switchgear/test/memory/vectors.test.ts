import { test } from 'vitest';
import { MemoryStore } from '../../src/store/memory/memory-store.ts';
import { FakeClock } from '../../src/testing/index.ts';
import { run, VECTORS } from '../protocol-vectors.ts';

test.each(VECTORS)('memory: %s', (_, vector) => run(vector, new MemoryStore({ clock: new FakeClock() })));
