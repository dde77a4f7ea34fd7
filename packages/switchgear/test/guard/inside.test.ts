/** A gear's guard inside all breakers takes nothing from the guards that are composed inside one. */

import { describe, expect, it } from 'vitest';
import { compose, deadline, type Guard, type GuardedCall } from '../../src/guard/index.ts';
import { invocationDeadline } from '../../src/lambda/index.ts';
import { MemoryStore } from '../../src/store/memory/memory-store.ts';
import { Switchgear } from '../../src/switchgear.ts';
import { FakeClock } from '../../src/testing/index.ts';

describe.each([
  ['nothing', undefined],
  ['the invocation’s deadline, outside of any', invocationDeadline()],
  ['a deadline that is later', deadline(() => 60_000, { clock: new FakeClock() })],
])('inside: %s', (_, inside) => {
  it('a guard behind the breaker knows its deadline, the caller’s key and who is told of fallbacks', async () => {
    const clock = new FakeClock();
    const gear = new Switchgear({
      store: new MemoryStore({ clock }),
      clock,
      random: () => 0,
      ...(inside && { inside }),
    });
    let seen: GuardedCall = {};
    const inner: Guard = {
      async execute(fn, given) {
        seen = { key: given?.key, deadlineMs: given?.deadlineMs, onFallback: given?.onFallback };
        return fn({ signal: new AbortController().signal });
      },
    };
    const given = { key: 'k', onFallback: () => {} };
    await compose(gear.breaker('a', { timeout: '2s' }), inner).execute(() => 1, given);
    expect(seen).toEqual({ ...given, deadlineMs: clock.now() + 2_000 });
  });
});
