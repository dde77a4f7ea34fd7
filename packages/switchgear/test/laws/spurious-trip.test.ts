/** A burst that meets no policy when it comes must not meet one later. */

import { expect, test } from 'vitest';
import { fleet } from './fleet.ts';

test('L2 a harmless burst does not trip the circuit once the successes around it have aged out', async () => {
  const f = fleet(1, { breaker: { maxConcurrent: false } });
  const p = f.process(0);
  for (let second = 0; second < 150; second++) {
    for (let i = 0; i < 20; i++) await f.call(p);
    if (second === 30) await f.fail(p, 20);
    await f.advance(1_000);
    expect((await f.record()).state, `second ${second}`).toBe('closed');
  }
});
